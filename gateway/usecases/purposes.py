"""The purposes as a person sees them: a text with its version and hash in each language."""

import hashlib
from dataclasses import dataclass, field
from functools import cache

from gateway.domain.consent import Purpose
from gateway.domain.consent_texts import VERSIONS, PurposeText, shown, text_of
from gateway.domain.policies import Language


@dataclass(frozen=True, slots=True)
class ShownPurpose:
    """A purpose with the text that is shown for it."""

    purpose: Purpose
    language: Language
    text: PurposeText
    shown: str = field(repr=False)
    """What is put before the person's eyes, all of it."""
    version: int
    hash: bytes = field(repr=False)
    """SHA-256 of `shown` in UTF-8."""


@cache
def purpose_in(purpose: Purpose, language: Language) -> ShownPurpose:
    """A purpose in a language."""
    text = text_of(purpose, language)
    whole = shown(text)
    return ShownPurpose(purpose, language, text, whole, VERSIONS[purpose], hashlib.sha256(whole.encode()).digest())


def language_of(purpose: Purpose, text_hash: bytes) -> Language | None:
    """In which language a text with this hash is shown now; None when no present text has it."""
    return next((one for one in Language if purpose_in(purpose, one).hash == text_hash), None)
