"""What people ask for, on every database: stored whole, guarded by versions, in the order that lists promise."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.accounts import LoginKind
from gateway.domain.disclosures import Disclosure, DisclosureId, DisclosureStatus, Field, Why
from gateway.domain.exports import ExportStatus
from gateway.domain.identity import AccountId, SessionId
from gateway.domain.incidents import Affected, Incident, IncidentId, IncidentStatus, Parts
from gateway.domain.recipients import RecipientId
from gateway.domain.requests import DeletionGround, RefusalGround, RequestKind, RequestStatus
from gateway.domain.sessions import AccessToken, RefreshToken, Session
from gateway.domain.staff import StaffId
from gateway.storage.database import Database
from gateway.usecases.repositories.disclosures import StoredRecipient
from gateway.usecases.transaction import StaleVersionError, Transaction
from tests.storage.records import NOW, SECOND, account_id, device_id, digest, named, with_accounts
from tests.usecases.old_rights import a_request, an_export

PARTS = Parts("what", "effects", "measures", "advice")


def a_disclosure(number: int = 1) -> Disclosure:
    return Disclosure(
        DisclosureId(named("o", number)),
        account_id(),
        RecipientId(named("k", 1)),
        b"host",
        "share.webhook",
        (Field.DEVICE_ID, Field.PROPERTIES),
        device_id(),
        b"payload",
        at=NOW + number * SECOND,
        next_try_at=NOW + number * SECOND,
    )


def an_incident(number: int = 1) -> Incident:
    return Incident(
        IncidentId(named("i", number)),
        StaffId(named("t", 1)),
        NOW + number * SECOND,
        NOW - SECOND,
        NOW,
        Affected("heater.panel.s2", "1.0", NOW, (device_id(1), device_id(2))),
        {"en": PARTS, "zh": replace(PARTS, what="发生了什么")},
    )


async def run(database: Database, work: Any) -> Any:
    def with_people(tx: Transaction) -> Any:
        with_accounts(tx, 1, 2)
        return work(tx)

    return await database.run(with_people)


async def test_each_comes_back_as_it_was_stored_and_changed(database: Database) -> None:
    request = replace(a_request(), kind=RequestKind.DELETION, ground=DeletionGround.BREACH, next_alarm_at=NOW)
    changed = replace(
        request,
        status=RequestStatus.REFUSED,
        taken_by=StaffId("t-1"),
        taken_at=NOW,
        refusal=RefusalGround.ABUSE,
        answer_sealed=b"answer",
        alarms=2,
        next_alarm_at=None,
    )
    export = replace(an_export(), ready_at=NOW, fetching_until=NOW, place="here")
    disclosure, incident = a_disclosure(), an_incident()
    gone = replace(
        disclosure,
        status=DisclosureStatus.FAILED,
        why=Why.TIMEOUT,
        tries=5,
        payload_sealed=None,
        next_try_at=None,
        ended_at=NOW,
    )
    told = replace(incident, status=IncidentStatus.TOLD, affected=None, told=3, told_at=NOW, place=None)
    recipient = StoredRecipient(RecipientId(named("k", 1)), account_id(), b"url", b"secret", NOW)

    def store(tx: Transaction) -> None:
        tx.requests.add(request)
        tx.requests.put(changed)
        tx.exports.add(replace(export, status=ExportStatus.MAKING))
        tx.exports.put(export)
        tx.disclosures.add(disclosure)
        tx.disclosures.put(gone)
        tx.disclosures.add_recipient(recipient)
        tx.incidents.add(incident)
        assert tx.incidents.get(incident.incident_id) == incident
        tx.incidents.put(told)

    await run(database, store)
    read = await database.read(
        lambda tx: (
            tx.requests.get(request.request_id),
            tx.exports.by_token(export.token_digest),
            tx.disclosures.get(disclosure.disclosure_id),
            tx.incidents.get(incident.incident_id),
            tx.disclosures.recipients_of(account_id()),
        )
    )
    assert read == (
        replace(changed, version=1),
        replace(export, version=1),
        replace(gone, version=1),
        replace(told, version=1),
        [recipient],
    )


@pytest.mark.parametrize("what", ["requests", "exports", "disclosures", "incidents"])
async def test_a_change_of_what_somebody_changed_meanwhile_is_refused(database: Database, what: str) -> None:
    records = {
        "requests": a_request(),
        "exports": an_export(),
        "disclosures": a_disclosure(),
        "incidents": an_incident(),
    }
    one: Any = records[what]
    refusals: list[bool] = []

    def twice(tx: Transaction) -> None:
        repository: Any = getattr(tx, what)
        repository.add(one)
        repository.put(one)
        try:
            repository.put(one)
        except StaleVersionError:
            refusals.append(True)

    await run(database, twice)
    assert refusals == [True]


async def test_another_login_name_is_stored_unless_somebody_has_it(database: Database) -> None:
    def change(tx: Transaction) -> tuple[bool, bool, bool]:
        ann, bob = tx.accounts.get(account_id(1)), tx.accounts.get(account_id(2))
        assert ann is not None
        assert bob is not None
        taken = tx.accounts.set_login(ann, bob.login_index, LoginKind.PHONE)
        free = tx.accounts.set_login(ann, digest("new"), LoginKind.PHONE)
        again = tx.accounts.get(account_id(1))
        assert again is not None
        same = tx.accounts.set_login(again, digest("new"), LoginKind.MAIL)
        with pytest.raises(StaleVersionError):
            tx.accounts.set_login(ann, digest("late"), LoginKind.MAIL)
        return taken, free, same

    assert await run(database, change) == (False, True, True)
    found = await database.read(lambda tx: (tx.accounts.by_login(digest("new")), tx.accounts.by_login(digest("late"))))
    assert found[0] is not None
    assert (found[0].account_id, found[0].login_kind, found[1]) == (account_id(1), LoginKind.MAIL, None)


async def test_lists_are_of_one_account_newest_first_and_go_on_where_they_stopped(database: Database) -> None:
    def store(tx: Transaction) -> None:
        for number in range(1, 6):
            tx.requests.add(replace(a_request(number), asked_at=NOW + number * SECOND))
            tx.disclosures.add(a_disclosure(number))
            tx.incidents.add(an_incident(number))
            session_id = SessionId(named("s", number))
            session = Session(session_id, account_id(), NOW + number * SECOND, NOW)
            access = AccessToken(digest(f"a{number}"), session_id, NOW)
            tx.sessions.add(session, access, RefreshToken(digest(f"r{number}"), session_id, NOW))
        tx.requests.add(replace(a_request(9), account_id=account_id(2)))
        tx.disclosures.add(replace(a_disclosure(9), account_id=account_id(2)))

    await run(database, store)
    mine: AccountId = account_id()

    def read(tx: Transaction) -> list[list[str]]:
        requests = tx.requests.of_account(mine, None, 3)
        requests += tx.requests.of_account(mine, (requests[-1].asked_at, requests[-1].request_id), 9)
        sendings = tx.disclosures.of_account(mine, None, 3)
        sendings += tx.disclosures.of_account(mine, (sendings[-1].at, sendings[-1].disclosure_id), 9)
        incidents = tx.incidents.page(None, 3)
        incidents += tx.incidents.page((incidents[-1].recorded_at, incidents[-1].incident_id), 9)
        sessions = tx.sessions.of_account(mine, 9)
        return [
            [one.request_id[-1] for one in requests],
            [one.disclosure_id[-1] for one in sendings],
            [one.incident_id[-1] for one in incidents],
            [one.session_id[-1] for one in sessions],
        ]

    assert await database.read(read) == [list("54321")] * 4


async def test_what_is_due_comes_in_the_order_of_its_time(database: Database) -> None:
    def store(tx: Transaction) -> None:
        for number in (2, 1):
            tx.disclosures.add(a_disclosure(number))
            waiting = replace(a_request(number), status=RequestStatus.OPEN, ended_at=None)
            tx.requests.add(replace(waiting, due_at=NOW + number * SECOND, next_alarm_at=NOW + number * SECOND))

    await run(database, store)

    def look(tx: Transaction) -> Any:
        just = NOW + SECOND
        due = tx.disclosures.due(just)
        assert due is not None
        return (
            tx.disclosures.next_due(),
            due.disclosure_id[-1],
            tx.disclosures.due(just - timedelta(milliseconds=1)),
            tx.requests.next_alarm(),
            [one.request_id[-1] for one in tx.requests.ringing(just, 9)],
            [one.request_id[-1] for one in tx.requests.waiting(None, 9)],
        )

    assert await database.run(look) == (NOW + SECOND, "1", None, NOW + SECOND, ["1"], ["1", "2"])
