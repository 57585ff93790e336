"""Events of the log and models of answers as what an event stream tells."""

from typing import Any

from pydantic import BaseModel, TypeAdapter

from gateway.api.call import Call
from gateway.api.help import with_help
from gateway.api.models import Moment
from gateway.api.sse import Closed, ServerEvent
from gateway.usecases.repositories.events import LoggedEvent

_MOMENT: TypeAdapter[Any] = TypeAdapter(Moment)


def of_model(kind: str, body: BaseModel, number: int | None) -> ServerEvent:
    """An event whose data is a model."""
    return ServerEvent(kind, body.model_dump(mode="json", by_alias=True), None if number is None else str(number))


def of_log(event: LoggedEvent, number: int | None, **more: Any) -> ServerEvent:
    """An event of the log, with its time, the page about its failure code, and what else is to be in its data."""
    data = {**with_help(event.data), "at": _MOMENT.dump_python(event.at, mode="json"), **more}
    return ServerEvent(event.kind, data, None if number is None else str(number))


def why_not_admitted(call: Call) -> Closed:
    """Why a reading found that its session does not count any more: by time, or because somebody ended it."""
    return Closed.TOKEN_EXPIRED if call.deps.clock() >= call.session.expires_at else Closed.SIGNED_OUT
