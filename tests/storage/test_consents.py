"""Repositories of policies, consents, ledgers and notices of consents, on every database."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from gateway.domain.consent import Consent, ConsentState, Purpose
from gateway.domain.consent_ledger import LedgerEnd, LedgerRow
from gateway.domain.consent_notices import ConsentNotice, use
from gateway.domain.erasure import ErasureId
from gateway.domain.guardians import GuardianCode, Guardianship
from gateway.domain.policies import ChangeReason, Language, Policy, PolicyKind, PolicyText
from gateway.storage.database import Database
from gateway.storage.tables.access import accounts
from gateway.usecases.repositories.consents import Standing
from gateway.usecases.transaction import StaleVersionError, Transaction
from tests.databases import DURABLE
from tests.storage.records import NOW, SECOND, account_id, digest, with_accounts

DAY = timedelta(days=1)
REMINDER, AUTO_OFF = Purpose.LOCATION_REMINDER, Purpose.LOCATION_AUTO_OFF


def a_policy(version: int = 1, *affects: Purpose, effective: timedelta = timedelta(0), minor: bool = False) -> Policy:
    return Policy(
        version=version,
        kind=PolicyKind.MINOR if minor else PolicyKind.SIGNIFICANT,
        reasons=frozenset() if minor else frozenset({ChangeReason.USE, ChangeReason.RISK}),
        affects=frozenset(affects),
        reduces_rights=False,
        published_at=NOW,
        effective_at=NOW + effective,
    )


def texts(version: int) -> list[PolicyText]:
    return [PolicyText(one, f"{one.value} {version} 隐私", digest(f"{one.value} {version}")) for one in Language]


def a_consent(purpose: Purpose = REMINDER, account: int = 1) -> Consent:
    return Consent(
        account_id=account_id(account),
        purpose=purpose,
        state=ConsentState.GRANTED,
        at=NOW,
        text_version=1,
        policy_version=1,
        event_number=1,
        ask_at=NOW + DAY,
    )


def a_row(number: int, *, ledger: str = "l-1") -> LedgerRow:
    return LedgerRow(
        ledger_id=ledger,
        number=number,
        at=NOW + number * SECOND,
        digest=digest(f"record {number}"),
        previous=digest(f"row {number - 1}"),
        hash=digest(f"row {number}"),
        sealed=b"sealed",
    )


def a_notice(number: int = 1, account: int = 1) -> ConsentNotice:
    return ConsentNotice(
        notice_id=f"n-{number}",
        account_id=account_id(account),
        shown_to=account_id(account),
        purpose=REMINDER,
        language=Language.CHINESE,
        text_version=2,
        text_hash=digest("text"),
        policy_version=3,
        shown_at=NOW,
        expires_at=NOW + DAY,
    )


# -- policies


async def test_a_policy_is_kept_with_its_texts_and_published_once(database: Database) -> None:
    first, second = a_policy(1), a_policy(2, REMINDER, AUTO_OFF, effective=DAY)

    def seed(tx: Transaction) -> tuple[bool, ...]:
        return (
            tx.policies.add(second, texts(2)),
            tx.policies.add(first, texts(1)),
            tx.policies.add(replace(first, reduces_rights=True), texts(9)),
        )

    assert await database.run(seed) == (True, True, False)
    assert await database.read(lambda tx: tx.policies.all()) == [first, second]
    assert await database.read(lambda tx: tx.policies.text(2, Language.CHINESE)) == texts(2)[1]
    assert await database.read(lambda tx: tx.policies.text(3, Language.CHINESE)) is None
    hashes = {one: digest(f"{one.value} 1") for one in Language}
    assert await database.read(lambda tx: tx.policies.hashes(1)) == hashes


# -- consents


async def test_a_consent_is_kept_as_it_was_said_and_guards_itself(database: Database) -> None:
    def begin(tx: Transaction) -> Consent:
        with_accounts(tx, 1)
        return tx.consents.put(a_consent())

    stored = await database.run(begin)
    assert stored == replace(a_consent(), version=1)
    assert (await database.read(lambda tx: tx.consents.standing(account_id(), REMINDER, NOW))).consent == stored
    gone = replace(stored, state=ConsentState.WITHDRAWN, ask_at=None, by_guardian=True, event_number=2)
    after = await database.run(lambda tx: tx.consents.put(gone))
    assert after == replace(gone, version=2)

    def stale(tx: Transaction) -> str:
        outcome = ""
        for late in (stored, a_consent()):
            try:
                tx.consents.put(late)
            except StaleVersionError:
                outcome += "stale "
        try:
            tx.consents.put_ask_at(stored)
        except StaleVersionError:
            outcome += "stale"
        return outcome

    assert await database.run(stale) == "stale stale stale"
    assert (await database.run(lambda tx: tx.consents.to_change(account_id(), REMINDER, NOW))).consent == after
    assert await database.read(lambda tx: tx.consents.standing(account_id(2), REMINDER, NOW)) == Standing(None, None)


async def test_a_standing_names_the_newest_version_in_effect_that_asks_anew(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1)
        tx.consents.put(a_consent())
        tx.consents.put(a_consent(Purpose.NOTICES_PUSH))
        tx.policies.add(a_policy(1), texts(1))
        tx.policies.add(a_policy(2, REMINDER), texts(2))
        tx.policies.add(a_policy(3, minor=True), texts(3))
        tx.policies.add(a_policy(4, REMINDER, effective=DAY), texts(4))

    await database.run(seed)

    async def stopped(purpose: Purpose, after: timedelta) -> int | None:
        return (await database.read(lambda tx: tx.consents.standing(account_id(), purpose, NOW + after))).stopped_by

    assert await stopped(REMINDER, timedelta(0)) == 2
    assert await stopped(REMINDER, DAY - timedelta(milliseconds=1)) == 2
    assert await stopped(REMINDER, DAY) == 4
    assert await stopped(Purpose.NOTICES_PUSH, DAY) is None
    everything = await database.read(lambda tx: tx.consents.of_account(account_id(), NOW))
    assert {purpose: one.stopped_by for purpose, one in everything.items()} == {REMINDER: 2, Purpose.NOTICES_PUSH: None}


async def test_what_is_due_is_found_when_it_is(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1, 2)
        tx.consents.put(a_consent())
        tx.consents.put(replace(a_consent(AUTO_OFF), ask_at=None))
        tx.consents.put(replace(a_consent(AUTO_OFF, 2), ask_at=None, policy_version=2))
        tx.policies.add(a_policy(1), texts(1))
        tx.policies.add(a_policy(2, AUTO_OFF, effective=2 * DAY), texts(2))

    assert await database.read(lambda tx: tx.consents.next_moment()) is None
    await database.run(seed)
    assert await database.read(lambda tx: tx.consents.next_moment()) == NOW + DAY
    assert await database.read(lambda tx: tx.consents.to_ask(NOW + DAY - SECOND, 9)) == []
    (asked,) = await database.read(lambda tx: tx.consents.to_ask(NOW + DAY, 9))
    assert asked.purpose is REMINDER
    await database.run(lambda tx: tx.consents.put_ask_at(replace(asked, ask_at=NOW + 9 * DAY)))
    assert await database.read(lambda tx: tx.consents.next_moment()) == NOW + 2 * DAY
    assert await database.read(lambda tx: tx.consents.superseded(NOW + DAY, 9)) == []
    (stopped,) = await database.read(lambda tx: tx.consents.superseded(NOW + 2 * DAY, 9))
    assert (stopped.account_id, stopped.purpose) == (account_id(1), AUTO_OFF)
    assert await database.read(lambda tx: tx.consents.superseded(NOW + 2 * DAY, 0)) == []


# -- the ledger


async def test_a_ledger_grows_at_its_end_only(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1, 2)
        tx.consents.append(account_id(), a_row(1), None)
        tx.consents.append(account_id(), a_row(2), LedgerEnd("l-1", 1, digest("row 1")))
        tx.consents.append(account_id(2), a_row(1, ledger="l-2"), None)

    await database.run(seed)
    end = await database.read(lambda tx: tx.consents.end_of_ledger(account_id()))
    assert end == LedgerEnd("l-1", 2, digest("row 2"))
    assert await database.read(lambda tx: tx.consents.events(account_id(), None, 9)) == [a_row(2), a_row(1)]
    assert await database.read(lambda tx: tx.consents.events(account_id(), 2, 9)) == [a_row(1)]
    # A number that a client makes up may be greater than any that the column holds.
    assert await database.read(lambda tx: tx.consents.events(account_id(), 10**18 - 1, 9)) == [a_row(2), a_row(1)]
    assert await database.read(lambda tx: tx.consents.event(account_id(2), 2)) is None
    assert list(await database.read(lambda tx: tx.consents.ledger("l-1"))) == [a_row(1), a_row(2)]

    def late(tx: Transaction, before: LedgerEnd | None) -> bool:
        try:
            tx.consents.append(account_id(), a_row(3), before)
        except StaleVersionError:
            return True
        return False

    assert await database.run(lambda tx: late(tx, LedgerEnd("l-1", 1, digest("row 1"))))
    assert await database.run(lambda tx: late(tx, None))


async def test_a_closed_ledger_has_no_name_and_stays_until_its_time(database: Database) -> None:
    def close(tx: Transaction) -> int:
        with_accounts(tx, 1)
        tx.consents.append(account_id(), a_row(1), None)
        return tx.erasures.remove_subject(account_id(), ErasureId("e-1"), NOW)["consent_events"]

    assert await database.run(close) == 1
    assert await database.read(lambda tx: tx.consents.events(account_id(), None, 9)) == []
    assert await database.read(lambda tx: tx.consents.end_of_ledger(account_id())) is None
    assert list(await database.read(lambda tx: tx.consents.ledger("l-1"))) == [a_row(1)]


@pytest.mark.parametrize("database_kind", DURABLE)
async def test_writers_at_once_make_one_chain(database: Database) -> None:
    await database.run(lambda tx: with_accounts(tx, 1))

    def append(tx: Transaction) -> None:
        end = tx.consents.end_of_ledger(account_id())
        tx.consents.append(account_id(), a_row(1 if end is None else end.number + 1), end)

    await asyncio.gather(*(database.run(append) for _ in range(20)))
    rows = await database.read(lambda tx: tx.consents.ledger("l-1"))
    assert [row.number for row in rows] == list(range(1, 21))


# -- notices of consents, and the end of everything


async def test_a_notice_takes_the_place_of_one_that_nobody_answered_and_is_used_once(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1, 2)
        tx.consents.add_notice(a_notice(1))
        tx.consents.use_notice(use(a_notice(1), 5))
        tx.consents.add_notice(a_notice(2))
        tx.consents.add_notice(a_notice(3, 2))
        tx.consents.add_notice(a_notice(4))

    await database.run(seed)
    found = [await database.read(lambda tx, n=number: tx.consents.notice(f"n-{n}")) for number in (1, 2, 3, 4)]  # type: ignore[misc]
    assert found == [replace(a_notice(1), used_by=5, version=1), None, a_notice(3, 2), a_notice(4)]

    def again(tx: Transaction) -> bool:
        try:
            tx.consents.use_notice(use(a_notice(1), 6))
        except StaleVersionError:
            return True
        return False

    assert await database.run(again)


async def test_with_the_account_goes_everything_but_the_nameless_ledger(database: Database) -> None:
    def seed(tx: Transaction) -> None:
        with_accounts(tx, 1, 2, 3)
        tx.consents.put(a_consent())
        tx.consents.append(account_id(), a_row(1), None)
        tx.consents.add_notice(replace(a_notice(), shown_to=account_id(2)))
        tx.notices.add(account_id(), "kind", {}, NOW)
        tx.guardians.show_code(GuardianCode(account_id(), digest("code"), NOW, NOW + DAY))
        tx.guardians.add(Guardianship(account_id(), "w-1", account_id(2), NOW))
        tx.guardians.add(Guardianship(account_id(3), "w-3", account_id(), NOW))
        gone = delete(accounts).where(accounts.c.account_id == account_id())
        tx.statements.execute(gone)  # type: ignore[attr-defined]

    await database.run(seed)

    def left(tx: Transaction) -> list[object]:
        return [
            *tx.consents.of_account(account_id(), NOW),
            tx.consents.notice("n-1"),
            *tx.notices.of_account(account_id(), None, 9),
            tx.guardians.by_code(digest("code")),
            tx.guardians.of_minor(account_id()),
            tx.guardians.of_minor(account_id(3)),
            *tx.consents.events(account_id(), None, 9),
        ]

    assert not any(await database.run(left))
    assert list(await database.read(lambda tx: tx.consents.ledger("l-1"))) == [a_row(1)]
