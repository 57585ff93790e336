"""The documentation, held against the code: examples are decoded, commands and links exist, generated parts are fresh.

`python -m tests.test_docs` writes the generated parts anew.
"""

import base64
import json
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from typer.main import get_command

from gateway.api.codes import CATALOGUE as API_CODES
from gateway.api.decoding import decode as decode_body
from gateway.api.problem import ProblemDocument
from gateway.api.routes import Route
from gateway.api.table import ROUTES
from gateway.cli.app import app
from gateway.config import load
from gateway.config.settings import Settings
from gateway.domain.commands import RESEND_DELAYS_S, Status
from gateway.domain.failures import CATALOGUE, Retry, Stage
from gateway.domain.own_codes import ALIASES
from gateway.observability.metrics import Metrics
from gateway.protocol import messages
from gateway.protocol.codec import decode, decode_activation_reply, encode
from gateway.protocol.messages import BindVerdict, Command
from gateway.protocol.signing import SIGNATURE_TAIL
from gateway.protocol.topics import parse
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.sealing import AesGcmSealer
from gateway.storage import data_map
from gateway.usecases.listed_rows import ListFormat, RefusedRow
from gateway.usecases.production_list import read_production_list
from gateway.usecases.types import load_catalogue
from gateway.usecases.unit_rows import CheckedRow, UnitIntake, check_row

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
PAGES: Final = (
    *sorted(path for path in DOCS.rglob("*.md") if path.name != "benchmarks.md"),
    *(ROOT / name for name in ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")),
)
NOW: Final = datetime(2026, 1, 31, 8, 5, 9, tzinfo=UTC)
DEVICE: Final = "d-0123456789abcdefghjkmnpqrs"
COMMAND_KEY: Final = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
MAY_BE_MISSING: Final = {DOCS / "benchmarks.md"}
"""Written by a measurement, which not every checkout has run."""

BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<mark>[^>]+) -->\n)?^```(?P<kind>[a-z]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
GENERATED: Final = re.compile(r"<!-- generated: ([a-z-]+) -->\n(.*?)<!-- end -->", re.DOTALL)
CODE_PATH: Final = re.compile(r"`((?:gateway|device_sim|tests|certs|deploy|docs)/[A-Za-z0-9_./-]*)`")


@dataclass(frozen=True)
class Block:
    """One fenced block, and the comment before it."""

    page: Path
    mark: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}: {self.mark or self.text[:40]}"


def blocks(page: Path, kind: str = "") -> list[Block]:
    text = page.read_text(encoding="utf-8")
    # Indentation of a block inside a list does not belong to it.
    found = [Block(page, m["mark"] or "", m["kind"], m["text"]) for m in BLOCK.finditer(re.sub(r"(?m)^ +", "", text))]
    return [block for block in found if kind in ("", block.kind)]


def page_id(value: object) -> str:
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else str(value)


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
        decode_body(route.request, body.replace("$REFRESH", "A" * 43).encode())


def test_every_route_that_the_apps_page_names_exists() -> None:
    text = (DOCS / "app.md").read_text(encoding="utf-8")
    for method, path in re.findall(r"`(GET|POST|PATCH|DELETE) (/v1/[^`]+)`", text):
        assert route_of(method, path) is not None, (method, path)


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


def checked(text: str, form: str) -> list[CheckedRow | RefusedRow]:
    keys = KeyRing(MasterKey(bytes(range(32))))
    intake = UnitIntake(HmacBlindIndexes(keys), AesGcmSealer(keys.wrapping_key), RandomIdentifiers(), load_catalogue())
    rows = read_production_list(BytesIO(text.encode()), ListFormat(form))
    return [row if isinstance(row, RefusedRow) else check_row(row, intake, NOW) for row in rows]


def test_every_row_of_the_refused_list_is_refused() -> None:
    (block,) = [block for block in blocks(DOCS / "production-list.md") if block.mark.endswith("taken=0")]
    assert len(checked(block.text, "csv")) == len(block.text.strip().splitlines()) - 1


# -- operating.md


def test_the_configuration_in_the_operators_page_is_one(tmp_path: Path) -> None:
    (block,) = [block for block in blocks(DOCS / "operating.md", "toml") if block.mark == "settings"]
    file = tmp_path / "hearthgate.toml"
    file.write_text(block.text, encoding="utf-8")
    problems = load(file, {}).problems_of_serving()
    assert tomllib.loads(block.text)["region"]
    assert [problem for problem in problems if "there is no file" not in problem] == []


def commands_of(page: Path) -> Iterator[list[str]]:
    for block in blocks(page, "sh"):
        for line in block.text.splitlines():
            for call in re.findall(r"(?:^|gateway )hearthgate ([a-z][^#<>|]*)", line):
                yield shlex.split(call)
    for call in re.findall(r"`hearthgate ([a-z][^`]*)`", page.read_text(encoding="utf-8")):
        yield shlex.split(call)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_command_in_a_page_exists(page: Path) -> None:
    for words in commands_of(page):
        found: Any = get_command(app)
        left = list(words)
        while hasattr(found, "commands") and left:
            found = found.commands[left.pop(0)]
        known = {name for parameter in found.params for name in parameter.opts}
        assert {word for word in left if word.startswith("--")} <= known, words


def test_every_variable_in_the_operators_page_is_a_setting() -> None:
    text = (DOCS / "operating.md").read_text(encoding="utf-8")
    known = {f"HEARTHGATE_{name.upper().replace('.', '__')}" for name, _ in settings_of(Settings)}
    known |= {f"{name}_FILE" for name in known} | {"HEARTHGATE_CONFIG"}
    assert set(re.findall(r"HEARTHGATE_[A-Z_]+", text)) <= known


def test_every_metric_in_the_operators_page_has_values() -> None:
    text = (DOCS / "operating.md").read_text(encoding="utf-8")
    told = set(re.findall(r"hearthgate_[a-z_]+", GENERATED.sub("", text)))
    assert told <= set(re.findall(r"hearthgate_[a-z_]+", metrics()))


# -- all pages


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists() or path in MAY_BE_MISSING, target
        if anchor:
            assert anchor in anchors(path), target


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    missing = [name for name in CODE_PATH.findall(page.read_text(encoding="utf-8")) if not (ROOT / name).exists()]
    assert missing == []


def test_every_decision_is_in_the_list_and_has_its_three_parts() -> None:
    folder = DOCS / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for path in folder.glob("0*.md"):
        text = path.read_text(encoding="utf-8")
        title = text.splitlines()[0].partition(". ")[2]
        assert f"- [{path.name[:4]}]({path.name}) {title}\n" in index
        assert [text.count(part) for part in ("**Context.**", "**Decision.**", "**Consequence.**")] == [1, 1, 1]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_the_generated_parts_of_a_page_are_fresh(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == fresh(page, text), "run: python -m tests.test_docs"


# -- what is generated


def fresh(page: Path, text: str) -> str:
    """The page with its generated parts as they should be now."""
    if page == DOCS / "data-map.md":
        return data_map.as_markdown()
    return GENERATED.sub(lambda m: f"<!-- generated: {m[1]} -->\n{MAKERS[m[1]]()}<!-- end -->", text)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def codes() -> str:
    rows = []
    for failure in CATALOGUE.values():
        if failure.stage in (Stage.CLAIM, Stage.ACT, Stage.CERT, Stage.BIND):
            after = f"after {failure.retry_after_s} s" if failure.retry is Retry.AFTER else failure.retry.value
            rows.append((failure.digits, f"`{failure.code.value}`", after))
    return table(("number", "code", "ask again"), rows)


def own_codes() -> str:
    rows = [(f"`{name}`", CATALOGUE[code].digits, f"`{code.value}`") for name, code in ALIASES.items()]
    return table(("name", "number", "code"), rows)


def api_codes() -> str:
    rows = [
        (f"`{code.value}`", str(known.status), "yes" if known.retryable else "", known.title)
        for code, known in API_CODES.items()
    ]
    return table(("code", "status", "retryable", "what it says"), rows)


def metrics() -> str:
    fed = fed_metrics()
    rows = []
    for attribute, one in vars(Metrics("0")).items():
        if attribute in fed:
            (found,) = one.collect()
            name = f"{found.name}_total" if found.type == "counter" else found.name
            labels = ", ".join(f"`{label}`" for label in one._labelnames)
            rows.append((f"`{name}`", found.type, labels, found.documentation))
    return table(("metric", "kind", "labels", "what it counts"), sorted(rows))


def fed_metrics() -> set[str]:
    """The metrics that some module gives values to: one that stays at zero for ever is not to be promised."""
    fed = {"build"}
    for path in (ROOT / "gateway").rglob("*.py"):
        fed |= set(re.findall(r"metrics\.([a-z_]+)", path.read_text(encoding="utf-8")))
    return fed


def refusals() -> str:
    (block,) = [block for block in blocks(DOCS / "production-list.md") if block.mark.endswith("taken=0")]
    rows = [row for row in checked(block.text, "csv") if isinstance(row, RefusedRow)]
    lines = [f"line {row.line}: {row.field or 'the row'} {row.reason}" for row in rows]
    return "```text\n" + "\n".join(lines) + "\n```\n"


def settings_of(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings_of(field.annotation, f"{before}{name}.")
        else:
            yield before + name, field


def settings() -> str:
    rows = [
        (f"`{name}`", kind_of(field), default_of(field), field.description or "")
        for name, field in settings_of(Settings)
    ]
    return table(("setting", "takes", "default", ""), [tuple(cell.replace("|", "\\|") for cell in row) for row in rows])


def kind_of(field: FieldInfo) -> str:
    bounds = {type(one).__name__: one for one in field.metadata}
    low = next((f"{getattr(bounds[key], key.lower())}" for key in ("Ge", "Gt") if key in bounds), "")
    high = f"{bounds['Le'].le}" if "Le" in bounds else ""
    return type_text(field.annotation) + (f", {'above ' if 'Gt' in bounds else ''}{low} to {high}" if high else "")


NAMES: Final = {
    bool: "true or false",
    int: "number",
    float: "number",
    str: "text",
    Path: "path",
    SecretStr: "secret",
}


def type_text(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return next(type_text(one) for one in get_args(annotation) if one is not type(None))
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in get_args(annotation))
    if origin is tuple:
        return "list"
    if origin is not None:  # Annotated
        return type_text(get_args(annotation)[0])
    return NAMES[annotation]


def default_of(field: FieldInfo) -> str:
    value = field.default
    match value:
        case None:
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case tuple():
            return ", ".join(f"`{one}`" for one in value)
        case _:
            return f"`{value}`"


MAKERS: Final = {
    "codes": codes,
    "own-codes": own_codes,
    "api-codes": api_codes,
    "metrics": metrics,
    "refusals": refusals,
    "settings": settings,
}


def main() -> None:
    """Write every generated part anew."""
    (DOCS / "data-map.md").touch()
    for page in {*PAGES, DOCS / "data-map.md"}:
        text = page.read_text(encoding="utf-8")
        made = fresh(page, text)
        if made != text:
            page.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
