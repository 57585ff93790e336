"""Routes of notices: what the gateway has to tell a person."""

from typing import Any, Final

from pydantic import Field

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import Moment, Page, ParameterModel, ResponseModel
from gateway.api.problem import FieldError, Problem
from gateway.api.routes import Reply, Route
from gateway.usecases import notices as usecase
from gateway.usecases.transaction import Transaction

_LONGEST_CURSOR: Final = 18


class NoticePath(ParameterModel):
    """Which notice."""

    notice_id: int = Field(ge=1, le=2**53 - 1)


class NoticeShown(ResponseModel):
    """One notice. The app says it in the person's language."""

    notice_id: str
    kind: str = Field(description="What it is about", examples=["policy.published", "consent.renewal_due"])
    data: dict[str, Any]
    at: Moment
    read_at: Moment | None


class NoticePage(ResponseModel):
    """A piece of the list, newest first."""

    items: list[NoticeShown]
    unread: int = Field(description="Of all notices, not only of these")
    next: str | None = Field(description="`cursor` of the next piece; null at the end")


async def list_notices(call: Call) -> Reply:
    """Everything that this account was told."""
    page = call.get(Page)
    before = None if page.cursor is None else number_of(page.cursor)
    (found, following), unread = await call.read(
        lambda tx: (usecase.page(tx, call.account_id, before, page.limit), tx.notices.unread(call.account_id))
    )
    items = [
        NoticeShown(notice_id=str(one.number), kind=one.kind, data=dict(one.data), at=one.at, read_at=one.read_at)
        for one in found
    ]
    return Answer(200, NoticePage(items=items, unread=unread, next=None if following is None else str(following)))


async def mark_notice_read(call: Call) -> Reply:
    """Mark one as read."""
    number = call.get(NoticePath).notice_id

    def work(tx: Transaction) -> Answer | Problem:
        found = usecase.mark_read(tx, call.account_id, number, call.now)
        return Answer(204) if found else Problem(ApiCode.NOT_FOUND)

    return await call.commit(work)


def number_of(cursor: str) -> int:
    """The number in a cursor that an answer gave."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _LONGEST_CURSOR):
        raise Problem(ApiCode.VALIDATION, errors=[FieldError("query", "cursor", "is none that an answer gave")])
    return int(cursor)


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/notices",
        handler=list_notices,
        summary="What this account was told",
        tag="notices",
        query=Page,
        answers={200: NoticePage},
        description="Changes of the policy, consents that stop or are asked about, support, incidents. Kept a year.",
    ),
    Route(
        method="PUT",
        path="/v1/notices/{notice_id}/read",
        handler=mark_notice_read,
        summary="Mark as read",
        tag="notices",
        parameters=NoticePath,
        answers={204: None},
        description="For the first time only; again changes nothing.",
    ),
)
