"""Routes of devices: list, look, name, let go."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from gateway.api.accounts import PasswordText, proven
from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.conditions import require_match
from gateway.api.device_models import Device, DeviceDetail, DeviceState, shown_detail, shown_device, state_of
from gateway.api.models import DeviceIdText, Moment, Page, ParameterModel, RequestModel, ResponseModel
from gateway.api.problem import Problem
from gateway.api.routes import Cost, Reply, Route
from gateway.domain.binding import Role
from gateway.domain.identity import DeviceId
from gateway.domain.ownership import Refusal, Refused
from gateway.usecases import devices as usecase
from gateway.usecases import release
from gateway.usecases.devices import NICKNAME_AT_MOST, SeenDevice, normal_nickname
from gateway.usecases.transaction import Transaction


class DevicePath(ParameterModel):
    """Which device."""

    device_id: DeviceIdText


class Devices(ResponseModel):
    """A piece of the list."""

    items: list[Device]
    next: str | None = Field(description="`cursor` of the next piece; null at the end")


def _nickname(text: str) -> str:
    normal = normal_nickname(text)
    if normal is None:
        raise ValueError(f"must have 1 to {NICKNAME_AT_MOST} visible characters")
    return normal


NicknameText = Annotated[str, Field(max_length=4 * NICKNAME_AT_MOST), AfterValidator(_nickname)]


class Rename(RequestModel):
    """A name of one's own for a device."""

    nickname: NicknameText | None = Field(repr=False, examples=["Bathroom"], description="null takes it away")


class Release(RequestModel):
    """The proof that it is really the owner."""

    password: PasswordText = Field(repr=False)


class Released(ResponseModel):
    """The device is nobody's now; what belonged to its time with its people is gone."""

    device_id: DeviceIdText
    status: Literal["released"] = "released"
    released_at: Moment


async def list_devices(call: Call) -> Reply:
    """A piece of the account's devices."""
    page, account_id = call.get(Page), call.account_id
    after = None if page.cursor is None else DeviceId(page.cursor)
    found, following = await call.read(
        lambda tx: usecase.page(tx, call.deps.names_of(account_id), account_id, after, page.limit, call.now)
    )
    return Answer(200, Devices(items=[shown_device(seen) for seen in found], next=following))


async def show_device(call: Call) -> Reply:
    """One device, with what can be done about it."""
    device_id = _asked(call)
    return await call.read(lambda tx: _detail(tx, call, device_id))


async def show_state(call: Call) -> Reply:
    """What the appliance last reported."""
    device_id = _asked(call)
    seen = await call.read(
        lambda tx: usecase.one(tx, call.deps.names_of(call.account_id), call.account_id, device_id, call.now)
    )
    return Problem(ApiCode.NOT_FOUND) if seen is None else Answer(200, state_of(seen))


async def rename_device(call: Call) -> Reply:
    """Give the device a name."""
    device_id, nickname = _asked(call), call.get(Rename).nickname

    def work(tx: Transaction) -> Answer | Problem:
        bound = usecase.held(tx, call.account_id, device_id, call.now)
        if bound is None:
            return Problem(ApiCode.NOT_FOUND)
        require_match(call.request, usecase.edition_of(bound))
        usecase.rename(tx, call.deps.names_of(call.account_id), call.account_id, bound, nickname, call.now)
        return _detail(tx, call, device_id)

    return await call.commit(work)


async def release_device(call: Call) -> Reply:
    """Let go of the device. Asks for the password again, because nothing brings back what goes with it."""
    device_id, body = _asked(call), call.get(Release)
    bound = await call.read(lambda tx: usecase.held(tx, call.account_id, device_id, call.now))
    if bound is None:  # before the password: whether a device exists must not be told by how long the answer takes
        return Problem(ApiCode.NOT_FOUND)
    if bound.binding.role is not Role.OWNER:
        return _refused(Refused(Refusal.OWNER_ONLY))
    await proven(call, body.password)

    def work(tx: Transaction) -> Answer | Problem:
        outcome = release.release(tx, call.deps, call.account_id, device_id, call.now, reauthenticated=True)
        if isinstance(outcome, Refused):
            return _refused(outcome)
        return Answer(200, Released(device_id=device_id, released_at=call.now))

    return await call.commit(work)


