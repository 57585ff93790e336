"""The generated parts of the documentation: tables of codes, metrics, settings and refusals, as the code has them."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from gateway.api.codes import CATALOGUE as API_CODES
from gateway.bootstrap.policies import controller_of
from gateway.config.settings import Settings
from gateway.domain.failures import CATALOGUE, Retry, Stage
from gateway.domain.own_codes import ALIASES
from gateway.domain.policies import Language
from gateway.observability.metrics import Metrics
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.sealing import AesGcmSealer
from gateway.storage import data_map
from gateway.storage.data_map.policy_part import periods, sentences
from gateway.storage.data_map.record_texts import ACTIVITIES
from gateway.usecases.listed_rows import ListFormat, RefusedRow
from gateway.usecases.processing_record import as_markdown
from gateway.usecases.production_list import read_production_list
from gateway.usecases.types import load_catalogue
from gateway.usecases.unit_rows import CheckedRow, UnitIntake, check_row
from tests.pages import DOCS, GENERATED, PAGES, ROOT, blocks

NOW: Final = datetime(2026, 1, 31, 8, 5, 9, tzinfo=UTC)


def checked(text: str, form: str) -> list[CheckedRow | RefusedRow]:
    keys = KeyRing(MasterKey(bytes(range(32))))
    intake = UnitIntake(HmacBlindIndexes(keys), AesGcmSealer(keys.wrapping_key), RandomIdentifiers(), load_catalogue())
    rows = read_production_list(BytesIO(text.encode()), ListFormat(form))
    return [row if isinstance(row, RefusedRow) else check_row(row, intake, NOW) for row in rows]


def fresh(page: Path, text: str) -> str:
    """The page with its generated parts as they should be now."""
    if page == DOCS / "data-map.md":
        return data_map.as_markdown()
    if page == DOCS / "processing-record.md":
        return as_markdown(data_map.processing_record(controller_of(Settings()), Language.ENGLISH))
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


def stored() -> str:
    """A row for each sentence that a person is told, with how long that is kept and who of the staff sees any of it."""
    rows = []
    for activity in ACTIVITIES:
        for name in activity.tables:
            if not (entry := data_map.DATA_MAP[name]).nobody:
                for told, kept in sentences(name, entry, Language.ENGLISH).items():
                    seen = ", ".join(seen_by(entry, told)) or "nobody"
                    rows.append((told, "; ".join(periods(kept, Language.ENGLISH)), seen))
    return table(("what", "kept", "seen by"), rows)


def seen_by(entry: data_map.TableEntry, told: str) -> list[str]:
    """Who of the staff may see a column that this sentence is about, in words that a customer knows."""
    about = [one for one in entry.columns.values() if (one.told or entry.told) == told]
    readers = {reader for one in about if one.sensitivity is not data_map.Sensitivity.NONE for reader in one.readers}
    return list(dict.fromkeys(words for reader, words in STAFF_WORDS.items() if reader in readers))


STAFF_WORDS: Final = {
    data_map.Reader.VIEWER: "support",
    data_map.Reader.ENGINEER: "support",
    data_map.Reader.AGENT: "support with your code",
    data_map.Reader.LEAD: "support with your code",
    data_map.Reader.OFFICER: "privacy officer",
    data_map.Reader.AUDITOR: "auditor",
    data_map.Reader.ADMIN: "administrator",
}


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
    "stored": stored,
}


def main() -> None:
    """Write every generated part anew."""
    whole = {DOCS / "data-map.md", DOCS / "processing-record.md"}
    for page in whole:
        page.touch()
    for page in {*PAGES, *whole}:
        text = page.read_text(encoding="utf-8")
        made = fresh(page, text)
        if made != text:
            page.write_text(made, encoding="utf-8")
