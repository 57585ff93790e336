"""Whatever names an account goes when it closes, in every table that there is, and nothing of anybody else's."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import LargeBinary, Table, Text, select
from sqlalchemy.engine import Connection

from gateway.domain.erasure import Erasure, ErasureId, Reason, Step, begun, carried_out, claim
from gateway.domain.identity import AccountId, DeviceId
from gateway.storage.data_map import DATA_MAP
from gateway.storage.data_map.erasure import FATES, Closing, fate_of
from gateway.storage.database import Database
from gateway.storage.erasures import removals, unlinkings
from gateway.storage.tables import metadata
from gateway.usecases.transaction import StaleVersionError, Transaction
from tests.databases import DURABLE
from tests.storage.every_table import fill
from tests.usecases.household import START

ANN, BOB = AccountId("a-" + "1" * 26), AccountId("a-" + "2" * 26)
ALIAS = ErasureId("e-" + "3" * 26)
LATER = START + timedelta(minutes=1)
TABLES = list(metadata.tables.values())
STAYS = {Closing.RELEASED, Closing.KEPT, Closing.UNLINKED}


@pytest.fixture(params=DURABLE)
def database_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def filled(database: Database) -> Database:
    """Every table holds a row of Ann's and one of Bob's."""
    with database.engine.begin() as connection:
        for person in (ANN, BOB):
            fill(connection, person)
    return database


def everything(connection: Connection) -> Iterator[tuple[Table, Any]]:
    for table in TABLES:
        for row in connection.execute(select(table)):
            yield table, row


def naming(connection: Connection, name: str) -> set[str]:
    """Where a name is, whole or as a part of something."""
    found = set()
    for table, row in everything(connection):
        for column in table.columns:
            value = getattr(row, column.name)
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            if isinstance(column.type, (Text, LargeBinary)) and name in text:
                found.add(f"{table.name}.{column.name}")
    return found


def count(connection: Connection) -> dict[str, int]:
    return {table.name: len(connection.execute(select(table)).all()) for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_it_is_decided_of_every_table_what_becomes_of_a_persons_rows(table: Table) -> None:
    fate = fate_of(table.name, DATA_MAP[table.name])
    if fate is None:
        assert DATA_MAP[table.name].nobody
    elif fate.closing is Closing.CASCADE:
        assert any(key.ondelete == "CASCADE" for key in table.foreign_keys)
    elif fate.closing is Closing.REMOVED:
        assert table.name in removals()
    elif fate.closing is Closing.UNLINKED:
        assert table.name in unlinkings()
    else:
        assert fate.why


def test_a_table_that_nobody_decided_about_is_an_error() -> None:
    undecided = DATA_MAP["session_tokens"]
    with pytest.raises(LookupError):
        fate_of("new_table", undecided)


def test_nothing_is_decided_about_tables_that_do_not_exist() -> None:
    assert set(FATES) <= set(DATA_MAP)


async def test_nothing_names_the_account_after_it_closed_but_the_audit(filled: Database) -> None:
    with filled.engine.connect() as connection:
        before = naming(connection, ANN)
    assert {"accounts.account_id", "bindings.account_id", "events.account_id", "commands.account_id"} <= before
    await filled.run(lambda tx: tx.erasures.remove_subject(ANN, ALIAS, LATER))
    with filled.engine.connect() as connection:
        # The erasure forgets it as its last step but two; the audit keeps the random name for its two years.
        assert naming(connection, ANN) <= {"audit_rows.account_id", "erasures.account_id"}


async def test_every_row_that_is_to_be_removed_is_removed_and_nothing_of_another_person(filled: Database) -> None:
    with filled.engine.connect() as connection:
        before, bobs = count(connection), naming(connection, BOB)
    removed = await filled.run(lambda tx: tx.erasures.remove_subject(ANN, ALIAS, LATER))
    with filled.engine.connect() as connection:
        after = count(connection)
        assert naming(connection, BOB) == bobs
    for name, entry in DATA_MAP.items():
        fate = fate_of(name, entry)
        gone = before[name] - after[name]
        if fate is not None and fate.closing not in STAYS:
            assert gone == 1, name
            with_the_home = name in {"home_members", "home_invitations"}
            assert fate.closing is Closing.CASCADE or with_the_home or removed[name] == 1, name
        else:
            assert gone == 0, name


async def test_a_second_removal_finds_nothing(filled: Database) -> None:
    await filled.run(lambda tx: tx.erasures.remove_subject(ANN, ALIAS, LATER))
    assert await filled.run(lambda tx: tx.erasures.remove_subject(ANN, ALIAS, LATER)) == {}


async def test_consent_events_lose_the_name_and_say_when(filled: Database) -> None:
    await filled.run(lambda tx: tx.erasures.remove_subject(ANN, ALIAS, LATER))
    events = metadata.tables["consent_events"]
    with filled.engine.connect() as connection:
        rows = {row.account_id: row.closed_at for row in connection.execute(select(events))}
    assert rows == {None: LATER, BOB: START}


async def test_a_break_glass_stays_for_its_review_under_the_name_of_the_erasure(filled: Database) -> None:
    await filled.run(lambda tx: tx.erasures.remove_subject(ANN, ALIAS, LATER))
    with filled.engine.connect() as connection:
        rows = {row.account_id for row in connection.execute(select(metadata.tables["break_glass"]))}
    assert rows == {ALIAS, BOB}


async def test_a_ward_loses_the_guardian_who_closes(filled: Database) -> None:
    accounts = metadata.tables["accounts"]
    with filled.engine.begin() as connection:
        connection.execute(accounts.update().where(accounts.c.account_id == BOB).values(guardian_id=ANN))
    await filled.run(lambda tx: tx.erasures.remove_subject(ANN, ALIAS, LATER))
    with filled.engine.connect() as connection:
        [ward] = connection.execute(select(accounts)).all()
        assert (ward.account_id, ward.guardian_id) == (BOB, None)


async def test_a_home_stays_while_somebody_else_is_in_it(filled: Database) -> None:
    homes, members = metadata.tables["homes"], metadata.tables["home_members"]
    with filled.engine.begin() as connection:
        [anns] = [row for row in connection.execute(select(members)).mappings() if row["account_id"] == ANN]
        connection.execute(members.insert(), {**anns, "account_id": BOB, "member_ref": "another"})
    await filled.run(lambda tx: tx.erasures.remove_subject(ANN, ALIAS, LATER))
    with filled.engine.connect() as connection:
        assert len(connection.execute(select(homes)).all()) == 2


async def test_messages_to_an_appliance_are_dropped_and_no_others(database: Database) -> None:
    ours, other = DeviceId("d-" + "1" * 26), DeviceId("d-" + "2" * 26)

    def publish(tx: Transaction) -> None:
        for device in (ours, other):
            tx.publish(f"hg/v1/dev/{device}/down/command", b"{}", START)
            tx.evict(device, START)

    await database.run(publish)
    assert await database.run(lambda tx: tx.erasures.drop_messages([ours])) == 1
    left = await database.take_over(START + timedelta(days=1), 10)
    assert sorted((row.kind.value, row.target[-30:]) for row in left) == sorted(
        [("evict", ours), ("evict", other), ("publish", f"hg/v1/dev/{other}/down/command"[-30:])]
    )


def one() -> Erasure:
    return begun(
        erasure_id=ALIAS,
        account_id=ANN,
        reason=Reason.CLOSED,
        devices=(DeviceId("d-" + "1" * 26),),
        rows={"sessions": 2},
        now=START,
    )


async def test_an_erasure_is_stored_with_its_steps(database: Database) -> None:
    await database.run(lambda tx: tx.erasures.add(one(), b"digest"))
    assert await database.read(lambda tx: tx.erasures.get(ALIAS)) == one()
    erasure = one()
    later = replace(one(), erasure_id=ErasureId("e-" + "4" * 26), begun_at=LATER)
    await database.run(lambda tx: tx.erasures.add(later, b"other digest"))
    assert await database.read(lambda tx: tx.erasures.unfinished(10)) == [one(), later]
    for step in Step:
        following = carried_out(erasure, step, {"figure": 1, "kind": "nats"}, START + timedelta(seconds=20))
        receipt = b"{}" if step is Step.RECEIPT else None
        erasure = await database.run(lambda tx, it=following, of=receipt: tx.erasures.put(it, of))  # type: ignore[misc]
        assert await database.read(lambda tx: tx.erasures.get(ALIAS)) == erasure
    assert erasure.account_id is None
    kept = await database.read(lambda tx: tx.erasures.by_token(b"digest"))
    assert kept is not None
    assert (kept.receipt, kept.fetched_at) == (b"{}", None)
    await database.run(lambda tx: tx.erasures.fetched(ALIAS, START))
    await database.run(lambda tx: tx.erasures.fetched(ALIAS, LATER))
    kept = await database.read(lambda tx: tx.erasures.by_token(b"digest"))
    assert kept is not None
    assert kept.fetched_at == START
    assert await database.read(lambda tx: tx.erasures.page(10)) == [later, erasure]
    assert await database.read(lambda tx: tx.erasures.unfinished(10)) == [later]


async def test_two_gateways_do_not_take_up_the_same_one(database: Database) -> None:
    await database.run(lambda tx: tx.erasures.add(one(), b"digest"))
    found = await database.read(lambda tx: tx.erasures.due(START))
    assert found == one()
    await database.run(lambda tx: tx.erasures.put(claim(one(), START)))
    assert await database.read(lambda tx: tx.erasures.due(START + timedelta(seconds=14))) is None
    assert await database.read(lambda tx: tx.erasures.due(START + timedelta(seconds=15))) is not None
    with pytest.raises(StaleVersionError):
        await _once(database, lambda tx: tx.erasures.put(claim(one(), START)))


async def _once(database: Database, work: Any) -> None:
    """Run it without the retries that hide a stale version."""

    def told(tx: Transaction) -> StaleVersionError | None:
        try:
            work(tx)
        except StaleVersionError as stale:
            return stale
        return None

    stale = await database.run(told)
    if stale is not None:
        raise stale


async def test_names_of_accounts_come_in_order(filled: Database) -> None:
    assert await filled.read(lambda tx: tx.erasures.accounts(None, 10)) == [ANN, BOB]
    assert await filled.read(lambda tx: tx.erasures.accounts(ANN, 10)) == [BOB]
    assert json.dumps(await filled.read(lambda tx: tx.erasures.accounts(BOB, 10))) == "[]"
