"""What people ask about their data, on SQL."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, insert, select, tuple_, update

from gateway.domain.identity import AccountId
from gateway.domain.requests import (
    WAITING,
    DeletionGround,
    RefusalGround,
    Request,
    RequestId,
    RequestKind,
    RequestStatus,
)
from gateway.domain.staff import StaffId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.access import accounts
from gateway.storage.tables.rights import requests
from gateway.storage.tables.schema import Instant

_INSERT: Final = insert(requests)
_GET: Final = select(requests).where(requests.c.request_id == bindparam("request_id"))
_HOLD: Final = select(accounts.c.account_id).where(accounts.c.account_id == bindparam("account_id")).with_for_update()
_CHANGING: Final = (
    "status",
    "taken_by",
    "taken_at",
    "refusal",
    "answer_sealed",
    "ended_at",
    "alarms",
    "next_alarm_at",
)
_PUT: Final = (
    update(requests)
    .where(requests.c.request_id == bindparam("b_request_id"), requests.c.version == bindparam("b_version"))
    .values({**{name: bindparam(name) for name in _CHANGING}, "version": requests.c.version + 1})
)
_IS_WAITING: Final = requests.c.status.in_(sorted(status.value for status in WAITING))
_PLACE: Final = tuple_(bindparam("place_at", type_=Instant()), bindparam("place_id"))
_WAITING_OF: Final = (
    select(requests)
    .where(requests.c.account_id == bindparam("account_id"), _IS_WAITING)
    .order_by(requests.c.asked_at, requests.c.request_id)
)
_OF_ACCOUNT: Final = (
    select(requests)
    .where(requests.c.account_id == bindparam("account_id"))
    .order_by(requests.c.asked_at.desc(), requests.c.request_id.desc())
    .limit(bindparam("at_most"))
)
_OF_ACCOUNT_BEFORE: Final = _OF_ACCOUNT.where(tuple_(requests.c.asked_at, requests.c.request_id) < _PLACE)
_ALL_WAITING: Final = (
    select(requests).where(_IS_WAITING).order_by(requests.c.due_at, requests.c.request_id).limit(bindparam("at_most"))
)
_ALL_WAITING_AFTER: Final = _ALL_WAITING.where(tuple_(requests.c.due_at, requests.c.request_id) > _PLACE)
_ENDED: Final = (
    select(requests)
    .where(requests.c.ended_at.is_not(None))
    .order_by(requests.c.ended_at.desc(), requests.c.request_id.desc())
    .limit(bindparam("at_most"))
)
_ENDED_BEFORE: Final = _ENDED.where(tuple_(requests.c.ended_at, requests.c.request_id) < _PLACE)
_RINGING: Final = (
    select(requests)
    .where(requests.c.next_alarm_at <= bindparam("now"))
    .order_by(requests.c.next_alarm_at, requests.c.request_id)
    .limit(bindparam("at_most"))
)
_NEXT_ALARM: Final = select(func.min(requests.c.next_alarm_at, type_=Instant()))


class SqlRequests:
    """Implements `usecases.repositories.requests.RequestRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def add(self, request: Request) -> None:
        """See the protocol."""
        self._statements.execute(
            _INSERT,
            {
                "request_id": request.request_id,
                "account_id": request.account_id,
                "kind": request.kind.value,
                "ground": None if request.ground is None else request.ground.value,
                "about": request.about,
                "text_sealed": request.text_sealed,
                "asked_at": request.asked_at,
                "due_at": request.due_at,
                "version": request.version,
                **_changing(request),
            },
        )

    def get(self, request_id: RequestId) -> Request | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"request_id": request_id})
        return None if row is None else _request(row)

    def put(self, request: Request) -> None:
        """See the protocol."""
        values = {"b_request_id": request.request_id, "b_version": request.version, **_changing(request)}
        self._statements.execute_guarded(_PUT, values)

    def hold(self, account_id: AccountId) -> None:
        """See the protocol."""
        self._statements.first(_HOLD, {"account_id": account_id})

    def waiting_of(self, account_id: AccountId) -> list[Request]:
        """See the protocol."""
        return [_request(row) for row in self._statements.all(_WAITING_OF, {"account_id": account_id})]

    def of_account(
        self, account_id: AccountId, before: tuple[datetime, RequestId] | None, at_most: int
    ) -> list[Request]:
        """See the protocol."""
        return self._page(_OF_ACCOUNT, _OF_ACCOUNT_BEFORE, before, {"account_id": account_id, "at_most": at_most})

    def waiting(self, after: tuple[datetime, RequestId] | None, at_most: int) -> list[Request]:
        """See the protocol."""
        return self._page(_ALL_WAITING, _ALL_WAITING_AFTER, after, {"at_most": at_most})

    def ended(self, before: tuple[datetime, RequestId] | None, at_most: int) -> list[Request]:
        """See the protocol."""
        return self._page(_ENDED, _ENDED_BEFORE, before, {"at_most": at_most})

    def ringing(self, now: datetime, at_most: int) -> list[Request]:
        """See the protocol."""
        return [_request(row) for row in self._statements.all(_RINGING, {"now": now, "at_most": at_most})]

    def next_alarm(self) -> datetime | None:
        """See the protocol."""
        row = self._statements.first(_NEXT_ALARM)
        return None if row is None else row[0]

    def _page(
        self,
        first: Select[Any],
        following: Select[Any],
        place: tuple[datetime, RequestId] | None,
        values: dict[str, Any],
    ) -> list[Request]:
        if place is None:
            return [_request(row) for row in self._statements.all(first, values)]
        values |= {"place_at": place[0], "place_id": place[1]}
        return [_request(row) for row in self._statements.all(following, values)]


def _changing(request: Request) -> dict[str, Any]:
    return {
        "status": request.status.value,
        "taken_by": request.taken_by,
        "taken_at": request.taken_at,
        "refusal": None if request.refusal is None else request.refusal.value,
        "answer_sealed": request.answer_sealed,
        "ended_at": request.ended_at,
        "alarms": request.alarms,
        "next_alarm_at": request.next_alarm_at,
    }


def _request(row: AnyRow) -> Request:
    return Request(
        request_id=RequestId(row.request_id),
        account_id=AccountId(row.account_id),
        kind=RequestKind(row.kind),
        ground=None if row.ground is None else DeletionGround(row.ground),
        about=None if row.about is None else RequestId(row.about),
        text_sealed=row.text_sealed,
        asked_at=row.asked_at,
        due_at=row.due_at,
        status=RequestStatus(row.status),
        taken_by=None if row.taken_by is None else StaffId(row.taken_by),
        taken_at=row.taken_at,
        refusal=None if row.refusal is None else RefusalGround(row.refusal),
        answer_sealed=row.answer_sealed,
        ended_at=row.ended_at,
        alarms=row.alarms,
        next_alarm_at=row.next_alarm_at,
        version=row.version,
    )
