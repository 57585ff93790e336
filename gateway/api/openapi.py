"""The OpenAPI 3.1 document, made from the route table and the models."""

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.api.codes import CATALOGUE, ApiCode
from gateway.api.problem import MEDIA_TYPE, Problem, ProblemDocument
from gateway.api.routes import Cost, Route
from gateway.domain.failures import Code

_REFERENCE: Final = "#/components/schemas/{model}"
_JSON: Final = "application/json"

_ALWAYS: Final = (
    ApiCode.MALFORMED,
    ApiCode.VALIDATION,
    ApiCode.SLOW_REQUEST,
    ApiCode.PAYLOAD_TOO_LARGE,
    ApiCode.UNSUPPORTED_MEDIA_TYPE,
    ApiCode.RATE_LIMITED,
    ApiCode.INTERNAL,
    ApiCode.UNAVAILABLE,
)
"""What any route may answer with."""


def openapi_document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The document as a tree."""
    inward = {model for route in routes for model in (route.request, route.query, route.parameters) if model}
    outward = {model for route in routes for model in route.answers.values() if model} | {ProblemDocument}
    references, definitions = models_json_schema(
        [
            *((model, "validation") for model in sorted(inward, key=_name)),
            *((model, "serialization") for model in sorted(outward, key=_name)),
        ],
        ref_template=_REFERENCE,
    )
    schemas: dict[str, Any] = dict(definitions.get("$defs", {}))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hearthgate",
            "version": version,
            "description": "The companion app's interface. Problems are RFC 9457; their codes are listed at /docs.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "An access token"}},
        },
    }


def openapi_bytes(routes: Sequence[Route], version: str) -> bytes:
    """The document as JSON, the same bytes every time."""
    return json.dumps(openapi_document(routes, version), ensure_ascii=False, indent=1).encode()


def problems_of(route: Route) -> tuple[ApiCode | Code, ...]:
    """Every code that a route may answer with, its own first."""
    more: list[ApiCode | Code] = []
    if route.auth:
        more.append(ApiCode.UNAUTHENTICATED)
    if route.parameters is not None:
        more.append(ApiCode.NOT_FOUND)
    if route.idempotent:
        more += [ApiCode.IDEMPOTENCY_CONFLICT, ApiCode.IDEMPOTENCY_RUNNING]
    if route.guarded:
        more += [ApiCode.PRECONDITION_REQUIRED, ApiCode.PRECONDITION_FAILED]
    if route.cost is Cost.PASSWORD:
        more.append(ApiCode.BUSY)
    if route.stream:
        more.append(ApiCode.STOPPING)
    return tuple(dict.fromkeys((*route.problems, *more, *_ALWAYS)))


def _name(model: type[BaseModel]) -> str:
    return f"{model.__name__} {model.__module__}"


References = Mapping[Any, dict[str, Any]]


def _operation(route: Route, references: References, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [
            *_parameters(route.parameters, "path", references, schemas),
            *_parameters(route.query, "query", references, schemas),
            *_headers(route),
        ],
        "responses": {**_successes(route, references), **_problems(problems_of(route))},
    }
    if route.description:
        operation["description"] = route.description
    if route.auth:
        operation["security"] = [{"bearer": []}]
    if route.request is not None:
        schema = references[route.request, "validation"]
        operation["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema}}}
    return operation


def _parameters(
    model: type[BaseModel] | None, where: str, references: References, schemas: dict[str, Any]
) -> Iterable[dict[str, Any]]:
    if model is None:
        return
    schema = schemas[references[model, "validation"]["$ref"].rpartition("/")[2]]
    for name, described in schema["properties"].items():
        own = {key: value for key, value in described.items() if key not in {"title", "description"}}
        parameter = {"name": name, "in": where, "required": name in schema.get("required", ()), "schema": own}
        if "description" in described:
            parameter["description"] = described["description"]
        yield parameter


def _headers(route: Route) -> Iterable[dict[str, Any]]:
    def header(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
        return {
            "name": name,
            "in": "header",
            "required": required,
            "description": description,
            "schema": {"type": "string", **schema},
        }

    if route.idempotent:
        yield header(
            "Idempotency-Key",
            "The same key and body again takes no effect and gets the same answer, for 24 hours",
            pattern="^[!#-\\[\\]-~]{8,128}$",
        )
    if route.waits:
        yield header("Prefer", "`wait=5`: answer with the end if it comes within so many seconds", maxLength=200)
    if route.guarded:
        yield header("If-Match", "The ETag that was read", required=True, maxLength=200)
    if route.stream:
        yield header("Last-Event-ID", "The id of the last event that was seen", maxLength=64)


def _successes(route: Route, references: References) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, model in route.answers.items():
        answer: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if route.stream:
            answer["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
        elif model is not None:
            answer["content"] = {_JSON: {"schema": references[model, "serialization"]}}
        if route.headers:
            answer["headers"] = {
                name: {"description": text, "schema": {"type": "string"}} for name, text in route.headers.items()
            }
        answers[str(status)] = answer
    return answers


def _problems(codes: tuple[ApiCode | Code, ...]) -> dict[str, Any]:
    by_status: dict[int, list[ApiCode | Code]] = {}
    for code in codes:
        by_status.setdefault(Problem(code).status, []).append(code)
    return {
        str(status): {
            "description": "; ".join(f"`{code}`" for code in found),
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model=ProblemDocument.__name__)}}},
        }
        for status, found in sorted(by_status.items())
    }


def titles() -> Iterable[tuple[ApiCode, int, str]]:
    """Every code of the API with its status and title, for the readable page."""
    return ((code, failure.status, failure.title) for code, failure in CATALOGUE.items())
