"""Every text by language and purpose; a missing one fails at import."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.consent import Purpose
from gateway.domain.consent_texts.en import ENGLISH
from gateway.domain.consent_texts.text import PurposeText
from gateway.domain.consent_texts.zh import CHINESE
from gateway.domain.policies import Language

_ROWS: Final = {Language.ENGLISH: ENGLISH, Language.CHINESE: CHINESE}

TEXTS: Final[Mapping[Language, Mapping[Purpose, PurposeText]]] = MappingProxyType(
    {language: MappingProxyType({purpose: _ROWS[language][purpose] for purpose in Purpose}) for language in Language}
)


def text_of(purpose: Purpose, language: Language) -> PurposeText:
    """The text of a purpose."""
    return TEXTS[language][purpose]
