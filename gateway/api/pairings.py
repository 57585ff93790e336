"""Routes of pairings: open, watch, cancel."""

import asyncio
import contextlib
from typing import Annotated, Final, Literal

from pydantic import Field

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.consent_problems import not_acknowledged
from gateway.api.event_text import of_log, of_model, why_not_admitted
from gateway.api.help import help_for
from gateway.api.models import DeviceIdText, Moment, PairingIdText, ParameterModel, ResponseModel
from gateway.api.problem import Problem
from gateway.api.routes import Reply, Route
from gateway.api.sse import Stream
from gateway.domain.failures import CATALOGUE, Code
from gateway.domain.identity import PairingId
from gateway.domain.pairing import Pairing, PairingState
from gateway.usecases import pairings as usecase
from gateway.usecases import streams
from gateway.usecases.pairings import PolicyNotAcknowledged, Watched
from gateway.usecases.services import IndexedField
from gateway.usecases.sessions import still_admits
from gateway.usecases.streams import PairingNews
from gateway.usecases.transaction import Transaction

TraceId = Annotated[str, Field(description="To be read out to support", examples=["k7q-4m2"])]
FailureCode = Annotated[str | None, Field(description="Why not", examples=["bind.owned"])]
FailureNumber = Annotated[
    int | None,
    Field(description="The code's number. Show it to people as three digits, as the appliance does: 1 is 001"),
]
FailureHelp = Annotated[str | None, Field(description="The page for people about it", examples=["/docs/codes/803"])]

_LOOK_AGAIN_S: Final = 30.0
"""Wakes come over a network that may lose one: what was missed is told so much later at most."""

CLOSED: Final = "pairing.closed"


class PairingPath(ParameterModel):
    """Which pairing."""

    pairing_id: PairingIdText


class PairingOpened(ResponseModel):
    """The app hands the token to the appliance together with the Wi-Fi credentials. It is shown once and works once."""

    pairing_id: PairingIdText
    bind_token: str = Field(repr=False)
    expires_at: Moment
    trace_id: TraceId


class StepShown(ResponseModel):
    """One thing that happened on the way."""

    step: Literal["reached_us", "activated", "proved", "bound", "connected", "reported"]
    at: Moment
    code: FailureCode
    number: FailureNumber
    help: FailureHelp


class PairingShown(ResponseModel):
    """How far a pairing came."""

    pairing_id: PairingIdText
    status: Literal["open", "completed", "expired", "cancelled", "refused"]
    opened_at: Moment
    expires_at: Moment
    steps: list[StepShown]
    code: FailureCode
    number: FailureNumber
    help: FailureHelp
    device_id: DeviceIdText | None = Field(description="Once it is completed")
    trace_id: TraceId


async def open_pairing(call: Call) -> Reply:
    """Open a pairing."""
    deps = call.deps

    def work(tx: Transaction) -> Answer | Problem:
        home = deps.indexes.index(IndexedField.ADDRESS, call.address)
        opened = usecase.open_one(tx, call.account_id, deps.tokens, deps.identifiers, call.now, address_index=home)
        if isinstance(opened, PolicyNotAcknowledged):
            return not_acknowledged()
        pairing = opened.pairing
        body = PairingOpened(
            pairing_id=pairing.pairing_id,
            bind_token=opened.bind_token,
            expires_at=pairing.expires_at,
            trace_id=pairing.trace_id,
        )
        return Answer(201, body, location=f"/v1/pairings/{pairing.pairing_id}")

    return await call.commit(work)


async def show_pairing(call: Call) -> Reply:
    """How far a pairing came."""
    pairing_id = PairingId(call.get(PairingPath).pairing_id)
    watched = await call.read(lambda tx: usecase.watch(tx, call.account_id, pairing_id, call.now))
    return Problem(ApiCode.NOT_FOUND) if watched is None else Answer(200, _shown(watched))


async def cancel_pairing(call: Call) -> Reply:
    """Cancel a pairing. One that is over stays what it is, and is shown."""
    pairing_id = PairingId(call.get(PairingPath).pairing_id)

    def work(tx: Transaction) -> Answer | Problem:
        if usecase.cancel_one(tx, call.account_id, pairing_id, call.now) is None:
            return Problem(ApiCode.NOT_FOUND)
        watched = usecase.watch(tx, call.account_id, pairing_id, call.now)
        return Problem(ApiCode.NOT_FOUND) if watched is None else Answer(200, _shown(watched))

    return await call.commit(work)


