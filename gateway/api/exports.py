"""Routes of copies: ask for one, see how far it is, fetch it once; and what is held of one device, live."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from aiohttp import web
from pydantic import Field, RootModel

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.devices import DevicePath
from gateway.api.middleware import SECURITY_HEADERS
from gateway.api.models import DeviceIdText, Moment, ParameterModel, RequestModel, ResponseModel, identifier
from gateway.api.problem import Problem
from gateway.api.routes import Cost, Reply, Route
from gateway.domain.exports import FETCH_LIFE, BeingFetched, EnoughAsked, Export, ExportId, NotFetchable
from gateway.domain.identity import DeviceId
from gateway.usecases import devices
from gateway.usecases import exports as usecase
from gateway.usecases.exports import Asked
from gateway.usecases.transaction import DatabaseUnavailableError, Transaction

ExportIdText = Annotated[str, identifier("y")]


class ExportPath(ParameterModel):
    """Which copy."""

    export_id: ExportIdText


class ExportShown(ResponseModel):
    """A copy of everything about this account."""

    export_id: ExportIdText
    status: Literal["making", "ready", "fetched", "failed"]
    asked_at: Moment
    ready_at: Moment | None
    expires_at: Moment = Field(description="Seven days after it was ready; until then after it was asked for")
    fetched_at: Moment | None
    size: int = Field(description="Bytes so far")


class ExportAsked(ExportShown):
    """It will be ready within minutes. The token is told once: it fetches the copy, once, without being logged in."""

    token: str = Field(repr=False, description="For POST /v1/exports/content. Keep it like a password")


class Exports(ResponseModel):
    """The account's copies, newest first."""

    items: list[ExportShown]


class FetchExport(RequestModel):
    """What fetches it. In the body, so that no address of a page ever holds it."""

    token: Annotated[str, Field(repr=False, min_length=16, max_length=512)]


class ExportContent(ResponseModel):
    """Everything. `data` fits `schema`, a JSON Schema (2020-12) with a word about each column."""

    format: Literal["hearthgate export 1"]
    made_at: Moment
    account_id: str
    schema_: dict[str, Any] = Field(alias="schema")
    data: dict[str, list[dict[str, Any]]]


class ExportSchema(RootModel[dict[str, Any]]):
    """A JSON Schema (2020-12)."""


class DeviceData(ResponseModel):
    """Everything that is stored about a device for this account, at this moment: the latest 200 rows of each table."""

    device_id: DeviceIdText
    at: Moment
    data: dict[str, list[dict[str, Any]]] = Field(description="As in a copy: table by table, as the schema says")


async def ask_for_export(call: Call) -> Reply:
    """Ask for a copy of everything."""

    def work(tx: Transaction) -> Answer | Problem:
        deps = call.deps
        match usecase.ask(tx, call.account_id, tokens=deps.tokens, identifiers=deps.identifiers, now=call.now):
            case Asked(export=export, token=token):
                body = ExportAsked(**_parts(export), token=token)
                return Answer(202, body, location=f"/v1/me/exports/{export.export_id}")
            case EnoughAsked(retry_after_s=seconds):
                return Problem(ApiCode.EXPORT_LIMIT, retry_after_s=seconds)

    return await call.commit(work)


async def list_exports(call: Call) -> Reply:
    """The account's copies."""
    found = await call.read(lambda tx: usecase.of_account(tx, call.account_id))
    return Answer(200, Exports(items=[shown_export(one) for one in found]))


async def show_export(call: Call) -> Reply:
    """How far one is."""
    export_id = ExportId(call.get(ExportPath).export_id)
    export = await call.read(lambda tx: usecase.one(tx, call.account_id, export_id))
    return Problem(ApiCode.NOT_FOUND) if export is None else Answer(200, shown_export(export))


async def remove_export(call: Call) -> Reply:
    """Take one away."""
    export_id = ExportId(call.get(ExportPath).export_id)

    def work(tx: Transaction) -> Answer | Problem:
        return Answer(204) if usecase.remove(tx, call.account_id, export_id) else Problem(ApiCode.NOT_FOUND)

    return await call.commit(work)


async def show_export_schema(call: Call) -> Reply:
    """What a copy looks like."""
    return Answer(200, ExportSchema(dict(await call.read(usecase.schema))))


async def fetch_export(call: Call) -> Reply:
    """Fetch a copy, once."""
    token = call.get(FetchExport).token
    begun = await call.deps.database.run(
        lambda tx: usecase.begin_fetch(tx, token, tokens=call.deps.tokens, now=call.now)
    )
    match begun:
        case NotFetchable():
            return Problem(ApiCode.NOT_FOUND)
        case BeingFetched(retry_after_s=seconds):
            return Problem(ApiCode.EXPORT_BEING_FETCHED, retry_after_s=seconds)
        case Export():
            return await _send(call, begun)


