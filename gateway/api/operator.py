"""The operator's own small application: alive, ready, metrics. On its own port, never beside the app's API."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from gateway.api.middleware import SECURITY_HEADERS, refuse
from gateway.observability.metrics import CONTENT_TYPE, Metrics
from gateway.usecases.services import Identifiers

CHECK_S: Final = 2.0
"""A check that takes longer counts as failed: whoever asks decides every few seconds."""

Check = Callable[[], Awaitable[str | None]]
"""None when all is well, else a short reason without secrets."""


def make_operator_application(
    metrics: Metrics, checks: Mapping[str, Check], identifiers: Identifiers
) -> web.Application:
    """The application.

    Args:
        metrics: what /metrics shows.
        checks: by name; /readyz is 200 only if all say None.
        identifiers: for trace ids of errors.
    """

    @web.middleware
    async def problems(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:  # noqa: BLE001 - a problem for the client, the rest for the log
            return refuse(error, identifiers.trace_id())

    async def complete(_request: web.Request, answer: web.StreamResponse) -> None:
        answer.headers.update(SECURITY_HEADERS)
        answer.headers["Server"] = "hearthgate"

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def ready(_request: web.Request) -> web.Response:
        names = list(checks)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(_reason(checks[name])) for name in names]
        reasons = {name: task.result() for name, task in zip(names, running, strict=True)}
        good = not any(reasons.values())
        body = {"ready": good, "checks": {name: reason or "ok" for name, reason in reasons.items()}}
        return web.json_response(body, status=200 if good else 503)

    async def show_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application(middlewares=[problems], client_max_size=0)
    app.on_response_prepare.append(complete)
    app.router.add_get("/livez", alive)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", show_metrics)
    return app


async def _reason(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_S):
            return await check()
    except TimeoutError:
        return f"no answer within {CHECK_S:g} s"
    except Exception as error:  # noqa: BLE001 - a check that fails is a check that says no
        return type(error).__name__
