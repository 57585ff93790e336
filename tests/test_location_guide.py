"""The page about location: its requests are ones that the API takes, and every word that travels is explained."""

import re
import shlex
from collections.abc import Iterator
from typing import Final

import pytest

from gateway.api.decoding import decode
from gateway.api.routes import Route
from gateway.api.table import ROUTES
from gateway.domain.automations import Mode, Reason, Trigger
from gateway.domain.location import Accuracy, Spot, Unfit
from gateway.usecases.firing_ends import ENDED
from gateway.usecases.firings import PENDING, REMINDER
from gateway.usecases.location import PURPOSES, STILL_WANTED
from gateway.usecases.repositories.automations import Did
from tests.pages import DOCS, blocks

PAGE: Final = DOCS / "location.md"


def requests() -> Iterator[tuple[str, str, str | None]]:
    """Method, path and body of every curl in the page."""
    for block in blocks(PAGE, "sh"):
        for line in block.text.replace("\\\n", " ").splitlines():
            if not line.startswith("curl "):
                continue
            words = shlex.split(line)
            body = words[words.index("-d") + 1] if "-d" in words else None
            method = words[words.index("-X") + 1] if "-X" in words else "GET" if body is None else "POST"
            yield method, next(word for word in words if word.startswith("$API")).removeprefix("$API"), body


def route_of(method: str, target: str) -> Route | None:
    for route in ROUTES:
        pattern = re.sub(r"\\\{[a-z_]+\\\}", "[^/]+", re.escape(route.path))
        if route.method == method and re.fullmatch(pattern, target):
            return route
    return None


@pytest.mark.parametrize(("method", "target", "body"), list(requests()))
def test_every_request_is_one_that_the_api_takes(method: str, target: str, body: str | None) -> None:
    route = route_of(method, target)
    assert route is not None
    assert (body is not None) == (route.request is not None)
    if route.request is not None and body is not None:
        decode(route.request, body.encode())


def test_every_route_that_the_page_names_exists() -> None:
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/v1/[^`]+)`", PAGE.read_text(encoding="utf-8"))
    assert named
    assert [(method, path) for method, path in named if route_of(method, path) is None] == []


def test_every_word_that_travels_is_in_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    words = [*Spot, *Accuracy, *Unfit, *Trigger, *Mode, *Reason, *Did, *PURPOSES]
    words += [REMINDER, PENDING, ENDED, STILL_WANTED]
    assert [str(word) for word in words if f"`{word}`" not in text] == []
