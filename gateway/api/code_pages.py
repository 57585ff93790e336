"""The pages of the failure codes for people: English and Chinese, no scripts, nothing loaded, everything escaped."""

from collections.abc import Iterator
from html import escape

from gateway.api.help import CODES_PATH, help_path
from gateway.api.page_style import STYLE
from gateway.domain.failure_texts import Language, own_name, page_of, pieces_of, stage_meaning, stage_name, text_of
from gateway.domain.failures import CATALOGUE, Failure, Stage


def code_page_html(failure: Failure, language: Language) -> str:
    """The page of one code."""
    return "\n".join(_code_page(failure, language))


def list_html(language: Language) -> str:
    """The page that lists every code by its stage."""
    return "\n".join(_list(language))


def _code_page(failure: Failure, language: Language) -> Iterator[str]:
    page = page_of(failure.code, language)
    yield from _head(f"{failure.digits} {page.title}", language, help_path(failure.code))
    yield f'<main class="code"><h1>{failure.digits} {escape(page.title)}</h1>'
    yield f"<p><code>{escape(failure.code.value)}</code> · {escape(page.stage)}</p>"
    first, *others = page.sections
    yield f'<h2>{escape(first.heading)}</h2><p class="say">{_linked(first.text, failure, language)}</p>'
    for section in others:
        yield f"<h2>{escape(section.heading)}</h2><p>{_linked(section.text, failure, language)}</p>"
    yield "</main></body></html>"


def _list(language: Language) -> Iterator[str]:
    title = _list_title(language)
    yield from _head(title, language, CODES_PATH)
    yield f"<main><h1>{escape(title)}</h1>"
    for stage in Stage:
        yield f"<h2>{stage.digit} {escape(stage_name(stage, language))}</h2>"
        yield f"<p>{escape(stage_meaning(stage, language))}</p><table>"
        for failure in CATALOGUE.values():
            if failure.stage is stage:
                text = text_of(failure.code, language)
                yield f'<tr><th scope="row">{_link(failure, language)}</th>'
                yield f"<td><strong>{escape(text.title)}</strong><br>{escape(text.customer)}</td></tr>"
        yield "</table>"
    yield "</main></body></html>"


def _head(title: str, language: Language, path: str) -> Iterator[str]:
    """Up to the body's content: the way to the list, and the same page in the other language."""
    yield f'<!doctype html><html lang="{language.value}"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)} · Hearthgate</title><style>{STYLE}</style></head><body><nav><p>"
    if path != CODES_PATH:
        yield f'<a href="{CODES_PATH}?lang={language.value}">{escape(_list_title(language))}</a> ·'
    yield " · ".join(
        f'<a href="{escape(path)}?lang={other.value}" lang="{other.value}" hreflang="{other.value}">'
        f"{own_name(other)}</a>"
        for other in Language
        if other is not language
    )
    yield "</p></nav>"


def _list_title(language: Language) -> str:
    match language:
        case Language.EN:
            return "Failure codes"
        case Language.ZH:
            return "故障代码"


def _linked(sentence: str, here: Failure, language: Language) -> str:
    """The sentence with links to the other codes that it names."""
    return "".join(_piece(piece, here, language) for piece in pieces_of(sentence))


def _piece(piece: str | Failure, here: Failure, language: Language) -> str:
    if isinstance(piece, str):
        return escape(piece)
    return piece.digits if piece is here else _link(piece, language)


def _link(failure: Failure, language: Language) -> str:
    return f'<a href="{escape(help_path(failure.code))}?lang={language.value}">{failure.digits}</a>'
