"""A copy of everything about a person: complete by the data map, theirs alone, resumable, fetched once.

One file, though a long one: every test begins with the same filled database.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from sqlalchemy import delete, insert, select, update

from gateway.domain.exports import A_DAY, LIFE, BeingFetched, EnoughAsked, Export, ExportStatus, NotFetchable
from gateway.domain.identity import AccountId
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.sealing import AesGcmSealer
from gateway.security.tokens import KeyedTokens
from gateway.storage.data_map import DATA_MAP, Reader
from gateway.storage.database import Database
from gateway.storage.person_keys import SqlPersonKeys
from gateway.storage.tables import metadata
from gateway.storage.tables.access import sessions
from gateway.storage.tables.consent import guardianships
from gateway.storage.tables.lifecycle import bindings
from gateway.storage.tables.operation import commands
from gateway.usecases import exports, notices
from gateway.usecases.exports import Asked
from tests.databases import DURABLE, POSTGRESQL, fresh_url, opened
from tests.filled import NOW, account_of, fill, readable
from tests.person_keys import persons_in_memory

KEYS = KeyRing(MasterKey(bytes(range(32))))
TOKENS = KeyedTokens(KEYS)
COMMON = AesGcmSealer(KEYS.wrapping_key)
IDENTIFIERS = RandomIdentifiers()
ANN, BOB = 1, 2
LATER = NOW + timedelta(days=400)
"""When everything that the filled database holds lies in the past."""


@pytest.fixture(params=DURABLE)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_url(request.param, tmp_path) as url, opened(url) as database:
        yield database


@pytest.fixture
def persons() -> Iterator[SqlPersonKeys]:
    keys = persons_in_memory(KEYS)
    yield keys
    keys.close()


@pytest.fixture
def written(database: Database, persons: SqlPersonKeys) -> dict[tuple[str, int], dict[str, Any]]:
    rows = fill(database.engine, (ANN, BOB), persons)
    # The exports among them are not to be made: their status is no real one.
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE exports SET status = 'fetched'")
    for person in (ANN, BOB):
        rows["exports", person]["status"] = "fetched"
    return rows


async def asked(database: Database, account_id: AccountId, now: Any = LATER) -> Asked:
    outcome = await database.run(
        lambda tx: exports.ask(tx, account_id, tokens=TOKENS, identifiers=IDENTIFIERS, now=now)
    )
    assert isinstance(outcome, Asked), outcome
    return outcome


async def make(database: Database, persons: SqlPersonKeys, now: Any = LATER) -> int:
    pieces = 0
    while await database.run(lambda tx: exports.make_some(tx, persons, COMMON, now)):
        pieces += 1
    return pieces


async def document(database: Database, persons: SqlPersonKeys, one: Asked, now: Any = LATER) -> dict[str, Any]:
    begun = await database.run(lambda tx: exports.begin_fetch(tx, one.token, tokens=TOKENS, now=now))
    assert isinstance(begun, Export), begun
    pieces = [
        await database.read(lambda tx, number=number: exports.piece(tx, begun, number, persons))  # type: ignore[misc]
        for number in range(begun.pieces)
    ]
    await database.run(lambda tx: exports.end_fetch(tx, begun, complete=True, now=now))
    found: dict[str, Any] = json.loads(b"".join(piece or b"" for piece in pieces))
    return found


async def test_every_column_that_a_person_may_read_is_in_their_copy_and_nobody_elses(
    database: Database, persons: SqlPersonKeys, written: dict[tuple[str, int], dict[str, Any]]
) -> None:
    one = await asked(database, account_of(ANN))
    await make(database, persons)
    copy = await document(database, persons, one)
    compared = 0
    for name, entry in DATA_MAP.items():
        columns = [column for column, told in entry.columns.items() if Reader.PERSON in told.readers]
        if not columns:
            assert name not in copy["data"]
            continue
        table = metadata.tables[name]
        expected = {column: readable(table, column, written[name, ANN]) for column in columns}
        rows = copy["data"][name]
        if name == "exports":  # the one that is being made is in it as well
            rows = [row for row in rows if row["export_id"] != one.export.export_id]
        assert rows == [expected], name
        compared += len(columns)
    assert compared > 200
    text = json.dumps(copy["data"])
    assert account_of(ANN) in text
    assert account_of(BOB) not in text
    assert " of 2" not in text


async def test_who_decides_for_a_minor_is_in_the_copies_of_both_and_names_neither_to_the_other(
    database: Database, persons: SqlPersonKeys, written: dict[tuple[str, int], dict[str, Any]]
) -> None:
    with database.engine.begin() as connection:
        connection.execute(delete(guardianships))
        link = {"account_id": account_of(BOB), "ward_id": "w-of-ann", "guardian_id": account_of(ANN), "since": NOW}
        connection.execute(insert(guardianships), link)
    for person, other in ((ANN, BOB), (BOB, ANN)):
        one = await asked(database, account_of(person))
        await make(database, persons)
        data = (await document(database, persons, one))["data"]
        assert [row["ward_id"] for row in data["guardianships"]] == ["w-of-ann"]
        assert account_of(other) not in json.dumps(data)


def test_every_column_that_names_an_account_leads_to_its_person() -> None:
    named = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "accounts"
    }
    led = {(name, one) for name, entry in DATA_MAP.items() for one in (entry.subject, entry.also) if one}
    assert len(named) > 20
    assert named <= led


async def test_a_copy_fits_the_schema_that_comes_with_it(
    database: Database, persons: SqlPersonKeys, written: dict[tuple[str, int], dict[str, Any]]
) -> None:
    one = await asked(database, account_of(ANN))
    await make(database, persons)
    copy = await document(database, persons, one)
    validator = jsonschema_rs.Draft202012Validator(copy["schema"], validate_formats=True)
    assert not list(validator.iter_errors(copy["data"]))
    copy["data"]["accounts"][0]["login_name"] = "smuggled"
    assert list(validator.iter_errors(copy["data"]))


async def test_every_page_of_every_table_is_read_however_small_the_pieces(
    database: Database,
    persons: SqlPersonKeys,
    written: dict[tuple[str, int], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with database.engine.begin() as connection:
        for number in range(7):
            row = {"session_id": f"s-{number}", "account_id": account_of(ANN), "created_at": NOW, "refreshed_at": NOW}
            connection.execute(insert(sessions), row)
    whole = await asked(database, account_of(ANN))
    assert await make(database, persons) == 1
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(exports, "PIECE_BYTES", 1)
    pieces = await asked(database, account_of(ANN))
    assert await make(database, persons) > len(metadata.tables) // 2
    first, second = await document(database, persons, whole), await document(database, persons, pieces)
    for copy in (first, second):
        copy["data"].pop("exports")
        copy["data"].pop("events")  # each tells of itself
        copy["data"].pop("notices")
    assert first == second
    assert len(first["data"]["sessions"]) == 8


async def test_what_was_killed_goes_on_and_what_another_program_began_is_begun_again(
    database: Database,
    persons: SqlPersonKeys,
    written: dict[tuple[str, int], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exports, "PIECE_BYTES", 1)
    one = await asked(database, account_of(ANN))
    for _ in range(5):
        assert await database.run(lambda tx: exports.make_some(tx, persons, COMMON, LATER))
    stored = await database.read(lambda tx: tx.exports.get(one.export.export_id))
    assert stored is not None
    assert stored.pieces == 5
    assert stored.place is not None
    # An older program, which knew fewer tables, left it like this.
    elsewhere = replace(stored, place=json.dumps(["0" * 16, *json.loads(stored.place)[1:]]))
    await database.run(lambda tx: tx.exports.put(elsewhere))
    await make(database, persons)
    copy = await document(database, persons, one)
    assert set(copy["data"]) == set(copy["schema"]["required"])


async def test_two_gateways_make_one_copy_and_no_piece_twice(
    tmp_path: Path, persons: SqlPersonKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PIECE_BYTES", 1)
    with fresh_url(POSTGRESQL, tmp_path) as url, opened(url) as one, opened(url, gateway_id="g-other") as other:
        fill(one.engine, (ANN, BOB), persons)
        with one.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE exports SET status = 'fetched'")
        copies = [await asked(one, account_of(person)) for person in (ANN, BOB)]
        await asyncio.gather(*(make(each, persons) for each in (one, other, one, other)))
        for person, copy in zip((ANN, BOB), copies, strict=True):
            found = await document(other, persons, copy)
            assert set(found["data"]) == set(found["schema"]["required"])
            assert [row["account_id"] for row in found["data"]["accounts"]] == [account_of(person)]


async def test_nothing_readable_is_stored_of_it(
    database: Database, persons: SqlPersonKeys, written: dict[tuple[str, int], dict[str, Any]]
) -> None:
    one = await asked(database, account_of(ANN))
    await make(database, persons)
    with database.engine.connect() as connection:
        pieces = connection.exec_driver_sql("SELECT sealed FROM export_pieces").all()
        digests = connection.exec_driver_sql("SELECT token_digest FROM exports").all()
    assert len(pieces) == 3  # two of the filled database
    assert not any(b"hearthgate export" in bytes(sealed) for (sealed,) in pieces)
    assert not any(one.token.encode() in bytes(digest) for (digest,) in digests)


async def test_it_is_fetched_once_and_then_gone(
    database: Database, persons: SqlPersonKeys, written: dict[tuple[str, int], dict[str, Any]]
) -> None:
    one = await asked(database, account_of(ANN))
    early = await database.run(lambda tx: exports.begin_fetch(tx, one.token, tokens=TOKENS, now=LATER))
    assert isinstance(early, NotFetchable)
    await make(database, persons)
    await document(database, persons, one)
    again = await database.run(lambda tx: exports.begin_fetch(tx, one.token, tokens=TOKENS, now=LATER))
    assert isinstance(again, NotFetchable)
    left = await database.read(lambda tx: tx.exports.piece(one.export.export_id, 0))
    assert left is None
    told, _ = await database.read(lambda tx: notices.page(tx, account_of(ANN), None, 10))
    kinds = [notice.kind for notice in told if notice.kind.startswith("export.")]
    assert kinds == [exports.FETCHED, exports.READY]


async def test_a_broken_transfer_may_be_repeated_and_two_at_once_may_not(
    database: Database, persons: SqlPersonKeys, written: dict[tuple[str, int], dict[str, Any]]
) -> None:
    one = await asked(database, account_of(ANN))
    await make(database, persons)

    async def begin(now: Any) -> Any:
        return await database.run(lambda tx: exports.begin_fetch(tx, one.token, tokens=TOKENS, now=now))

    first = await begin(LATER)
    assert isinstance(first, Export)
    assert await begin(LATER + timedelta(seconds=1)) == BeingFetched(599)
    await database.run(lambda tx: exports.end_fetch(tx, first, complete=False, now=LATER))
    second = await begin(LATER + timedelta(seconds=2))
    assert isinstance(second, Export)
    # A gateway that died while it sent: ten minutes later it may be fetched again.
    again = LATER + timedelta(seconds=602)
    assert isinstance(await begin(again), Export)
    # It was only slow: that its transfer breaks now lets nobody in beside whoever fetches since.
    await database.run(lambda tx: exports.end_fetch(tx, second, complete=False, now=again))
    assert await begin(again) == BeingFetched(600)


async def test_it_waits_seven_days_from_the_moment_it_was_ready(
    database: Database, persons: SqlPersonKeys, written: dict[tuple[str, int], dict[str, Any]]
) -> None:
    one = await asked(database, account_of(ANN))
    ready = LATER + timedelta(minutes=3)
    await make(database, persons, ready)
    just, over = ready + LIFE - timedelta(milliseconds=1), ready + LIFE
    late = await database.run(lambda tx: exports.begin_fetch(tx, one.token, tokens=TOKENS, now=over))
    assert isinstance(late, NotFetchable)
    in_time = await database.run(lambda tx: exports.begin_fetch(tx, one.token, tokens=TOKENS, now=just))
    assert isinstance(in_time, Export)


async def test_three_a_day_and_no_more(database: Database, written: dict[tuple[str, int], dict[str, Any]]) -> None:
    for hours in range(A_DAY):
        await asked(database, account_of(ANN), LATER + timedelta(hours=hours))
    now = LATER + timedelta(hours=20)
    outcome = await database.run(
        lambda tx: exports.ask(tx, account_of(ANN), tokens=TOKENS, identifiers=IDENTIFIERS, now=now)
    )
    assert outcome == EnoughAsked(4 * 3600)
    await asked(database, account_of(BOB), now)
    await asked(database, account_of(ANN), LATER + timedelta(days=1))


async def test_when_something_does_not_open_there_is_no_copy_with_a_hole(
    database: Database, persons: SqlPersonKeys, written: dict[tuple[str, int], dict[str, Any]]
) -> None:
    with database.engine.begin() as connection:
        mine, theirs = (bindings.c.account_id == account_of(person) for person in (ANN, BOB))
        moved = select(bindings.c.nickname_sealed).where(theirs).scalar_subquery()
        connection.execute(update(bindings).where(mine).values(nickname_sealed=moved))
    one = await asked(database, account_of(ANN))
    await make(database, persons)
    stored = await database.read(lambda tx: exports.one(tx, account_of(ANN), one.export.export_id))
    assert stored is not None
    assert stored.status is ExportStatus.FAILED
    assert await database.read(lambda tx: exports.one(tx, account_of(BOB), one.export.export_id)) is None


async def test_a_destroyed_key_makes_a_copy_unreadable_at_once(
    database: Database, persons: SqlPersonKeys, written: dict[tuple[str, int], dict[str, Any]]
) -> None:
    one = await asked(database, account_of(ANN))
    await make(database, persons)
    begun = await database.run(lambda tx: exports.begin_fetch(tx, one.token, tokens=TOKENS, now=LATER))
    assert isinstance(begun, Export)
    persons.destroy(account_of(ANN))
    with pytest.raises(ValueError, match="gone"):
        await database.read(lambda tx: exports.piece(tx, begun, 0, persons))


async def test_the_live_copy_of_a_device_holds_what_is_stored_of_it_for_this_person(
    database: Database, persons: SqlPersonKeys, written: dict[tuple[str, int], dict[str, Any]]
) -> None:
    device_id = written["devices", ANN]["device_id"]
    found = await database.read(
        lambda tx: exports.of_device(tx, account_of(ANN), device_id, persons.sealer(account_of(ANN)), LATER)
    )
    for name in ("devices", "units", "states", "presences", "bindings"):
        entry = DATA_MAP[name]
        columns = [column for column, told in entry.columns.items() if Reader.PERSON in told.readers]
        table = metadata.tables[name]
        assert found[name] == [{column: readable(table, column, written[name, ANN]) for column in columns}]
    others = await database.read(
        lambda tx: exports.of_device(tx, account_of(BOB), device_id, persons.sealer(account_of(BOB)), LATER)
    )
    assert others == {}


async def test_of_many_rows_the_live_copy_holds_the_latest(
    database: Database,
    persons: SqlPersonKeys,
    written: dict[tuple[str, int], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = written["commands", ANN]
    with database.engine.begin() as connection:
        for number in range(5):
            later = {"seq": row["seq"] + 1 + number, "issued_at": row["issued_at"] + timedelta(seconds=1 + number)}
            connection.execute(insert(commands), {**row, "command_id": f"{9 - number} is a random name", **later})
    monkeypatch.setattr(exports, "OF_DEVICE_AT_MOST", 3)
    sealer = persons.sealer(account_of(ANN))
    found = await database.read(lambda tx: exports.of_device(tx, account_of(ANN), row["device_id"], sealer, LATER))
    assert [one["command_id"][0] for one in found["commands"]] == ["5", "6", "7"]
