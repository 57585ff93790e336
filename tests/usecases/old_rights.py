"""What a person asked for about themselves, each old enough to go: seeds for the tests of the retention job."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from gateway.domain.closures import Closure
from gateway.domain.disclosures import Disclosure, DisclosureId, DisclosureStatus, Field
from gateway.domain.exports import Export, ExportId, ExportStatus
from gateway.domain.incidents import Affected, Incident, IncidentId, Parts
from gateway.domain.recipients import RecipientId
from gateway.domain.requests import Request, RequestId, RequestKind, RequestStatus
from gateway.domain.staff import StaffId
from gateway.usecases.repositories.retention import RetentionClass as Class
from gateway.usecases.transaction import Transaction
from tests.storage.records import NOW, account_id, digest, named, with_accounts

DAY = timedelta(days=1)


def an_export(number: int = 1) -> Export:
    return Export(
        ExportId(named("y", number)),
        account_id(),
        digest(f"export {number}"),
        asked_at=NOW - DAY,
        expires_at=NOW,
        status=ExportStatus.READY,
        pieces=1,
        size=6,
    )


def with_export(tx: Transaction) -> None:
    with_accounts(tx, 1)
    tx.exports.add(an_export())
    tx.exports.add_piece(an_export().export_id, 0, b"sealed")


def a_request(number: int = 1) -> Request:
    return Request(
        RequestId(named("q", number)),
        account_id(),
        RequestKind.QUESTION,
        None,
        None,
        b"sealed",
        asked_at=NOW - DAY,
        due_at=NOW,
        status=RequestStatus.WITHDRAWN,
        ended_at=NOW,
    )


def with_request(tx: Transaction) -> None:
    with_accounts(tx, 1)
    tx.requests.add(a_request())


def with_disclosure(tx: Transaction) -> None:
    with_accounts(tx, 1)
    tx.disclosures.add(
        Disclosure(
            DisclosureId(named("o", 1)),
            account_id(),
            RecipientId(named("k", 1)),
            b"sealed",
            "share.webhook",
            (Field.PROPERTIES,),
            None,
            None,
            at=NOW,
            status=DisclosureStatus.DELIVERED,
            ended_at=NOW,
        )
    )


def with_incident(tx: Transaction) -> None:
    with_accounts(tx, 1)
    parts = Parts("what", "effects", "measures", "advice")
    incident = Incident(
        IncidentId(named("i", 1)),
        StaffId(named("t", 1)),
        NOW,
        NOW - DAY,
        None,
        Affected(type_id="heater.panel.s2"),
        {"en": parts, "zh": parts},
    )
    tx.incidents.add(incident)
    assert tx.incidents.tell(incident.incident_id, account_id(), NOW)


def with_closure(tx: Transaction) -> None:
    with_accounts(tx, 1)
    tx.closures.put(Closure(account_id(), digest("closure"), NOW - timedelta(minutes=15), NOW))


SEEDS: dict[str, tuple[Class, Callable[[Transaction], Any]]] = {
    "a copy that nobody fetched": (Class.EXPORT, with_export),
    "a request that is over": (Class.REQUEST, with_request),
    "a sending": (Class.DISCLOSURE, with_disclosure),
    "an incident": (Class.INCIDENT, with_incident),
    "a closing that nobody confirmed": (Class.CLOSURE, with_closure),
}
