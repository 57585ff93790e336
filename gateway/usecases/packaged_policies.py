"""Reads the texts of a policy from a folder: the one that comes with the program, or one that an operator wrote.

A text is a template. `{{stored}}` takes the list of what is stored, which is made from the data map in the text's own
language; `{{controller}}`, `{{contact}}` and `{{region}}` say who runs the installation and where.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateway.domain.consent import Purpose
from gateway.domain.policies import ChangeReason, Language, Policy, PolicyKind, PolicyText
from gateway.usecases.policies import text_in
from gateway.usecases.receipts import Controller

FIRST: Final = 1
_FOLDER: Final = Path(__file__).parent.parent / "policies" / str(FIRST)
_PLACE: Final = re.compile(r"\{\{([a-z_]*)\}\}")
_BYTES_AT_MOST: Final = 256 * 1024
_FIELDS: Final = {"version", "kind", "reasons", "affects", "reduces_rights", "effective_at"}

_IN_CHINESE: Final = {
    "the operator of this installation": "本系统的运营者",
    "in the app, under your rights": "应用中的“您的权利”",
    "not given": "未指明",
}
"""What the configuration says where nobody was named. Names that an operator gave stand as they were given."""

Stored = Callable[[Language], str]
"""What is stored and for how long, in a language: made from the data map."""


class PolicyFileError(ValueError):
    """A file of a policy that cannot be used. The text says which and why."""


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """A version and its texts, ready to be published."""

    policy: Policy
    texts: tuple[PolicyText, ...]


def packaged(stored: Stored, controller: Controller, now: datetime) -> PolicyFiles:
    """The first version, as it comes with the program. It counts at once: there was none before."""
    return read_policy(_FOLDER, stored, controller, now, version=FIRST)


def read_policy(
    folder: Path, stored: Stored, controller: Controller, now: datetime, *, version: int | None = None
) -> PolicyFiles:
    """A version from a folder with `policy.json` and a text for each language, `en.md` and `zh.md`.

    `policy.json` holds `version` (unless given), `kind`, `reasons`, `affects`, `reduces_rights`, and `effective_at` in
    ISO 8601 with its time zone. The first version may leave the last out and counts at once; of any other people are
    told before it counts, as the policy promises.

    Raises:
        PolicyFileError: a file is missing or not as it has to be.
    """
    about = _about(folder / "policy.json")
    chosen = version if version is not None else about.get("version")
    if not isinstance(chosen, int) or isinstance(chosen, bool):
        raise PolicyFileError("policy.json: version is a whole number")
    if chosen > FIRST and about.get("effective_at") is None:
        raise PolicyFileError("policy.json: effective_at is missing; people are told of a version before it counts")
    try:
        policy = Policy(
            version=chosen,
            kind=PolicyKind(about["kind"]),
            reasons=frozenset(ChangeReason(one) for one in about.get("reasons", ())),
            affects=frozenset(Purpose(one) for one in about.get("affects", ())),
            reduces_rights=_yes_or_no(about.get("reduces_rights", False)),
            published_at=now,
            effective_at=_moment(about.get("effective_at"), now),
        )
    except KeyError:
        raise PolicyFileError("policy.json: kind is missing") from None
    except (ValueError, TypeError) as wrong:
        raise PolicyFileError(f"policy.json: {wrong}") from None
    return PolicyFiles(policy, tuple(_text(folder, language, stored, controller) for language in Language))


def _about(path: Path) -> dict[str, Any]:
    text = _read(path)
    try:
        about = json.loads(text)
    except ValueError:
        raise PolicyFileError("policy.json is not JSON") from None
    if not isinstance(about, dict):
        raise PolicyFileError("policy.json is not an object")
    unknown = sorted(set(about) - _FIELDS)
    if unknown:
        raise PolicyFileError(f"policy.json: there is no field {', '.join(unknown)}")
    return about


def _text(folder: Path, language: Language, stored: Stored, controller: Controller) -> PolicyText:
    path = folder / f"{language.value}.md"
    named = {"controller": controller.name, "contact": controller.contact, "region": controller.region}
    if language is Language.CHINESE:
        named = {place: _IN_CHINESE.get(value, value) for place, value in named.items()}
    values = {"stored": stored(language).strip(), **named}

    def filled(place: re.Match[str]) -> str:
        if place[1] not in values:
            raise PolicyFileError(f"{path.name}: nothing is known to put in place of {place[0]}")
        return values[place[1]]

    return text_in(language, _PLACE.sub(filled, _read(path)))


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
        if len(content) > _BYTES_AT_MOST:
            raise PolicyFileError(f"{path.name} is longer than {_BYTES_AT_MOST} bytes")
        return content.decode()
    except OSError:
        raise PolicyFileError(f"{path.name} cannot be read") from None
    except UnicodeDecodeError:
        raise PolicyFileError(f"{path.name} is not UTF-8") from None


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("reduces_rights is true or false")
    return value


def _moment(value: object, now: datetime) -> datetime:
    if value is None:
        return now
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError("effective_at has no time zone")
    return moment