async def watch_pairing(call: Call) -> Reply:
    """Watch a pairing until it is over."""
    pairing_id = PairingId(call.get(PairingPath).pairing_id)
    first = await _read(call, pairing_id, 0)
    if first is None:
        return Problem(ApiCode.NOT_FOUND)

    async def source(stream: Stream) -> None:
        await _tell(call, stream, pairing_id)

    return await call.stream(source)


async def _tell(call: Call, stream: Stream, pairing_id: PairingId) -> None:
    """The pairing as it is, then what happens to it, to its end."""
    changes, account_id = call.deps.changes, call.account_id
    number: int | None = None
    while True:
        version = changes.version(account_id)
        news = await _read(call, pairing_id, number or 0)
        if news is None:
            stream.close(why_not_admitted(call))
            return
        watched = news.watched
        over = usecase.is_over(watched.pairing)
        if number is None:
            stream.tell(of_model("pairing", _shown(watched), news.number))
        else:
            for event in news.events:
                stream.tell(of_log(event, event.number))
            if over and not any(event.kind == CLOSED for event in news.events):
                # Its time ran out and the timer has not written it down yet.
                stream.tell(of_model(CLOSED, _shown(watched), None))
        if over:
            return
        number = news.number
        left = (watched.pairing.expires_at - call.deps.clock()).total_seconds()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.05, min(_LOOK_AGAIN_S, left))):
                await changes.wait(account_id, version)


async def _read(call: Call, pairing_id: PairingId, after: int) -> PairingNews | None:
    now = call.deps.clock()

    def read(tx: Transaction) -> PairingNews | None:
        if not still_admits(tx, call.session, now):
            return None
        return streams.pairing_news(tx, call.account_id, pairing_id, after, now)

    return await call.read(read)


def _shown(watched: Watched) -> PairingShown:
    pairing = watched.pairing
    return PairingShown(
        pairing_id=pairing.pairing_id,
        status=pairing.state.value,
        opened_at=pairing.opened_at,
        expires_at=pairing.expires_at,
        steps=[
            StepShown.model_validate(
                {
                    "step": step.step,
                    "at": step.at,
                    "code": step.code,
                    "number": _number(step.code),
                    "help": help_for(step.code),
                }
            )
            for step in watched.steps
        ],
        code=pairing.code,
        number=_number(pairing.code),
        help=help_for(pairing.code),
        device_id=_device_of(pairing),
        trace_id=pairing.trace_id,
    )


def _device_of(pairing: Pairing) -> str | None:
    """The device, once it is theirs: of a refused pairing it is somebody else's."""
    return pairing.device_id if pairing.state is PairingState.COMPLETED else None


def _number(code: Code | None) -> int | None:
    return None if code is None else CATALOGUE[code].number


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/pairings",
        handler=open_pairing,
        summary="Open a pairing",
        tag="pairings",
        answers={201: PairingOpened},
        problems=(ApiCode.POLICY_NOT_ACKNOWLEDGED,),
        description="For an account that acknowledged the policy. For ten minutes. Of more than five open ones the "
        "oldest are cancelled. Send an Idempotency-Key: if the answer is lost, the same request shows the same token "
        "again.",
    ),
    Route(
        method="GET",
        path="/v1/pairings/{pairing_id}",
        handler=show_pairing,
        summary="One pairing",
        tag="pairings",
        parameters=PairingPath,
        answers={200: PairingShown},
    ),
    Route(
        method="GET",
        path="/v1/pairings/{pairing_id}/events",
        handler=watch_pairing,
        summary="Watch a pairing",
        tag="pairings",
        parameters=PairingPath,
        answers={200: None},
        stream=True,
        description="First `pairing`, as in GET; then `pairing.step`, `pairing.refused` (for now: the appliance may "
        "ask again) and `pairing.verdict` (how it stands when something went wrong), and at last `pairing.closed`. "
        "Always from the start: there is no need to resume.",
    ),
    Route(
        method="DELETE",
        path="/v1/pairings/{pairing_id}",
        handler=cancel_pairing,
        summary="Cancel a pairing",
        tag="pairings",
        parameters=PairingPath,
        answers={200: PairingShown},
        description="One that is over already stays what it is.",
    ),
)
