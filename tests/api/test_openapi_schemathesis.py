"""Requests made from the OpenAPI document, good and bad, get only answers that the document promises."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.api.answer import Answer
from gateway.api.application import make_application
from gateway.api.buckets import Rate
from gateway.api.call import Call
from gateway.api.dependencies import ApiLimits
from gateway.api.models import ResponseModel
from gateway.api.openapi import openapi_document
from gateway.api.routes import Reply, Route
from gateway.api.server import ApiServer, Listen
from gateway.api.table import ROUTES
from tests.api.rig import Rig, bearer, log_in, register

EXAMPLES = 12
PLENTY = Rate(burst=1_000_000, per_second=1_000_000.0)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if not route.stream], ids=lambda route: f"{route.method} {route.path}"
)
async def test_a_route_answers_as_documented(tmp_path: Path, route: Route) -> None:
    rig = Rig(
        f"sqlite:///{tmp_path / 'gateway.db'}",
        limits=ApiLimits(per_account=PLENTY, per_address=PLENTY, password_per_address=PLENTY, wait_at_most=0.01),
    )
    try:
        client = await rig.client()
        await register(client)
        headers = bearer(await log_in(client)) if route.auth else {}
        application = make_application(rig.deps)
        server = ApiServer(application, Listen("127.0.0.1", 0), identifiers=rig.identifiers, drain_s=1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.run())
            await server.listening()
            try:
                await asyncio.to_thread(try_out, route, (*rig.routes,), server.url, headers)
            finally:
                server.stop()
        assert answered(rig, route) >= (EXAMPLES if can_be_wrong(route) else 1)
    finally:
        await rig.close()


async def test_an_undocumented_answer_is_found(rig: Rig) -> None:
    """The control: without it, the tests above could pass by looking at nothing."""

    class Promised(ResponseModel):
        number: int

    class Told(ResponseModel):
        word: str

    async def tell(_call: Call) -> Reply:
        return Answer(200, Told(word="canary"))

    route = Route(
        method="GET", path="/v1/told", handler=tell, summary="Tell", tag="tests", answers={200: Promised}, auth=False
    )
    server = ApiServer(
        make_application(rig.deps, [route]), Listen("127.0.0.1", 0), identifiers=rig.identifiers, drain_s=1
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run())
        await server.listening()
        try:
            with pytest.raises(FailureGroup, match=r"schema"):
                await asyncio.to_thread(try_out, route, (route,), server.url, {})
        finally:
            server.stop()


def answered(rig: Rig, route: Route) -> int:
    """Requests that a route answered."""
    samples = next(iter(rig.metrics.http_requests.collect())).samples
    wanted = {"method": route.method, "route": route.path}
    return int(
        sum(each.value for each in samples if each.name.endswith("_total") and wanted.items() <= each.labels.items())
    )


def can_be_wrong(route: Route) -> bool:
    """Whether a request has anything in it: what asks for nothing, signed in or not, can be sent in one way only."""
    return route.auth or any((route.request, route.query, route.parameters))


def try_out(route: Route, routes: Sequence[Route], url: str, headers: dict[str, str]) -> None:
    """Send made-up requests from a thread, while the server runs on the event loop."""
    schema = schemathesis.openapi.from_dict(openapi_document(routes, "1"))
    operation = schema[route.path][route.method]
    modes = [schemathesis.GenerationMode.POSITIVE]
    if can_be_wrong(route):
        modes.append(schemathesis.GenerationMode.NEGATIVE)
    for mode in modes:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers_as_documented(case: Any) -> None:
            case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

        answers_as_documented()
