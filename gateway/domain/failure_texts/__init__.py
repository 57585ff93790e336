"""What every failure code says to customers and to support staff, in English and Chinese.

Texts may be bettered at any time; codes and numbers may not. Texts are data: no rule looks at them.
"""

from gateway.domain.failure_texts.catalogue import text_of
from gateway.domain.failure_texts.language import Language, choose_language, in_language, own_name
from gateway.domain.failure_texts.names import (
    confidence_name,
    retry_advice,
    retry_sentence,
    source_name,
    stage_meaning,
    stage_name,
)
from gateway.domain.failure_texts.page import CodePage, Section, failure_of, page_of, pieces_of
from gateway.domain.failure_texts.text import Text

__all__ = [
    "CodePage",
    "Language",
    "Section",
    "Text",
    "choose_language",
    "confidence_name",
    "failure_of",
    "in_language",
    "own_name",
    "page_of",
    "pieces_of",
    "retry_advice",
    "retry_sentence",
    "source_name",
    "stage_meaning",
    "stage_name",
    "text_of",
]
