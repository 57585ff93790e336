"""Routes of commands: give one, look at it, take it back."""

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, assert_never

from pydantic import Field, TypeAdapter

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.devices import DevicePath
from gateway.api.models import DeviceIdText, Moment, ParameterModel, RequestModel, ResponseModel, UuidText
from gateway.api.problem import FieldError, Problem
from gateway.api.routes import Reply, Route
from gateway.domain.commands import Command, Status, TooLong
from gateway.domain.identity import CommandId, DeviceId
from gateway.usecases import commands as usecase
from gateway.usecases.commands import CommandServices, SendOutcome
from gateway.usecases.transaction import Transaction
from gateway.usecases.wishes import DeviceOffline, Invalid, NotAllowed, NotFound, TooMany, Wish

_LOOK_AGAIN_S: Final = 1.0
"""A wake of another gateway may be lost; nobody who waits for an end should wait for much longer than it takes."""
_LIFE_AT_MOST_S: Final = 366 * 24 * 3600
"""Far above what any command may have: the answer then names the longest."""

_MOMENT: TypeAdapter[Any] = TypeAdapter(Moment)


class CommandPath(ParameterModel):
    """Which command."""

    command_id: UuidText


class GiveCommand(RequestModel):
    """What the appliance is to do."""

    action: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", examples=["set"])]
    params: dict[str, Any] = Field(default_factory=dict, repr=False, examples=[{"target_c": 22}])
    expires_in_s: int | None = Field(
        default=None,
        ge=1,
        le=_LIFE_AT_MOST_S,
        description="How long it may wait for its appliance: 30 seconds when absent, at most a day, and 30 seconds "
        "for whatever turns something on",
    )


class CommandShown(ResponseModel):
    """How far a command came. What it asked for is not shown, and is forgotten at its end."""

    command_id: UuidText
    device_id: DeviceIdText
    action: str
    status: Literal[
        "accepted",
        "sent",
        "received",
        "applied",
        "rejected",
        "failed",
        "expired",
        "cancelled",
        "superseded",
        "refused",
        "applied_late",
    ]
    code: str | None = Field(description="The appliance's reason for `rejected` and `failed`, or ours")
    issued_at: Moment
    expires_at: Moment
    sent_at: Moment | None
    received_at: Moment | None
    ended_at: Moment | None


async def give_command(call: Call) -> Reply:
    """Give a command."""
    device_id, body = DeviceId(call.get(DevicePath).device_id), call.get(GiveCommand)
    services = CommandServices(call.deps.signer, call.deps.identifiers, call.deps.types)
    wish = Wish(
        action=body.action,
        params=body.params,
        life=None if body.expires_in_s is None else timedelta(seconds=body.expires_in_s),
    )
    given: list[Command] = []

    def work(tx: Transaction) -> Answer | Problem:
        outcome = usecase.send(tx, services, call.account_id, device_id, wish, call.now)
        if not isinstance(outcome, Command):
            return _refused(outcome)
        given[:] = [outcome]
        return Answer(202, shown(outcome), location=f"/v1/commands/{outcome.command_id}")

    answer = await call.commit(work)
    wait_s = call.wait_s()
    if wait_s is None or not isinstance(answer, Answer):
        return answer
    ended = await _end_of(call, given[0].command_id, wait_s)
    if ended is None:
        return answer
    return Answer(200, shown(ended), answer.location, headers={"Preference-Applied": "wait"})


async def _end_of(call: Call, command_id: CommandId, seconds: float) -> Command | None:
    """The command once it has ended; None when that takes longer, or nobody may see it any more."""
    changes, account_id = call.deps.changes, call.account_id
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                version = changes.version(account_id)
                now = call.deps.clock()
                command = await call.read(lambda tx: usecase.one(tx, account_id, command_id, now))  # noqa: B023 - read at once
                if isinstance(command, NotFound):
                    return None
                if not command.under_way:
                    return command
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_AGAIN_S):
                        await changes.wait(account_id, version)
    return None


