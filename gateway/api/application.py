"""The app's HTTP API as one aiohttp application, made from the route table."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from gateway import __version__
from gateway.api.code_pages import code_page_html, list_html
from gateway.api.codes import ApiCode
from gateway.api.dependencies import ApiDependencies
from gateway.api.help import CODES_PATH
from gateway.api.middleware import Gate, complete
from gateway.api.openapi import openapi_bytes
from gateway.api.page import page_html
from gateway.api.page_style import PAGE_POLICY
from gateway.api.problem import Problem
from gateway.api.routes import Route
from gateway.api.sse import Streams
from gateway.api.table import ROUTES
from gateway.domain.failure_texts import Language, choose_language, failure_of

STREAMS: Final = web.AppKey("streams", Streams)


def make_application(deps: ApiDependencies, routes: Sequence[Route] = ROUTES) -> web.Application:
    """The application. One for each running server: it holds the buckets and the open streams."""
    limits = deps.limits
    streams = Streams(
        deps.metrics,
        per_account=limits.streams_per_account,
        buffer_bytes=limits.stream_buffer_bytes,
        comment_s=limits.stream_comment_seconds,
    )
    gate = Gate(deps, streams)
    app = web.Application(middlewares=[gate.answer_everything, gate.limit_address], client_max_size=limits.body_bytes)
    app[STREAMS] = streams
    app.on_response_prepare.append(complete)
    for route in routes:
        added = app.router.add_route(route.method, route.path, gate.handling(route))
        if added.resource is not None:
            deps.metrics.expect(route.method, added.resource.canonical)
    document = openapi_bytes(routes, __version__)
    page = page_html(routes, __version__).encode()

    async def show_document(_request: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json")

    async def show_page(_request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": PAGE_POLICY}
        return web.Response(body=page, content_type="text/html", charset="utf-8", headers=headers)

    app.router.add_get("/openapi.json", show_document)
    app.router.add_get("/docs", show_page)
    app.router.add_get(CODES_PATH, _show_codes)
    app.router.add_get(CODES_PATH + "/{digits}", _show_code)

    async def close_streams(_app: web.Application) -> None:
        streams.close_all()

    app.on_shutdown.append(close_streams)
    return app


async def _show_codes(request: web.Request) -> web.Response:
    language = _language_of(request)
    return _page(list_html(language), language)


async def _show_code(request: web.Request) -> web.Response:
    failure = failure_of(request.match_info["digits"])
    if failure is None:
        raise Problem(ApiCode.NOT_FOUND)
    language = _language_of(request)
    return _page(code_page_html(failure, language), language)


def _language_of(request: web.Request) -> Language:
    return choose_language(request.query.get("lang"), request.headers.get("Accept-Language"))


def _page(text: str, language: Language) -> web.Response:
    headers = {
        "Content-Security-Policy": PAGE_POLICY,
        "Content-Language": language.value,
        "Vary": "Accept-Language",
    }
    return web.Response(body=text.encode(), content_type="text/html", charset="utf-8", headers=headers)
