"""Deleting one kind of data alone: what goes, what stays, whose it was, and the receipt."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import func, select

from gateway.domain.automations import Trigger
from gateway.domain.deletions import DataClass
from gateway.protocol.canonical import canonical
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.receipt_signatures import Ed25519ReceiptSigner
from gateway.storage.database import Database
from gateway.storage.tables import metadata
from gateway.storage.tables.lifecycle import bindings
from gateway.usecases import automations, deletions
from tests.databases import DURABLE, fresh_url, opened
from tests.filled import LATER, account_of, fill
from tests.person_keys import persons_in_memory
from tests.usecases.household import Household
from tests.usecases.neighbourhood import ALL, Neighbourhood

ANN, BOB = 1, 2
SIGNER = Ed25519ReceiptSigner(Ed25519PrivateKey.generate())

GO = {
    DataClass.COMMANDS: {"commands"},
    DataClass.SESSIONS: {"sessions", "session_tokens"},
    DataClass.NICKNAMES: set[str](),
    DataClass.SETUPS: {"pairings", "pairing_steps", "attempts", "evidence"},
    DataClass.EXPORTS: {"exports", "export_pieces"},
    DataClass.REQUESTS: {"requests"},
    DataClass.DISCLOSURES: {"disclosures"},
    DataClass.NOTICES: {"notices"},
}
"""The tables that lose the person's row. Rules have a use case of their own, tested with them."""


@pytest.fixture(params=DURABLE)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    persons = persons_in_memory(KeyRing(MasterKey(bytes(range(32)))))
    with fresh_url(request.param, tmp_path) as url, opened(url) as database:
        fill(database.engine, (ANN, BOB), persons)
        yield database
    persons.close()


def counts(database: Database) -> dict[str, int]:
    with database.engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def nicknames(database: Database) -> dict[str, bytes | None]:
    with database.engine.connect() as connection:
        rows = connection.execute(select(bindings.c.account_id, bindings.c.nickname_sealed)).all()
    return {row.account_id: row.nickname_sealed for row in rows}


@pytest.mark.parametrize("which", list(GO))
async def test_what_is_of_the_kind_goes_for_this_person_and_nothing_else(database: Database, which: DataClass) -> None:
    before, named = counts(database), nicknames(database)
    receipt = await database.run(lambda tx: deletions.delete(tx, account_of(ANN), which, SIGNER, LATER))
    after = counts(database)
    assert {name for name in before if after[name] != before[name]} == GO[which]
    assert all(before[name] - after[name] == 1 for name in GO[which])
    told: dict[str, Any] = receipt.record["stores"][0]["rows"]
    assert all(many == 1 for many in told.values())
    left = nicknames(database)
    assert (left[account_of(ANN)] is None) is (which is DataClass.NICKNAMES)
    assert left[account_of(BOB)] == named[account_of(BOB)]
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(receipt.key))
    key.verify(base64.b64decode(receipt.signature), canonical(receipt.record))
    again = await database.run(lambda tx: deletions.delete(tx, account_of(ANN), which, SIGNER, LATER))
    assert set(again.record["stores"][0]["rows"].values()) == {0}
    assert counts(database) == after


@pytest.mark.parametrize(
    ("which", "statement"),
    [
        (DataClass.COMMANDS, "UPDATE commands SET ended_at = NULL"),
        (DataClass.SESSIONS, "UPDATE sessions SET ended_at = NULL"),
        (DataClass.SETUPS, "UPDATE pairings SET status = 'open'"),
        (DataClass.REQUESTS, "UPDATE requests SET ended_at = NULL"),
        (DataClass.DISCLOSURES, "UPDATE disclosures SET ended_at = NULL"),
    ],
)
async def test_what_is_under_way_is_left_to_end(database: Database, which: DataClass, statement: str) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql(statement)
    before = counts(database)
    await database.run(lambda tx: deletions.delete(tx, account_of(ANN), which, SIGNER, LATER))
    assert counts(database) == before


def test_every_kind_is_tried() -> None:
    assert set(GO) | {DataClass.AUTOMATIONS} == set(DataClass)


async def test_rules_go_with_what_explains_them_and_anothers_stay(household: Household) -> None:
    near = Neighbourhood(household)
    ann, bob = await near.account(*ALL), await near.account(*ALL)
    for account_id in (ann, bob):
        device_id, home_ref = await household.bound(account_id), await near.home(account_id)
        for _ in range(2):
            await near.rule(account_id, home_ref, device_id, Trigger.LEAVE)
    receipt = await household.run(lambda tx: deletions.delete(tx, ann, DataClass.AUTOMATIONS, SIGNER, household.now))
    assert receipt.record["stores"][0]["rows"] == {"automations": 2}
    hers, _ = await household.read(lambda tx: automations.page(tx, ann, None, 10))
    his, _ = await household.read(lambda tx: automations.page(tx, bob, None, 10))
    assert (len(hers), len(his)) == (0, 2)
