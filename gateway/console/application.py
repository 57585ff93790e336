"""The support console as one aiohttp application, made from its route table."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from aiohttp import web

from gateway.console.dependencies import ConsoleDependencies
from gateway.console.gate import Gate
from gateway.console.headers import complete
from gateway.console.pages.attempts import STOPPING, STREAMS
from gateway.console.routes import Route
from gateway.console.table import ROUTES

STATIC: Final = Path(__file__).parent / "static"
ASSETS: Final = {"console.css": "text/css", "console.js": "text/javascript"}


def make_console(deps: ConsoleDependencies, routes: Sequence[Route] = ROUTES) -> web.Application:
    """The application. One for each running server: it holds the open streams."""
    gate = Gate(deps)
    app = web.Application(
        middlewares=[gate.answer_everything], client_max_size=max(route.form_at_most for route in routes)
    )
    app[STOPPING] = asyncio.Event()
    app[STREAMS] = set()
    app.on_response_prepare.append(complete)
    for route in routes:
        added = app.router.add_route(route.method, route.path, gate.handling(route))
        if added.resource is not None:
            deps.metrics.expect(route.method, f"console:{added.resource.canonical}")
    for name, content_type in ASSETS.items():
        app.router.add_get(f"/static/{name}", _asset((STATIC / name).read_bytes(), content_type))

    async def end_streams(stopping: web.Application) -> None:
        stopping[STOPPING].set()

    app.on_shutdown.append(end_streams)
    return app


def _asset(content: bytes, content_type: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """One file of ours, read once. The same for everybody, and without anything about anybody."""

    async def show(_request: web.Request) -> web.Response:
        headers = {"Cache-Control": "no-cache"}
        return web.Response(body=content, content_type=content_type, charset="utf-8", headers=headers)

    return show