async def agree_to_release(call: Call) -> Reply:
    """Let the one have it who reset the appliance and holds it."""
    device_id = _asked(call)

    def work(tx: Transaction) -> Answer | Problem:
        outcome = release.agree(tx, call.deps, call.account_id, device_id, call.now)
        if isinstance(outcome, Refused):
            return _refused(outcome)
        return Answer(200, Released(device_id=device_id, released_at=call.now))

    return await call.commit(work)


async def dispute_release(call: Call) -> Reply:
    """Keep the device; who asked for it is refused."""
    device_id = _asked(call)

    def work(tx: Transaction) -> Answer | Problem:
        refused = release.dispute(tx, call.account_id, device_id, call.now)
        return _refused(refused) if refused is not None else _detail(tx, call, device_id)

    return await call.commit(work)


def _asked(call: Call) -> DeviceId:
    return DeviceId(call.get(DevicePath).device_id)


def _detail(tx: Transaction, call: Call, device_id: DeviceId) -> Answer | Problem:
    seen = usecase.one(tx, call.deps.names_of(call.account_id), call.account_id, device_id, call.now)
    return Problem(ApiCode.NOT_FOUND) if seen is None else _answer(tx, call, seen)


def _answer(tx: Transaction, call: Call, seen: SeenDevice) -> Answer:
    actions = usecase.askable(call.deps.types, seen)
    return Answer(200, shown_detail(seen, actions, usecase.release_asked(tx, seen)), etag=seen.edition)


def _refused(refused: Refused) -> Problem:
    match refused.why:
        case Refusal.NOT_FOUND:
            return Problem(ApiCode.NOT_FOUND)
        case Refusal.OWNER_ONLY:
            return Problem(ApiCode.FORBIDDEN, "Only the owner of a device may do that.")
        case Refusal.REAUTHENTICATION_REQUIRED:
            return Problem(ApiCode.REAUTHENTICATION_REFUSED)
        case why:
            return Problem(ApiCode.CONFLICT, extra={"why": why.value})


_ETAG: Final = {"ETag": "Of what can be edited: the nickname. State and presence change without it"}

ROUTES: Final = (
    Route(
        method="GET",
        path="/v1/devices",
        handler=list_devices,
        summary="List devices",
        tag="devices",
        query=Page,
        answers={200: Devices},
    ),
    Route(
        method="GET",
        path="/v1/devices/{device_id}",
        handler=show_device,
        summary="One device",
        tag="devices",
        parameters=DevicePath,
        answers={200: DeviceDetail},
        description="With its state, the actions that would be accepted now, and why others would not.",
        headers=_ETAG,
    ),
    Route(
        method="PATCH",
        path="/v1/devices/{device_id}",
        handler=rename_device,
        summary="Name a device",
        tag="devices",
        parameters=DevicePath,
        request=Rename,
        answers={200: DeviceDetail},
        guarded=True,
        description="The name is this account's own; other people of the device do not see it.",
        headers=_ETAG,
    ),
    Route(
        method="GET",
        path="/v1/devices/{device_id}/state",
        handler=show_state,
        summary="Reported state",
        tag="devices",
        parameters=DevicePath,
        answers={200: DeviceState},
    ),
    Route(
        method="POST",
        path="/v1/devices/{device_id}/release",
        handler=release_device,
        summary="Let go of a device",
        tag="devices",
        parameters=DevicePath,
        request=Release,
        answers={200: Released},
        problems=(ApiCode.FORBIDDEN, ApiCode.REAUTHENTICATION_REFUSED),
        cost=Cost.PASSWORD,
        description="When this is answered, no session, stream, command or member of it has any effect any more, and "
        "the appliance is told to forget.",
    ),
    Route(
        method="POST",
        path="/v1/devices/{device_id}/release-requests/agree",
        handler=agree_to_release,
        summary="Agree to a release",
        tag="devices",
        parameters=DevicePath,
        answers={200: Released},
        problems=(ApiCode.FORBIDDEN,),
        description="Somebody reset the appliance, holds it and asked for it.",
    ),
    Route(
        method="POST",
        path="/v1/devices/{device_id}/release-requests/dispute",
        handler=dispute_release,
        summary="Object to a release",
        tag="devices",
        parameters=DevicePath,
        answers={200: DeviceDetail},
        problems=(ApiCode.FORBIDDEN,),
        description="The device stays; the other person needs another reset, or support.",
    ),
)
