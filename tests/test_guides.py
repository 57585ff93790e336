"""The guides for firmware, apps and factories: every example is decoded by the code that takes it."""

import base64
import json
import re
import shlex
from collections.abc import Iterator
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.api.decoding import decode as decode_body
from gateway.api.problem import ProblemDocument
from gateway.api.routes import Route
from gateway.api.table import ROUTES
from gateway.domain.commands import RESEND_DELAYS_S, Status
from gateway.protocol import messages
from gateway.protocol.codec import decode, decode_activation_reply, encode
from gateway.protocol.messages import BindVerdict, Command
from gateway.protocol.signing import SIGNATURE_TAIL
from gateway.protocol.topics import parse
from gateway.usecases import (
    consent_changes,
    exports,
    guardians,
    households,
    incidents,
    location,
    policies,
    request_answers,
    support_notes,
)
from gateway.usecases.types import load_catalogue
from gateway.usecases.unit_rows import CheckedRow
from tests.generated_docs import checked
from tests.pages import DOCS, Block, blocks

DEVICE: Final = "d-0123456789abcdefghjkmnpqrs"
COMMAND_KEY: Final = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="


# -- firmware.md


@pytest.mark.parametrize("block", blocks(DOCS / "firmware.md", "json"), ids=str)
def test_every_message_in_the_firmware_guide_is_one_that_the_gateway_takes_or_sends(block: Block) -> None:
    what, _, name = block.mark.partition(": ")
    payload = block.text.strip().encode()
    if what == "signed":
        assert name in ("command", "verdict")
        assert is_signed(payload, name)
        assert encode(decode(Command, payload) if name == "command" else decode(BindVerdict, payload)) == payload
        return
    assert what == "message", "every example says which message it is"
    if name in ("ActivationAccepted", "ActivationRefused"):
        assert type(decode_activation_reply(payload)).__name__ == name
        return
    model: type[messages.Message] = getattr(messages, name)
    decode(model, payload)


def is_signed(payload: bytes, purpose: str) -> bool:
    """The four steps of the guide, without a line of ours."""
    assert payload[-SIGNATURE_TAIL:].startswith(b',"sig":"')
    signed = b"\n".join((f"hearthgate-{purpose}-1".encode(), DEVICE.encode(), payload[:-98] + b"}"))
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(COMMAND_KEY))
    key.verify(base64.b64decode(payload[-90:-2]), signed)
    return True


def test_the_guide_shows_every_message_of_an_appliances_life() -> None:
    shown = {block.mark.partition(": ")[2] for block in blocks(DOCS / "firmware.md", "json")}
    assert shown == {
        *("ActivationRequest", "ActivationAccepted", "ActivationRefused", "Hello", "Welcome", "BindRequest", "verdict"),
        *("StateReport", "EventReport", "LogReport", "command", "CommandAck", "RenewRequest", "RenewReply"),
    }


def test_every_topic_in_the_firmware_guide_is_one() -> None:
    topics = re.findall(r"`(hg/v1/[^`]+)`", (DOCS / "firmware.md").read_text(encoding="utf-8"))
    assert topics
    for topic in topics:
        assert parse(topic.replace("down/#", "down/command")) is not None, topic


def test_the_state_and_the_events_of_the_guide_fit_the_type_that_it_names() -> None:
    types = load_catalogue()
    for block in blocks(DOCS / "firmware.md", "json"):
        body = json.loads(block.text)
        match block.mark:
            case "message: StateReport" | "message: CommandAck":
                assert types.check_report("heater.panel.s2", body["state"])[1] == ()
            case "message: EventReport":
                assert types.check_event("heater.panel.s2", body["name"], body["data"]) == []
            case "signed: command":
                assert types.check_command("heater.panel.s2", body["action"], body["params"]) == []


def test_the_guide_tells_the_times_of_resending() -> None:
    *growing, last = RESEND_DELAYS_S
    told = f"{', '.join(map(str, growing))} and then every {last} s"
    assert told in (DOCS / "firmware.md").read_text(encoding="utf-8")


# -- app.md


def requests() -> Iterator[tuple[str, str, str | None]]:
    """Method, path and body of every curl in the app's page, in its order."""
    for block in blocks(DOCS / "app.md", "sh"):
        for line in block.text.replace("\\\n", " ").splitlines():
            if line.startswith("curl "):
                yield call_of(line)


def call_of(line: str) -> tuple[str, str, str | None]:
    words = shlex.split(line)
    body = words[words.index("-d") + 1] if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body is not None else "GET"
    target = next(word for word in words if word.startswith("$API"))
    return method, target.removeprefix("$API"), body


def route_of(method: str, target: str) -> Route | None:
    path = target.partition("?")[0]
    for route in ROUTES:
        pattern = re.sub(r"\\\{[a-z_]+\\\}", "[^/]+", re.escape(route.path))
        if route.method == method and re.fullmatch(pattern, path):
            return route
    return None


@pytest.mark.parametrize(("method", "target", "body"), list(requests()))
def test_every_request_of_the_apps_page_is_one_that_the_api_takes(method: str, target: str, body: str | None) -> None:
    route = route_of(method, target)
    assert route is not None
    assert (body is not None) == (route.request is not None)
    if route.request is not None and body is not None:
        decode_body(route.request, body.replace("$REFRESH", "A" * 43).replace("$TOKEN", "A" * 43).encode())


def test_every_route_that_the_apps_page_names_exists() -> None:
    text = (DOCS / "app.md").read_text(encoding="utf-8")
    for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/v1/[^`]+)`", text):
        assert route_of(method, path) is not None, (method, path)


def test_the_apps_page_names_every_kind_of_notice() -> None:
    (block,) = re.findall(
        r"^### Notices$(.*?)^## ", (DOCS / "app.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    kinds = {policies.PUBLISHED, consent_changes.STOPPED, consent_changes.RENEWAL_DUE, guardians.LINKED}
    kinds |= {
        guardians.ENDED,
        guardians.OF_AGE,
        exports.READY,
        exports.FAILED,
        exports.FETCHED,
        request_answers.DECIDED,
    }
    kinds |= {incidents.TOLD, households.REMOVED, location.STILL_WANTED, support_notes.OPENED}
    assert [kind for kind in kinds if f"`{kind}`" not in block] == []


def test_the_apps_page_names_every_status_of_a_command() -> None:
    text = (DOCS / "app.md").read_text(encoding="utf-8")
    assert [status for status in Status if status.value not in text] == []


def test_the_problem_in_the_apps_page_is_one() -> None:
    (block,) = blocks(DOCS / "app.md", "json")
    ProblemDocument.model_validate_json(block.text, strict=True)


# -- production-list.md


@pytest.mark.parametrize(
    "block", [block for block in blocks(DOCS / "production-list.md") if block.mark.startswith("list: ")], ids=str
)
def test_every_list_in_the_page_is_taken_or_refused_as_the_page_says(block: Block) -> None:
    _, form, taken = block.mark.replace("taken=", "").split()
    rows = checked(block.text, form)
    assert len([row for row in rows if isinstance(row, CheckedRow)]) == int(taken)
    assert rows


def test_every_row_of_the_refused_list_is_refused() -> None:
    (block,) = [block for block in blocks(DOCS / "production-list.md") if block.mark.endswith("taken=0")]
    assert len(checked(block.text, "csv")) == len(block.text.strip().splitlines()) - 1