async def show_device_data(call: Call) -> Reply:
    """What is held of one device."""
    device_id = DeviceId(call.get(DevicePath).device_id)

    def work(tx: Transaction) -> Answer | Problem:
        if devices.held(tx, call.account_id, device_id, call.now) is None:
            return Problem(ApiCode.NOT_FOUND)
        names = call.deps.names_of(call.account_id)
        data = usecase.of_device(tx, call.account_id, device_id, names, call.now)
        return Answer(200, DeviceData(device_id=device_id, at=call.now, data=data))

    return await call.read(work)


async def _send(call: Call, export: Export) -> web.StreamResponse:
    """Piece by piece, so that a large copy is never in memory. It counts as fetched when the last piece was taken."""
    answer = web.StreamResponse(
        status=HTTPStatus.OK,
        headers={
            **SECURITY_HEADERS,
            "Content-Type": "application/json",
            "Content-Length": str(export.size),
            "Content-Disposition": 'attachment; filename="hearthgate-export.json"',
        },
    )
    complete = False
    try:
        # No longer than nobody else may begin: whoever reads slowly does not hold it, nor the connection, for ever.
        async with asyncio.timeout(FETCH_LIFE.total_seconds()):
            first = await _piece(call, export, 0)
            await answer.prepare(call.request)
            await answer.write(first)
            async for piece in _rest(call, export):
                await answer.write(piece)
            await answer.write_eof()
        complete = True
    except (Problem, ValueError, DatabaseUnavailableError, ConnectionError, TimeoutError):
        if not answer.prepared:
            raise
        # Nothing else can be said on a connection on which a copy has begun: cut it, so that the rest is seen to lack.
        if call.request.transport is not None:
            call.request.transport.abort()
    finally:
        await _settle(call, export, complete=complete)
    return answer


async def _rest(call: Call, export: Export) -> AsyncIterator[bytes]:
    for number in range(1, export.pieces):
        yield await _piece(call, export, number)


async def _piece(call: Call, export: Export, number: int) -> bytes:
    piece = await call.read(lambda tx: usecase.piece(tx, export, number, call.deps.persons))
    if piece is None:
        raise Problem(ApiCode.NOT_FOUND)  # the account closed, or the copy was taken away, a moment ago
    return piece


async def _settle(call: Call, export: Export, *, complete: bool) -> None:
    now = call.deps.clock()
    try:
        await call.deps.database.run(lambda tx: usecase.end_fetch(tx, export, complete=complete, now=now))
    except DatabaseUnavailableError:
        return  # it may be fetched again in ten minutes


def shown_export(export: Export) -> ExportShown:
    """A copy as the list shows it."""
    return ExportShown(**_parts(export))


def _parts(export: Export) -> dict[str, Any]:
    return {
        "export_id": export.export_id,
        "status": export.status.value,
        "asked_at": export.asked_at,
        "ready_at": export.ready_at,
        "expires_at": export.expires_at,
        "fetched_at": export.fetched_at,
        "size": export.size,
    }


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/me/exports",
        handler=ask_for_export,
        summary="Ask for a copy of everything",
        tag="rights",
        answers={202: ExportAsked},
        cost=Cost.WORK,
        problems=(ApiCode.EXPORT_LIMIT,),
        description="Made within minutes; the app is told with a notice `export.ready`. Three a day. The token in this "
        "answer fetches it, within seven days, once.",
    ),
    Route(
        method="GET",
        path="/v1/me/exports",
        handler=list_exports,
        summary="Copies that were asked for",
        tag="rights",
        answers={200: Exports},
    ),
    Route(
        method="GET",
        path="/v1/me/exports/{export_id}",
        handler=show_export,
        summary="How far a copy is",
        tag="rights",
        parameters=ExportPath,
        answers={200: ExportShown},
    ),
    Route(
        method="DELETE",
        path="/v1/me/exports/{export_id}",
        handler=remove_export,
        summary="Take a copy away",
        tag="rights",
        parameters=ExportPath,
        answers={204: None},
    ),
    Route(
        method="POST",
        path="/v1/exports/content",
        handler=fetch_export,
        summary="Fetch a copy",
        tag="rights",
        request=FetchExport,
        answers={200: ExportContent},
        problems=(ApiCode.NOT_FOUND, ApiCode.EXPORT_BEING_FETCHED),
        auth=False,
        description="With the token alone, so that another program can fetch it. A transfer that breaks may be "
        "repeated; a complete one is the only one.",
    ),
    Route(
        method="GET",
        path="/v1/exports/schema",
        handler=show_export_schema,
        summary="What a copy looks like",
        tag="rights",
        answers={200: ExportSchema},
    ),
    Route(
        method="GET",
        path="/v1/devices/{device_id}/data",
        handler=show_device_data,
        summary="Everything held about a device, now",
        tag="rights",
        parameters=DevicePath,
        answers={200: DeviceData},
    ),
)
