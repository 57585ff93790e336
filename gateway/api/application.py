"""The app's HTTP API as one aiohttp application, made from the route table."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from gateway import __version__
from gateway.api.dependencies import ApiDependencies
from gateway.api.middleware import Gate, complete
from gateway.api.openapi import openapi_bytes
from gateway.api.page import PAGE_POLICY, page_html
from gateway.api.routes import Route
from gateway.api.sse import Streams
from gateway.api.table import ROUTES

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
        app.router.add_route(route.method, route.path, gate.handling(route))
    document = openapi_bytes(routes, __version__)
    page = page_html(routes, __version__).encode()

    async def show_document(_request: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json")

    async def show_page(_request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": PAGE_POLICY}
        return web.Response(body=page, content_type="text/html", charset="utf-8", headers=headers)

    app.router.add_get("/openapi.json", show_document)
    app.router.add_get("/docs", show_page)

    async def close_streams(_app: web.Application) -> None:
        streams.close_all()

    app.on_shutdown.append(close_streams)
    return app
