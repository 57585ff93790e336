"""What a text of a purpose says, and the one way in which it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.domain.consent import Purpose

VERSIONS: Final[Mapping[Purpose, int]] = MappingProxyType(dict.fromkeys(Purpose, 1))
"""Version of each purpose's text, the same in all languages. Grows with every change of a word."""


@dataclass(frozen=True, slots=True)
class PurposeText:
    """One purpose in one language."""

    title: str
    allows: str
    """What is done with it, and what is not."""
    data: str
    """What the gateway then learns."""
    kept: str
    recipients: str
    instead: str
    """How the same is had without saying yes."""
    withdraw: str


def shown(text: PurposeText) -> str:
    """The text as it is shown and hashed: a line for each part, ending with a line feed."""
    parts = (text.title, text.allows, text.data, text.kept, text.recipients, text.instead, text.withdraw)
    return "".join(part + "\n" for part in parts)