async def show_command(call: Call) -> Reply:
    """How far a command came."""
    command_id = CommandId(call.get(CommandPath).command_id)
    command = await call.read(lambda tx: usecase.one(tx, call.account_id, command_id, call.now))
    return Problem(ApiCode.NOT_FOUND) if isinstance(command, NotFound) else Answer(200, shown(command))


async def cancel_command(call: Call) -> Reply:
    """Take a command back."""
    command_id = CommandId(call.get(CommandPath).command_id)

    def work(tx: Transaction) -> Answer | Problem:
        command = usecase.cancel(tx, call.deps.signer, call.account_id, command_id, call.now)
        if isinstance(command, NotFound):
            return Problem(ApiCode.NOT_FOUND)
        if command.status is Status.CANCELLED:
            return Answer(200, shown(command))
        if command.under_way:
            return Problem(ApiCode.CONFLICT, "The appliance has it already.", extra={"state": command.status.value})
        return Problem(ApiCode.COMMAND_FINISHED, extra={"state": command.status.value})

    return await call.commit(work)


def shown(command: Command) -> CommandShown:
    """A command in the answer's words."""
    return CommandShown(
        command_id=command.command_id,
        device_id=command.device_id,
        action=command.action,
        status=command.status.value,
        code=command.code,
        issued_at=command.issued_at,
        expires_at=command.expires_at,
        sent_at=command.sent_at,
        received_at=command.received_at,
        ended_at=command.ended_at,
    )


def _refused(outcome: SendOutcome) -> Problem:
    match outcome:
        case NotFound():
            return Problem(ApiCode.NOT_FOUND)
        case NotAllowed():
            return Problem(ApiCode.COMMAND_NOT_ALLOWED)
        case Invalid(errors=errors):
            return Problem(
                ApiCode.COMMAND_INVALID, errors=[FieldError("body", error.field, error.says) for error in errors]
            )
        case TooLong(longest=longest):
            seconds = int(longest.total_seconds())
            error = FieldError("body", "expires_in_s", f"must be at most {seconds} for this command")
            return Problem(ApiCode.VALIDATION, errors=[error], extra={"longest_s": seconds})
        case DeviceOffline(last_seen=last_seen):
            return Problem(ApiCode.DEVICE_OFFLINE, extra={"last_seen": _text(last_seen)})
        case TooMany():
            return Problem(ApiCode.COMMAND_LIMIT)
        case Command():
            raise TypeError("this is no refusal")
    assert_never(outcome)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else _MOMENT.dump_python(moment, mode="json")


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/devices/{device_id}/commands",
        handler=give_command,
        summary="Give a command",
        tag="commands",
        parameters=DevicePath,
        request=GiveCommand,
        answers={202: CommandShown, 200: CommandShown},
        problems=(
            ApiCode.COMMAND_INVALID,
            ApiCode.COMMAND_NOT_ALLOWED,
            ApiCode.DEVICE_OFFLINE,
            ApiCode.COMMAND_LIMIT,
        ),
        waits=True,
        replays_early=False,
        description="202: it is on disk and will be delivered at least once until it expires, and takes effect at "
        "most once. 200: with `Prefer: wait`, it ended in that time; `applied` is the appliance's own word. To an "
        "appliance that is away, a command that lives no longer than 60 seconds is refused at once, with `last_seen`.",
        headers={"Location": "Where to look at it"},
    ),
    Route(
        method="GET",
        path="/v1/commands/{command_id}",
        handler=show_command,
        summary="One command",
        tag="commands",
        parameters=CommandPath,
        answers={200: CommandShown},
    ),
    Route(
        method="DELETE",
        path="/v1/commands/{command_id}",
        handler=cancel_command,
        summary="Take a command back",
        tag="commands",
        parameters=CommandPath,
        answers={200: CommandShown},
        problems=(ApiCode.COMMAND_FINISHED, ApiCode.CONFLICT),
        description="As long as the appliance does not have it. Doing it twice is no mistake.",
    ),
)
