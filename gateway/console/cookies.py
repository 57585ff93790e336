"""The console's three cookies: who is signed in, what forms carry before that, and the language."""

from typing import Final

from aiohttp import web

from gateway.domain.failure_texts import Language, choose_language

SESSION: Final = "hg-staff"
FORM: Final = "hg-form"
LANGUAGE: Final = "hg-language"
_YEAR_S: Final = 365 * 24 * 3600
_LONGEST: Final = 512


def read_cookie(request: web.Request, name: str) -> str:
    """The cookie's value; empty when there is none, and when it is longer than any of ours or no ASCII.

    A byte that is no UTF-8 arrives as half a character, which no page, form or digest could be made of.
    """
    value = request.cookies.get(_named(request, name), "")
    return value if len(value) <= _LONGEST and value.isascii() else ""


def set_cookie(request: web.Request, answer: web.StreamResponse, name: str, value: str) -> None:
    """Set one. The language stays for a year, the others go with the browser's session."""
    answer.set_cookie(
        _named(request, name),
        value,
        path="/",
        httponly=True,
        secure=request.secure,
        samesite="Strict",
        max_age=_YEAR_S if name == LANGUAGE else None,
    )


def drop_cookie(request: web.Request, answer: web.StreamResponse, name: str) -> None:
    """Have the browser forget one."""
    answer.del_cookie(_named(request, name), path="/", httponly=True, secure=request.secure, samesite="Strict")


def _named(request: web.Request, name: str) -> str:
    # `__Host-` binds a cookie to this very host over TLS; browsers refuse it over plain HTTP, which is loopback only.
    return f"__Host-{name}" if request.secure else name


def chosen_language(request: web.Request) -> Language:
    """As set by the person, else the first that their browser asks for and we speak, else English."""
    return choose_language(read_cookie(request, LANGUAGE), request.headers.get("Accept-Language", "")[:_LONGEST])
