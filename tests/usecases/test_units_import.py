"""The production list: good rows in, bad rows reported, nothing twice, nothing in clear."""

import asyncio
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.domain.units import CertificateCredential, KeyCredential, Unit
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.sealing import AesGcmSealer
from gateway.storage.database import Database
from gateway.storage.engine import engine_for
from gateway.storage.tables import metadata
from gateway.storage.tables.registry import units
from gateway.usecases.listed_rows import ListFormat, RefusedRow
from gateway.usecases.production_list import Row, read_production_list
from gateway.usecases.services import IndexedField
from gateway.usecases.types import load_catalogue
from gateway.usecases.unit_rows import UnitIntake, unit_key_place
from gateway.usecases.units import MAX_REFUSALS_KEPT, ImportReport, import_units
from tests.usecases.production import HEATER, KEYS, NOW, code, fingerprint, key, row


@pytest.fixture
def database() -> Iterator[Database]:
    engine = engine_for("sqlite://", threads=1)
    metadata.create_all(engine)
    database = Database(engine, gateway_id="g-" + "0" * 26)
    yield database
    database.close()


@pytest.fixture(scope="module")
def intake() -> UnitIntake:
    return UnitIntake(HmacBlindIndexes(KEYS), AesGcmSealer(KEYS.wrapping_key), RandomIdentifiers(), load_catalogue())


class Importer:
    def __init__(self, database: Database, intake: UnitIntake) -> None:
        self.database = database
        self.intake = intake

    async def __call__(self, *rows: Row | RefusedRow) -> ImportReport:
        return await import_units(self.database, self.intake, rows, NOW)

    async def stored(self) -> list[Unit]:
        return await self.database.read(lambda tx: tx.units.page(None, 1000))


@pytest.fixture
def imported(database: Database, intake: UnitIntake) -> Importer:
    return Importer(database, intake)


def refusal(report: ImportReport) -> tuple[str, str]:
    assert report.refused == 1
    (refused,) = report.refusals
    return refused.field, refused.reason


async def test_a_good_row_becomes_a_unit(imported: Importer) -> None:
    assert await imported(row()) == ImportReport(rows=1, taken=1)
    (unit,) = await imported.stored()
    assert unit.type_id == HEATER
    assert (unit.mac_tail, unit.machine_code_tail) == ("01", "83")
    assert unit.credential == CertificateCredential(bytes.fromhex(fingerprint(1)[7:]))
    assert unit.mac_index == imported.intake.indexes.index(IndexedField.MAC, "a4:c1:38:00:00:01")
    assert unit.setup_code_digest == imported.intake.indexes.index(IndexedField.SETUP_CODE, code(1))
    assert unit.created_at == NOW
    assert unit.blocked is None


async def test_a_unit_key_is_sealed_for_its_unit_only(imported: Importer) -> None:
    await imported(replace(row(1), credential=key(1)), replace(row(2), credential=key(2)))
    one, two = await imported.stored()
    assert isinstance(one.credential, KeyCredential)
    opened = imported.intake.sealer.open(one.credential.key_sealed, place=unit_key_place(one.unit_id))
    assert f"key:{opened.hex()}" in (key(1), key(2))
    with pytest.raises(ValueError, match="does not open"):
        imported.intake.sealer.open(one.credential.key_sealed, place=unit_key_place(two.unit_id))


async def test_nothing_of_a_row_is_stored_in_clear(imported: Importer, database: Database) -> None:
    await imported(replace(row(), credential=key(1)))
    with database.engine.connect() as connection:
        stored = repr(connection.execute(select(units)).all()).lower()
    for secret in ("a4:c1:38", "a4c138", "sq24-0001", code(1).lower(), key(1)[4:], repr(bytes.fromhex(key(1)[4:]))):
        assert secret not in stored


async def test_a_repeated_import_changes_nothing(imported: Importer) -> None:
    rows = [row(1), replace(row(2), credential=key(2)), replace(row(3), setup_code=None)]
    await imported(*rows)
    before = await imported.stored()
    assert await imported(*rows) == ImportReport(rows=3, unchanged=3)
    assert await imported.stored() == before


