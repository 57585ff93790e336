"""The route of events: everything that an account may see, as it happens."""

import asyncio
import contextlib
import re
from typing import Final

from gateway.api.call import Call
from gateway.api.device_models import DeviceInSnapshot, shown_in_snapshot, shown_state
from gateway.api.event_text import of_log, of_model, why_not_admitted
from gateway.api.models import ResponseModel
from gateway.api.routes import Reply, Route
from gateway.api.sse import ServerEvent, Stream
from gateway.usecases import streams as usecase
from gateway.usecases.sessions import still_admits
from gateway.usecases.streams import Changes, Happened, Snapshot, StateChanged
from gateway.usecases.transaction import Transaction

_LOOK_AGAIN_S: Final = 30.0
"""Wakes come over a network that may lose one: what was missed is told so much later at most."""
_READING_S: Final = 30.0
"""How long a client may take for what one reading brought."""
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


class SnapshotShown(ResponseModel):
    """All devices, with their state."""

    devices: list[DeviceInSnapshot]


async def watch_everything(call: Call) -> Reply:
    """Everything that this account may see, as it happens."""

    async def source(stream: Stream) -> None:
        await _tell(call, stream)

    return await call.stream(source)


async def _tell(call: Call, stream: Stream) -> None:
    """A snapshot unless the client can go on where it was, then changes.

    The version is taken before reading: what is committed in between wakes at once.
    """
    changes, account_id = call.deps.changes, call.account_id
    number = _number_in(stream.last_event_id)
    while True:
        version = changes.version(account_id)
        found = await _read(call, number)
        more = False
        match found:
            case None:
                stream.close(why_not_admitted(call))
                return
            case Snapshot():
                body = SnapshotShown(devices=[shown_in_snapshot(seen) for seen in found.devices])
                stream.tell(of_model("snapshot", body, found.number))
            case Changes():
                more = found.more
                for event in _told(found):
                    stream.tell(event)
                    await stream.taken(_READING_S)
        number = found.number
        if not more:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await changes.wait(account_id, version)


def _number_in(last: str | None) -> int | None:
    return None if last is None or _NUMBER.fullmatch(last) is None else int(last)


async def _read(call: Call, number: int | None) -> Snapshot | Changes | None:
    """What is to be told next; None when the session is over."""
    deps, now = call.deps, call.deps.clock()

    def read(tx: Transaction) -> Snapshot | Changes | None:
        if not still_admits(tx, call.session, now):
            return None
        return usecase.since(tx, deps.names_of(call.account_id), call.account_id, number, now)

    return await call.read(read)


def _told(changes: Changes) -> list[ServerEvent]:
    """The news as events. Of several under one number only the last bears it, so that nobody resumes between them."""
    numbers = [each.number for each in changes.news]
    last = dict(zip(numbers, range(len(numbers)), strict=True))
    return [
        _event(each, each.number if last[each.number] == place else None) for place, each in enumerate(changes.news)
    ]


def _event(news: StateChanged | Happened, number: int | None) -> ServerEvent:
    match news:
        case StateChanged(state=state):
            return of_model("state", shown_state(state), number)
        case Happened(event=event, device=seen):
            more = {} if seen is None else {"device": shown_in_snapshot(seen).model_dump(mode="json")}
            return of_log(event, number, **more)


ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/events",
        handler=watch_everything,
        summary="Watch everything",
        tag="events",
        answers={200: None},
        stream=True,
        description="First `snapshot` with all devices, their state and presence; then `state` (a device's whole "
        "state and presence, whenever one of them changed), `device.bound`, `device.renamed`, `device.released`, "
        "`device.release_asked`, `device.event`, `command`, `pairing.step`, `pairing.refused`, `pairing.verdict`, "
        "`pairing.closed`, `support.opened`, `support.ended`, `automation.reminder`, `automation.pending` (with "
        "`firing_id`, and `acts_at`: undo until then), `automation.ended`, `home.changed`, `consent` (with `purpose` "
        "and `state`), `notice` (with `notice_id` and `kind`: read it at `/v1/notices`). With `Last-Event-ID` it "
        "goes on after that event, for ten minutes; later a new snapshot comes. Five streams an account.",
    ),
)
