"""Routes of requests: ask, object, complain; read the answer; take it back."""

from typing import Annotated, Final, Literal

from pydantic import Field

from gateway.api import places
from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import Moment, Page, ParameterModel, RequestModel, ResponseModel, identifier
from gateway.api.problem import FieldError, Problem
from gateway.api.routes import Cost, Reply, Route
from gateway.domain.requests import (
    TEXT_AT_MOST,
    BadRequest,
    DeletionGround,
    NotNow,
    RefusalGround,
    Request,
    RequestId,
    RequestKind,
)
from gateway.usecases import requests as usecase
from gateway.usecases.requests import Enough, NoSuchRequest, Readable
from gateway.usecases.transaction import Transaction

RequestIdText = Annotated[str, identifier("q")]
KindText = Literal["access", "correction", "deletion", "objection", "complaint", "question"]
GroundText = Literal["unlawful", "without_consent", "breach", "no_longer_used", "no_longer_offered"]
RefusalText = Literal[
    "national_security", "public_interest", "criminal_proceedings", "abuse", "rights_of_others", "trade_secret"
]


class RequestPath(ParameterModel):
    """Which request."""

    request_id: RequestIdText


class AskRequest(RequestModel):
    """What is asked. Nothing is needed to prove who asks: the session does."""

    kind: KindText
    ground: GroundText | None = Field(default=None, description="Of a deletion, and only there: one of the five")
    about: RequestIdText | None = Field(default=None, description="Of a complaint: the request that it is about")
    text: str = Field(repr=False, min_length=1, max_length=4 * TEXT_AT_MOST, examples=["My heater is listed twice."])


class RequestShown(ResponseModel):
    """A request, without its words."""

    request_id: RequestIdText
    kind: KindText
    ground: GroundText | None
    about: RequestIdText | None
    status: Literal["open", "taken", "answered", "refused", "withdrawn"]
    asked_at: Moment
    due_at: Moment = Field(description="Answered by then: thirty days")
    ended_at: Moment | None
    refusal: RefusalText | None = Field(description="One of the six grounds, where it was refused")


class RequestDetail(RequestShown):
    """A request with its words."""

    text: str = Field(repr=False)
    answer: str | None = Field(repr=False)


class RequestsPage(ResponseModel):
    """A piece of the list, newest first."""

    items: list[RequestShown]
    next: str | None = Field(description="`cursor` of the next piece; null at the end")


async def ask_request(call: Call) -> Reply:
    """Ask."""
    body, deps = call.get(AskRequest), call.deps

    def work(tx: Transaction) -> Answer | Problem:
        outcome = usecase.ask(
            tx,
            call.account_id,
            kind=RequestKind(body.kind),
            ground=None if body.ground is None else DeletionGround(body.ground),
            about=None if body.about is None else RequestId(body.about),
            text=body.text,
            persons=deps.persons,
            identifiers=deps.identifiers,
            now=call.now,
        )
        match outcome:
            case Request():
                return Answer(201, shown_request(outcome), location=f"/v1/me/requests/{outcome.request_id}")
            case BadRequest(field=name, message=message):
                return Problem(ApiCode.VALIDATION, errors=[FieldError("body", name, message)])
            case NoSuchRequest():
                return Problem(ApiCode.VALIDATION, errors=[FieldError("body", "about", "is no request of yours")])
            case Enough():
                return Problem(ApiCode.REQUEST_LIMIT)

    return await call.commit(work)


async def list_requests(call: Call) -> Reply:
    """A piece of the account's requests."""
    page = call.get(Page)
    place = places.read(page.cursor)
    before = None if place is None else (place[0], RequestId(place[1]))
    found, following = await call.read(lambda tx: usecase.page(tx, call.account_id, before, page.limit))
    return Answer(200, RequestsPage(items=[shown_request(one) for one in found], next=places.written(following)))


async def show_request(call: Call) -> Reply:
    """One request with its answer."""
    request_id = RequestId(call.get(RequestPath).request_id)

    def work(tx: Transaction) -> Answer | Problem:
        request = usecase.one(tx, call.account_id, request_id)
        if request is None:
            return Problem(ApiCode.NOT_FOUND)
        return Answer(200, _detail(usecase.readable(request, call.deps.persons.sealer(call.account_id))))

    return await call.read(work)


async def withdraw_request(call: Call) -> Reply:
    """Take a request back."""
    request_id = RequestId(call.get(RequestPath).request_id)

    def work(tx: Transaction) -> Answer | Problem:
        match usecase.withdraw(tx, call.account_id, request_id, call.now):
            case Request() as request:
                return Answer(200, shown_request(request))
            case NoSuchRequest():
                return Problem(ApiCode.NOT_FOUND)
            case NotNow():
                return Problem(ApiCode.REQUEST_OVER)

    return await call.commit(work)


def shown_request(request: Request) -> RequestShown:
    """A request as the list shows it."""
    return RequestShown.model_validate(_parts(request))


def _detail(readable: Readable) -> RequestDetail:
    return RequestDetail.model_validate({**_parts(readable.request), "text": readable.text, "answer": readable.answer})


def _parts(request: Request) -> dict[str, object]:
    return {
        "request_id": request.request_id,
        "kind": request.kind.value,
        "ground": None if request.ground is None else request.ground.value,
        "about": request.about,
        "status": request.status.value,
        "asked_at": request.asked_at,
        "due_at": request.due_at,
        "ended_at": request.ended_at,
        "refusal": None if request.refusal is None else request.refusal.value,
    }


_GROUNDS: Final = ", ".join(f"`{ground.value}`" for ground in RefusalGround)

ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/me/requests",
        handler=ask_request,
        summary="Ask, object or complain",
        tag="rights",
        request=AskRequest,
        answers={201: RequestShown},
        cost=Cost.WORK,
        problems=(ApiCode.REQUEST_LIMIT,),
        description="Answered within thirty days. A complaint goes to another officer than the one whose answer it is "
        f"about. A refusal names one of six grounds: {_GROUNDS}.",
    ),
    Route(
        method="GET",
        path="/v1/me/requests",
        handler=list_requests,
        summary="What was asked",
        tag="rights",
        query=Page,
        answers={200: RequestsPage},
    ),
    Route(
        method="GET",
        path="/v1/me/requests/{request_id}",
        handler=show_request,
        summary="A request with its answer",
        tag="rights",
        parameters=RequestPath,
        answers={200: RequestDetail},
    ),
    Route(
        method="DELETE",
        path="/v1/me/requests/{request_id}",
        handler=withdraw_request,
        summary="Take a request back",
        tag="rights",
        parameters=RequestPath,
        answers={200: RequestShown},
        problems=(ApiCode.REQUEST_OVER,),
        description="It stays in the list. Taking it back twice is no error.",
    ),
)
