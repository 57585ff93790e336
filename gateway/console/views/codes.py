"""A failure code for people."""

from dataclasses import dataclass

from gateway.domain.failure_texts import Language, Text, retry_advice, stage_name, text_of
from gateway.domain.failures import CATALOGUE, Code, Stage


@dataclass(frozen=True, slots=True)
class CodeView:
    """One code."""

    digits: str
    name: str
    text: Text
    retry: str
    stage_digit: int
    stage_name: str


@dataclass(frozen=True, slots=True)
class StageCodes:
    """The codes of one stage."""

    digit: int
    name: str
    codes: tuple[CodeView, ...]


def code_view(code: Code, language: Language) -> CodeView:
    """A code in a language."""
    failure = CATALOGUE[code]
    return CodeView(
        digits=failure.digits,
        name=code.value,
        text=text_of(code, language),
        retry=retry_advice(failure, language),
        stage_digit=failure.stage.digit,
        stage_name=stage_name(failure.stage, language),
    )


def code_of_digits(digits: str) -> Code | None:
    """The code with these three digits."""
    return next((failure.code for failure in CATALOGUE.values() if failure.digits == digits), None)


def all_codes(language: Language) -> tuple[StageCodes, ...]:
    """Every code, by stage."""
    views = [code_view(code, language) for code in CATALOGUE]
    return tuple(
        StageCodes(
            stage.digit,
            stage_name(stage, language),
            tuple(view for view in views if view.stage_digit == stage.digit),
        )
        for stage in Stage
    )
