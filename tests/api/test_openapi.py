"""The OpenAPI document and the page, made from the route table."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from gateway.api.codes import CATALOGUE, ApiCode
from gateway.api.openapi import openapi_bytes, openapi_document
from gateway.api.page import page_html
from gateway.api.routes import Route
from gateway.api.table import ROUTES
from gateway.usecases import firing_ends, firings, households, notices, support_notes, withdrawal
from tests.api.rig import Client


def references(tree: Any) -> set[str]:
    match tree:
        case dict():
            own = {tree["$ref"]} if isinstance(tree.get("$ref"), str) else set()
            return own.union(*(references(each) for each in tree.values()))
        case list():
            return set().union(*(references(each) for each in tree))
        case _:
            return set()


async def test_the_document_is_served_as_it_is_exported(client: Client) -> None:
    answer = await client.get("/openapi.json")
    assert await answer.read() == openapi_bytes(ROUTES, "0.1.0")
    assert answer.content_type == "application/json"


def test_every_route_is_in_the_document_once() -> None:
    document = openapi_document(ROUTES, "1")
    assert document["openapi"] == "3.1.0"
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    assert len({route.operation for route in ROUTES}) == len(ROUTES)


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    document = openapi_document(ROUTES, "1")
    schemas = document["components"]["schemas"]
    assert references(document) <= {f"#/components/schemas/{name}" for name in schemas}
    for schema in schemas.values():
        jsonschema_rs.meta.validate(schema)


def test_posts_take_an_idempotency_key_and_signed_in_routes_name_401() -> None:
    document = openapi_document(ROUTES, "1")
    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        names = {each["name"] for each in operation["parameters"]}
        assert ("Idempotency-Key" in names) == (route.method == "POST" and not route.stream and not route.numbered)
        assert ("security" in operation) == route.auth
        assert not route.auth or "401" in operation["responses"]


def test_request_bodies_take_nothing_unknown() -> None:
    for route in ROUTES:
        for model in (route.request, route.query, route.parameters):
            assert model is None or model.model_config.get("extra") == "forbid", route.path
            assert model is None or model.model_config.get("hide_input_in_errors") is True, route.path


def test_a_path_and_its_parameters_cannot_differ() -> None:
    with pytest.raises(ValueError, match="differ"):
        Route(method="GET", path="/v1/x/{id}", handler=ROUTES[0].handler, summary="X", tag="x", answers={200: None})


def test_every_code_has_one_meaning() -> None:
    assert set(CATALOGUE) == set(ApiCode)
    # named like this where the API was promised
    undotted = {
        ApiCode.DEVICE_OFFLINE,
        ApiCode.CONSENT_REQUIRED,
        ApiCode.POLICY_NOT_ACKNOWLEDGED,
        ApiCode.GUARDIAN_NEEDED,
    }
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", code) for code in set(ApiCode) - undotted)


class Loaded(HTMLParser):
    """Everything on a page that a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.anchors: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"script", "link", "img", "iframe", "object", "embed", "form"} or "style" in given:
            self.found.append(tag)
        self.anchors.add(given.get("id") or "")
        if (href := given.get("href")) is not None:
            self.links.add(href)


async def test_the_page_loads_and_runs_nothing_and_its_links_lead_somewhere(client: Client) -> None:
    answer = await client.get("/docs")
    page = Loaded()
    page.feed(await answer.text())
    assert page.found == []
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= page.anchors
    assert {link for link in page.links if not link.startswith("#")} == {"/openapi.json", "/docs/codes"}
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; style-src 'sha256-" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/docs/codes", "/docs/codes/701", "/docs/codes/405?lang=zh"])
async def test_a_page_of_codes_loads_and_runs_nothing_and_its_links_lead_somewhere(client: Client, path: str) -> None:
    answer = await client.get(path)
    page = Loaded()
    page.feed(await answer.text())
    assert page.found == []
    assert page.links
    assert [link for link in page.links if (await client.get(link)).status != 200] == []
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'; style-src 'sha256-" in answer.headers["Content-Security-Policy"]


async def test_a_problem_type_leads_to_its_line_on_the_page(client: Client) -> None:
    kind = (await (await client.get("/nothing")).json())["type"]
    path, _, anchor = kind.partition("#")
    assert f'id="{anchor}"' in await (await client.get(path)).text()


def test_the_document_is_the_same_every_time() -> None:
    assert json.loads(openapi_bytes(ROUTES, "1")) == json.loads(openapi_bytes(ROUTES, "1"))
    assert openapi_bytes(ROUTES, "1") == openapi_bytes(ROUTES, "1")
    assert page_html(ROUTES, "1") == page_html(ROUTES, "1")


def test_the_event_streams_name_every_event_that_is_told() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(support_notes.__file__).parent.glob("*.py"))
    told = set(re.findall(r'emit\(\s*[a-z_.]+,\s*"([a-z_.]+)"', sources)) | {support_notes.OPENED, support_notes.ENDED}
    told |= {firings.REMINDER, firings.PENDING, firing_ends.ENDED}
    told |= {households.CHANGED, withdrawal.CHANGED, notices.EVENT}
    assert {"pairing.verdict", "pairing.refused", "device.renamed"} <= told
    said = {route.path: set(re.findall(r"`([a-z_.]+)`", route.description or "")) for route in ROUTES if route.stream}
    assert told <= said["/v1/events"]
    of_one = {kind for kind in told if kind.startswith("pairing.")}
    assert of_one <= said["/v1/pairings/{pairing_id}/events"]


def test_these_routes_and_no_others_ask_nobody_who_they_are() -> None:
    """Registration and log-in, what everybody may read, and what brings a one-time token of its own."""
    assert {(route.method, route.path) for route in ROUTES if not route.auth} == {
        *(("POST", "/v1/accounts"), ("POST", "/v1/sessions"), ("POST", "/v1/sessions/refresh")),
        *(("GET", "/v1/policies"), ("GET", "/v1/policies/current"), ("GET", "/v1/policies/{version}")),
        *(("GET", "/v1/purposes"), ("GET", "/v1/consents/key")),
        *(("POST", "/v1/exports/content"), ("POST", "/v1/erasures/receipt")),
    }
