"""The readable page at /docs: one HTML file without scripts that loads nothing, made from the route table."""

import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from gateway.api.codes import ApiCode
from gateway.api.help import CODES_PATH, help_path
from gateway.api.openapi import openapi_document, problems_of, titles
from gateway.api.page_style import STYLE
from gateway.api.routes import Route
from gateway.domain.failures import Code


def page_html(routes: Sequence[Route], version: str) -> str:
    """The whole page."""
    document = openapi_document(routes, version)
    return "\n".join(_page(routes, document, version))


def _page(routes: Sequence[Route], document: dict[str, Any], version: str) -> Iterator[str]:
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Hearthgate API {escape(version)}</title><style>{STYLE}</style></head><body>"
    yield f"<h1>Hearthgate API {escape(version)}</h1>"
    yield '<p>For programs: <a href="/openapi.json">OpenAPI 3.1</a>. All bodies are JSON, at most 64 KiB. '
    yield "Sign in with <code>POST /v1/sessions</code>, then send <code>Authorization: Bearer …</code>.</p><nav><ul>"
    for route in routes:
        yield f'<li><a href="#{escape(route.operation)}">{escape(route.summary)}</a></li>'
    yield "</ul></nav>"
    for tag in dict.fromkeys(route.tag for route in routes):
        yield f"<h2>{escape(tag.capitalize())}</h2>"
        for route in routes:
            if route.tag == tag:
                yield from _route(route, document)
    yield "<h2>Problem codes</h2><p>Codes of an activation have three digits: "
    yield f'<a href="{CODES_PATH}">all of them</a>, explained.</p><table>'
    for code, status, title in titles():
        yield f'<tr id="{escape(code)}"><td><code>{escape(code)}</code></td>'
        yield f"<td>{status}</td><td>{escape(title)}</td></tr>"
    yield "</table></body></html>"


def _route(route: Route, document: dict[str, Any]) -> Iterator[str]:
    operation = document["paths"][route.path][route.method.lower()]
    yield f'<h3 id="{escape(route.operation)}"><code>{route.method} {escape(route.path)}</code></h3>'
    yield f"<p>{escape(route.summary)}. {escape(route.description)}"
    yield "" if route.auth else " <strong>No token needed.</strong>"
    yield "</p>"
    if operation["parameters"]:
        yield "<table><tr><th>Parameter</th><th>In</th><th></th></tr>"
        for each in operation["parameters"]:
            words = escape(each.get("description", ""))
            needed = "required" if each["required"] else ""
            yield f"<tr><td><code>{escape(each['name'])}</code></td><td>{each['in']}</td><td>{words} {needed}</td></tr>"
        yield "</table>"
    if "requestBody" in operation:
        yield from _schema("Body", operation["requestBody"]["content"]["application/json"]["schema"], document)
    for status, model in route.answers.items():
        answer = operation["responses"][str(status)]
        if model is None or route.stream:
            yield f"<p>Answer {status} ({escape(answer['description'])})</p>"
        else:
            yield from _schema(f"Answer {status}", answer["content"]["application/json"]["schema"], document)
    links = ", ".join(_link(code) for code in problems_of(route))
    yield f"<details><summary>Problems</summary><p>{links}</p></details>"


def _link(code: ApiCode | Code) -> str:
    target = help_path(code) if isinstance(code, Code) else f"#{code}"
    return f'<a href="{escape(target)}"><code>{escape(code)}</code></a>'


def _schema(label: str, schema: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    name = schema.get("$ref", "").rpartition("/")[2]
    resolved = document["components"]["schemas"].get(name, schema)
    text = json.dumps(resolved, ensure_ascii=False, indent=1)
    yield f"<details><summary>{escape(label)}: <code>{escape(name)}</code></summary><pre>{escape(text)}</pre></details>"
