"""The languages that everything for people exists in, and which of them somebody reads."""

import re
from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final


@unique
class Language(StrEnum):
    """A language; the value is its tag in `lang` attributes and addresses."""

    EN = "en"
    ZH = "zh"


_OWN_NAMES: Final[Mapping[Language, str]] = MappingProxyType({Language.EN: "English", Language.ZH: "中文"})

_RANGE: Final = re.compile(r"([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9]{1,8})*(?:\s*;\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?")
_MOST_RANGES: Final = 20


def own_name(language: Language) -> str:
    """What a language calls itself: whoever cannot read the page finds theirs."""
    return _OWN_NAMES[language]


def in_language(words: tuple[str, str], language: Language) -> str:
    """One of a pair of words, English first."""
    match language:
        case Language.EN:
            return words[0]
        case Language.ZH:
            return words[1]


def choose_language(asked: str | None, accepted: str | None) -> Language:
    """The language to answer in.

    Args:
        asked: what the person chose, such as `zh`; anything that is none of ours counts as not said.
        accepted: an Accept-Language header (RFC 9110, 12.5.4); unreadable parts of it are passed over.

    Returns:
        The chosen one, else the best accepted one, else English.
    """
    if asked is not None and asked in set(Language):
        return Language(asked)
    best, best_weight = Language.EN, 0.0
    for part in (accepted or "").split(",")[:_MOST_RANGES]:
        found = _RANGE.fullmatch(part.strip())
        if found is None:
            continue
        tag = Language.EN.value if found[1] == "*" else found[1].lower()
        weight = 1.0 if found[2] is None else float(found[2])
        if tag in set(Language) and weight > best_weight:
            best, best_weight = Language(tag), weight
    return best