async def test_the_same_unit_written_in_another_way_is_the_same_unit(imported: Importer) -> None:
    await imported(row())
    other = replace(row(), mac="A4-C1-38-00-00-01", machine_code=" sq24-0001-1183", setup_code=code(1).lower())
    assert (await imported(other)).unchanged == 1


async def test_the_same_row_twice_in_one_list_is_one_unit(imported: Importer) -> None:
    assert await imported(row(), replace(row(), line=2)) == ImportReport(rows=2, taken=1, unchanged=1)


async def test_a_bad_row_does_not_keep_the_good_ones_out(imported: Importer) -> None:
    report = await imported(row(1), replace(row(2), mac="zz"), RefusedRow(3, "", "is not UTF-8"), row(4))
    assert (report.rows, report.taken, report.refused) == (4, 2, 2)
    assert [refused.line for refused in report.refusals] == [2, 3]
    assert len(await imported.stored()) == 2


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"type_id": "kettle.x9"}, "type_id"),
        ({"mac": "a4:c1:38:00:00"}, "mac"),
        ({"mac": "ff:ff:ff:ff:ff:ff"}, "mac"),
        ({"mac": "00:00:00:00:00:00"}, "mac"),
        ({"machine_code": "x"}, "machine_code"),
        ({"machine_code": "SQ24 0007"}, "machine_code"),
        ({"credential": "sha256:12"}, "credential"),
        ({"credential": "md5:" + "a1" * 16}, "credential"),
        ({"credential": "key:zz"}, "credential"),
        ({"credential": "key:" + "5a1c" * 3}, "credential"),
        ({"credential": "key:123"}, "credential"),
        ({"credential": "key:" + "00" * 16}, "credential"),
        ({"credential": "key:" + "a4c138000001" * 3}, "credential"),
        ({"credential": "key:" + hashlib.sha256(b"SQ24-0001-1183").hexdigest()}, "credential"),
        ({"setup_code": "1234"}, "setup_code"),
        ({"setup_code": "12345678"}, "setup_code"),
        ({"setup_code": "38000001"}, "setup_code"),
        ({"setup_code": "SQ2400011183"}, "setup_code"),
        ({"claim_id": "d-" + "0" * 26}, "claim_id"),
        ({"claim_id": "c-1"}, "claim_id"),
        ({"claim_id": "c-1", "credential": key(1)}, "claim_id"),
    ],
)
async def test_an_unfit_value_refuses_the_row_and_is_not_repeated(
    imported: Importer, change: dict[str, str], column: str
) -> None:
    field, reason = refusal(await imported(replace(row(), **change)))  # type: ignore[arg-type]  # all are texts
    assert field == column
    assert not any(value and value in reason for value in change.values())
    assert await imported.stored() == []


async def test_a_credential_that_the_type_does_not_accept_refuses_the_row(
    database: Database, intake: UnitIntake, tmp_path: Path
) -> None:
    document = json.loads(json.dumps(intake.types.get(HEATER).document))  # type: ignore[union-attr]  # it is shipped
    document["credentials"] = ["batch_proof"]
    (tmp_path / f"{HEATER}.json").write_text(json.dumps(document), encoding="utf-8")
    strict = replace(intake, types=load_catalogue(tmp_path))
    report = await import_units(database, strict, [row()], NOW)
    assert refusal(report) == ("credential", "this type does not accept this kind (unit_certificate)")


@pytest.mark.parametrize("in_one_list", [True, False])
@pytest.mark.parametrize(
    ("change", "column", "says"),
    [
        ({"mac": row(1).mac}, "mac", "is that of"),
        ({"machine_code": row(1).machine_code}, "machine_code", "is that of"),
        ({"credential": fingerprint(1)}, "credential", "is that of"),
        ({"setup_code": code(1)}, "setup_code", "is that of"),
        ({"setup_code": code(1), "mac": row(1).mac, "machine_code": row(1).machine_code}, "credential", "differs from"),
        (
            {"credential": fingerprint(1), "mac": row(1).mac, "machine_code": row(1).machine_code},
            "setup_code",
            "differs from",
        ),
    ],
)
async def test_a_row_that_shares_something_with_another_unit_is_in_conflict(
    imported: Importer, *, in_one_list: bool, change: dict[str, str], column: str, says: str
) -> None:
    second = replace(row(2), **change)  # type: ignore[arg-type]  # all are texts
    if in_one_list:
        report = await imported(row(1), second)
        where = "line 1"
    else:
        await imported(row(1))
        report = await imported(second)
        where = "known already"
    field, reason = refusal(report)
    assert field == column
    assert says in reason
    assert where in reason
    assert len(await imported.stored()) == 1


