"""The repository of units, the same on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gateway.domain.identity import ClaimId, UnitId
from gateway.domain.read_purposes import ReadPurpose
from gateway.domain.units import BlockReason, CertificateCredential, KeyCredential, Unit
from gateway.storage.database import Database
from gateway.storage.statements import Connected
from gateway.storage.units import SqlUnits
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.transaction import StaleVersionError

NOW = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)


@pytest.fixture
def units(database: Database) -> Iterator[SqlUnits]:
    """On a connection whose transaction is undone after the test."""
    with database.engine.connect() as connection:
        if database.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield SqlUnits(Connected(connection).reading(ReadPurpose.SERVICE))
        connection.exec_driver_sql("ROLLBACK")


def bytes_of(text_: str) -> bytes:
    return text_.encode().ljust(32, b"\0")


def certificate_unit(name: str) -> ListedUnit:
    return ListedUnit(
        Unit(
            unit_id=UnitId(f"u-{name:0>26}"),
            type_id="heater.panel.s2",
            mac_index=bytes_of(f"mac {name}"),
            mac_tail="2a",
            machine_code_index=bytes_of(f"machine code {name}"),
            machine_code_tail="83",
            credential=CertificateCredential(bytes_of(f"fingerprint {name}"), ClaimId(f"c-{name:0>26}")),
            setup_code_digest=bytes_of(f"setup code {name}"),
            blocked=None,
            created_at=NOW,
        ),
    )


def key_unit(name: str) -> ListedUnit:
    listed = certificate_unit(name)
    unit = replace(listed.unit, credential=KeyCredential(bytes_of(f"sealed {name}")), setup_code_digest=None)
    return ListedUnit(unit, bytes_of(f"key {name}"))


A, B, C = certificate_unit("a"), key_unit("b"), certificate_unit("c")


def test_a_unit_is_read_as_it_was_written(units: SqlUnits) -> None:
    units.add([A, B])
    assert units.get(A.unit.unit_id) == A.unit
    assert units.by_mac(B.unit.mac_index) == B.unit
    assert units.by_machine_code(A.unit.machine_code_index) == A.unit
    assert A.unit.setup_code_digest is not None
    assert units.by_setup_code(A.unit.setup_code_digest) == A.unit


def test_what_is_not_there_is_not_found(units: SqlUnits) -> None:
    units.add([A])
    nothing = bytes_of("nothing")
    assert units.get(UnitId("u-x")) is None
    assert units.by_mac(nothing) is None
    assert units.by_machine_code(A.unit.mac_index) is None
    assert units.by_setup_code(nothing) is None


def test_units_come_in_pages_in_the_order_of_their_ids(units: SqlUnits) -> None:
    units.add([C, A, B])
    assert units.page(None, 2) == [A.unit, B.unit]
    assert units.page(B.unit.unit_id, 2) == [C.unit]
    assert units.page(C.unit.unit_id, 2) == []
    assert units.count() == 3


def test_adding_nothing_is_allowed(units: SqlUnits) -> None:
    units.add([])
    assert units.count() == 0
    assert units.sharing([]) == []


@pytest.mark.parametrize(
    "twin",
    [
        replace(C.unit, mac_index=A.unit.mac_index),
        replace(C.unit, machine_code_index=A.unit.machine_code_index),
        replace(C.unit, setup_code_digest=A.unit.setup_code_digest),
        replace(C.unit, credential=CertificateCredential(bytes_of("fingerprint a"))),
        replace(C.unit, credential=CertificateCredential(bytes_of("other"), ClaimId(f"c-{'a':0>26}"))),
    ],
)
def test_what_is_unique_finds_its_unit_and_cannot_be_had_twice(units: SqlUnits, twin: Unit) -> None:
    units.add([A, B])
    assert units.sharing([ListedUnit(twin)]) == [A]
    with pytest.raises(StaleVersionError):
        units.add([ListedUnit(twin)])


def test_equal_unit_keys_find_each_other(units: SqlUnits) -> None:
    units.add([A, B])
    twin = ListedUnit(replace(key_unit("x").unit), B.unit_key_index)
    assert units.sharing([twin]) == [B]


def test_units_that_share_nothing_are_not_found(units: SqlUnits) -> None:
    units.add([A])
    assert units.sharing([B, C]) == []


def test_sharing_is_asked_for_more_units_than_one_statement_takes(units: SqlUnits) -> None:
    many = [certificate_unit(str(number)) for number in range(2500)]
    units.add(many)
    assert {listed.unit.unit_id for listed in units.sharing(many)} == {listed.unit.unit_id for listed in many}


def test_a_unit_is_blocked_and_allowed_again(units: SqlUnits) -> None:
    units.add([A, B])
    units.block(A.unit.unit_id, BlockReason.RECALL)
    assert units.get(A.unit.unit_id) == replace(A.unit, blocked=BlockReason.RECALL)
    assert units.get(B.unit.unit_id) == B.unit
    units.block(A.unit.unit_id, None)
    assert units.get(A.unit.unit_id) == A.unit


def test_the_last_certificate_of_a_claim_identity_is_remembered(units: SqlUnits) -> None:
    claim = ClaimId("c-" + "0" * 26)
    assert units.claim_fingerprint(claim) is None
    units.claim_connected(claim, bytes_of("one"), NOW)
    units.claim_connected(claim, bytes_of("two"), NOW + timedelta(seconds=1))
    assert units.claim_fingerprint(claim) == bytes_of("two")


def test_look_ups_use_an_index(units: SqlUnits) -> None:
    connection = units._statements._connection
    explain = "EXPLAIN QUERY PLAN"
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # with a handful of rows it would read them all
        explain = "EXPLAIN"
    for column in ("mac_index", "machine_code_index", "setup_code_index", "fingerprint", "unit_key_index"):
        query = text(f"{explain} SELECT * FROM units WHERE {column} IN (:a, :b)")  # noqa: S608 - our own names
        plan = connection.execute(query, {"a": b"a", "b": b"b"}).all()
        assert "index" in str(plan).lower(), column
