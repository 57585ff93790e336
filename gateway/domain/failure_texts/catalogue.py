"""All texts together, by language and code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.failure_texts import (
    en_activation,
    en_entry,
    en_home,
    en_use,
    zh_activation,
    zh_entry,
    zh_home,
    zh_use,
)
from gateway.domain.failure_texts.language import Language
from gateway.domain.failure_texts.text import Text
from gateway.domain.failures import Code

_TEXTS: Final[Mapping[Language, Mapping[Code, Text]]] = MappingProxyType(
    {
        Language.EN: MappingProxyType({**en_home.TEXTS, **en_entry.TEXTS, **en_activation.TEXTS, **en_use.TEXTS}),
        Language.ZH: MappingProxyType({**zh_home.TEXTS, **zh_entry.TEXTS, **zh_activation.TEXTS, **zh_use.TEXTS}),
    }
)


def text_of(code: Code, language: Language) -> Text:
    """What a code says in a language."""
    return _TEXTS[language][code]