async def test_a_known_unit_cannot_be_given_another_type(imported: Importer) -> None:
    await imported(row())
    assert refusal(await imported(replace(row(), type_id="heater.water.w1")))[0] == "type_id"


async def test_a_known_unit_cannot_be_given_a_setup_code_later(imported: Importer) -> None:
    await imported(replace(row(), setup_code=None))
    assert refusal(await imported(row()))[0] == "setup_code"


async def test_a_row_between_two_units_belongs_to_neither(imported: Importer) -> None:
    await imported(row(1), row(2))
    field, reason = refusal(await imported(replace(row(3), mac=row(1).mac, machine_code=row(2).machine_code)))
    assert (field, reason) == ("mac", "mac and machine_code belong to different units")


async def test_equal_unit_keys_are_refused_in_any_case_of_letters(imported: Importer) -> None:
    report = await imported(replace(row(1), credential=key(9)), replace(row(2), credential="key:" + key(9)[4:].upper()))
    assert refusal(report)[0] == "credential"


async def test_two_certificates_with_one_claim_id_are_refused(imported: Importer) -> None:
    claim = "c-" + "0" * 26
    report = await imported(replace(row(1), claim_id=claim), replace(row(2), claim_id=claim))
    assert refusal(report)[0] == "claim_id"


async def test_units_with_keys_may_share_the_claim_id_of_their_batch(imported: Importer) -> None:
    claim = "c-" + "0" * 26
    rows = [replace(row(number), claim_id=claim, credential=key(number)) for number in (1, 2)]
    assert await imported(*rows) == ImportReport(rows=2, taken=2)
    assert await imported(*rows) == ImportReport(rows=2, unchanged=2)


async def test_a_list_longer_than_a_batch_is_taken_in_several_transactions_with_progress(
    database: Database, intake: UnitIntake
) -> None:
    seen: list[ImportReport] = []
    rows = [row(number) for number in range(1, 2502)]
    report = await import_units(database, intake, rows, NOW, progress=seen.append)
    assert [at.rows for at in seen] == [1000, 2000, 2501]
    assert report == ImportReport(rows=2501, taken=2501)


async def test_an_interrupted_import_is_finished_by_repeating_it(database: Database, intake: UnitIntake) -> None:
    rows = [row(number) for number in range(1, 1501)]

    def stops_half_way() -> Iterator[Row]:
        yield from rows[:1200]
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        await import_units(database, intake, stops_half_way(), NOW)
    assert await database.read(lambda tx: tx.units.count()) == 1000
    assert await import_units(database, intake, rows, NOW) == ImportReport(rows=1500, taken=500, unchanged=1000)


async def test_the_report_keeps_a_bounded_number_of_refusals_and_tells_the_listener_all(
    database: Database, intake: UnitIntake
) -> None:
    told: list[RefusedRow] = []
    bad = [RefusedRow(number, "", "is not UTF-8") for number in range(1, 1502)]
    report = await import_units(database, intake, bad, NOW, on_refusal=told.append)
    assert report.refused == len(told) == 1501
    assert len(report.refusals) == MAX_REFUSALS_KEPT


async def test_two_imports_of_one_list_at_once_take_each_unit_once(database: Database, intake: UnitIntake) -> None:
    rows = [row(number) for number in range(1, 301)]
    reports = await asyncio.gather(*(import_units(database, intake, rows, NOW) for _ in range(3)))
    assert sum(report.taken for report in reports) == 300
    assert sum(report.unchanged for report in reports) == 600


async def test_a_file_goes_all_the_way(imported: Importer) -> None:
    text = "type_id,machine_code,mac,credential\n" + "".join(
        f"{HEATER},{r.machine_code},{r.mac},{r.credential}\n" for r in (row(1), row(2))
    )
    report = await imported(*read_production_list(io.BytesIO(text.encode()), ListFormat.CSV))
    assert report == ImportReport(rows=2, taken=2)
