"""The catalogue of failures as Markdown pages, one a code, and as data for an app that wants the texts inside it."""

from collections.abc import Iterator
from typing import Any

from gateway.domain.failure_sources import sources_of
from gateway.domain.failure_texts import Language, page_of, pieces_of, retry_advice, stage_meaning, stage_name, text_of
from gateway.domain.failures import CATALOGUE, Failure, Stage

INDEX = "README.md"


def markdown_pages() -> dict[str, str]:
    """Every page by the name of its file; the list of all codes is `README.md`."""
    return {INDEX: _index(), **{_file_of(failure): _page(failure) for failure in CATALOGUE.values()}}


def catalogue_as_data() -> list[dict[str, Any]]:
    """Every code with what belongs to it and its texts in each language, in the order of the numbers."""
    return [
        {
            "code": failure.code.value,
            "number": failure.number,
            "digits": failure.digits,
            "stage": failure.stage.value,
            "retry": failure.retry.value,
            "retry_after_s": failure.retry_after_s,
            "sources": [source.value for source in sources_of(failure.code)],
            "texts": {language.value: _texts(failure, language) for language in Language},
        }
        for failure in CATALOGUE.values()
    ]


def _texts(failure: Failure, language: Language) -> dict[str, str]:
    text = text_of(failure.code, language)
    return {
        "title": text.title,
        "stage": stage_name(failure.stage, language),
        "cause": text.cause,
        "customer": text.customer,
        "support": text.support,
        "retry": retry_advice(failure, language),
    }


def _file_of(failure: Failure) -> str:
    name = failure.code.value.replace(".", "-").replace("_", "-")
    return f"{failure.digits}-{name}.md"


def _page(failure: Failure) -> str:
    """One page, every language after the other."""
    lines = [f"# {failure.digits} `{failure.code.value}`", ""]
    for language in Language:
        page = page_of(failure.code, language)
        lines += [f"## {page.title}", "", page.stage, ""]
        for section in page.sections:
            lines += [f"**{section.heading}**", "", _linked(section.text, failure), ""]
    return "\n".join([*lines, f"[All codes]({INDEX})", ""])


def _linked(sentence: str, here: Failure) -> str:
    """The sentence with links to the other codes that it names."""
    return "".join(_piece(piece, here) for piece in pieces_of(sentence))


def _piece(piece: str | Failure, here: Failure) -> str:
    if isinstance(piece, str):
        return piece
    return piece.digits if piece is here else f"[{piece.digits}]({_file_of(piece)})"


def _index() -> str:
    return "\n".join(_index_lines())


def _index_lines() -> Iterator[str]:
    yield "# Failure codes"
    yield ""
    yield "Three digits for people, a word for programs; neither ever changes its meaning. The first digit is the stage"
    yield "that failed. Made by `hearthgate export codes --out docs/codes`; every gateway has them at `/docs/codes`."
    yield ""
    for stage in Stage:
        yield f"## {stage.digit} {stage_name(stage, Language.EN)} · {stage_name(stage, Language.ZH)}"
        yield ""
        yield f"{stage_meaning(stage, Language.EN)} {stage_meaning(stage, Language.ZH)}"
        yield ""
        yield "| number | code | what it is | 说明 |"
        yield "| --- | --- | --- | --- |"
        for failure in CATALOGUE.values():
            if failure.stage is stage:
                titles = " | ".join(text_of(failure.code, language).title for language in Language)
                yield f"| [{failure.digits}]({_file_of(failure)}) | `{failure.code.value}` | {titles} |"
        yield ""
