"""Templates to bytes. Everything is escaped, and a name that a template does not get is an error."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.console.words import say
from gateway.domain.failure_texts import Language, own_name

TEMPLATES: Final = Path(__file__).parent / "templates"

TAGS: Final = {Language.EN: "en", Language.ZH: "zh-Hans"}


class Pages:
    """All templates, read and compiled once."""

    def __init__(self) -> None:
        self._environment: Final = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        filters = self._environment.filters
        filters["people_time"] = people_time
        filters["clock_time"] = clock_time
        filters["machine_time"] = machine_time
        filters["visible"] = visible

    def draw(self, template: str, language: Language, values: Mapping[str, Any]) -> bytes:
        """One page."""
        languages = [{"value": other.value, "tag": TAGS[other], "name": own_name(other)} for other in Language]
        return (
            self._environment.get_template(template)
            .render(
                **values,
                lang=TAGS[language],
                say=partial(say, language),
                languages=[one for one in languages if one["value"] != language.value],
            )
            .encode()
        )


def visible(text: str) -> str:
    """A text whose invisible characters are seen, by number: `[U+202E]` for what turns the direction of writing.

    Such a character, or one that hides between letters, could make a page say something else than its text. Lines,
    tabs and what joins letters and emoji stay.
    """
    return "".join(f"[U+{ord(each):04X}]" if _is_hidden(each) else each for each in text)


def _is_hidden(each: str) -> bool:
    return unicodedata.category(each) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} and each not in "\n\t\u200c\u200d"


def people_time(at: datetime) -> str:
    """`2026-03-01 12:00:00 UTC`: nobody has to guess whose clock it is."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock_time(at: datetime) -> str:
    """`12:00:00`, where the day stands nearby."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def machine_time(at: datetime) -> str:
    """RFC 3339, for the `datetime` attribute."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
