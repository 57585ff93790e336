"""What the console says itself, in every language that it speaks. Texts of failures are the catalogue's."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.console.words_en import ENGLISH
from gateway.console.words_zh import CHINESE
from gateway.domain.failure_texts import Language

WORDS: Final[Mapping[Language, Mapping[str, str]]] = MappingProxyType({Language.EN: ENGLISH, Language.ZH: CHINESE})


def say(language: Language, words: str, **values: object) -> str:
    """The sentence of a key, with its values filled in. Plain text: whoever puts it into a page escapes it.

    Raises:
        KeyError: there is no such key, or a value is missing.
    """
    sentence = WORDS[language][words]
    return sentence.format(**values) if values else sentence
