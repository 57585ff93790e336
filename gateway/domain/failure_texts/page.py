"""What the page of one code says, in its order: for the documentation, the app's help and the command line alike."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

import re
from dataclasses import dataclass
from typing import Final

from gateway.domain.failure_sources import sources_of
from gateway.domain.failure_texts.catalogue import text_of
from gateway.domain.failure_texts.language import Language
from gateway.domain.failure_texts.names import retry_advice, source_name, stage_meaning, stage_name
from gateway.domain.failures import CATALOGUE, Code, Failure

_NAMED: Final = re.compile(r"(?:code|代码) ([0-9]{3})")
_BY_DIGITS: Final = {failure.digits: failure for failure in CATALOGUE.values()}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class CodePage:
    """A code explained in one language."""

    failure: Failure
    language: Language
    title: str
    stage: str
    """A sentence about the stage, beginning with its digit."""
    sections: tuple[Section, ...]
    """First what the customer can do, last where the evidence comes from."""


def page_of(code: Code, language: Language) -> CodePage:
    """The page of a code."""
    failure, text = CATALOGUE[code], text_of(code, language)
    name, meaning = stage_name(failure.stage, language), stage_meaning(failure.stage, language)
    sources = [source_name(source, language) for source in sources_of(code)]
    match language:
        case Language.EN:
            stage = f"Stage {failure.stage.digit}, {name}: {meaning}"
            headings = ("What the customer can do", "Trying again", "Likely cause", "What support does", "Who tells us")
            told = f"Usually: {'; '.join(sources)}."
        case Language.ZH:
            stage = f"阶段 {failure.stage.digit}，{name}：{meaning}"
            headings = ("用户可以这样做", "重试", "可能原因", "客服处理步骤", "证据来源")
            told = f"通常来自：{'；'.join(sources)}。"
    texts = (text.customer, retry_advice(failure, language), text.cause, text.support, told)
    sections = tuple(Section(heading, said) for heading, said in zip(headings, texts, strict=True))
    return CodePage(failure, language, text.title, stage, sections)


def failure_of(digits: str) -> Failure | None:
    """The failure with these three digits, if there is one."""
    return _BY_DIGITS.get(digits)


def pieces_of(sentence: str) -> tuple[str | Failure, ...]:
    """A sentence cut where it names a code ("code 205"), so that a page can link there. Together they say the same."""
    pieces: list[str | Failure] = []
    end = 0
    for named in _NAMED.finditer(sentence):
        failure = failure_of(named[1])
        if failure is not None:
            pieces += [sentence[end : named.start(1)], failure]
            end = named.end()
    return (*pieces, sentence[end:])
