"""The two commands."""

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli.command import AsJson, CommandError, ConfigFile, Exit, command, new_group, say, say_json

if TYPE_CHECKING:
    from gateway.domain.failure_texts import Language
    from gateway.domain.failures import Code
    from gateway.usecases.support import Card, Found
    from gateway.usecases.transaction import Transaction

group = new_group()

_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_MOST_DIGITS: Final = 4
_WORDS_AT_MOST: Final = 256
"""Characters read of standard input."""


@group.command("list")
@command
def list_(
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed.")] = False,
    since: Annotated[str, typer.Option(help="How far back, such as 90m, 2h or 7d.")] = "24h",
    code: Annotated[str | None, typer.Option(help="Only this code, as 303 or tls.client_cert_missing.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Attempts at most, the newest.")] = 100,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List activation attempts, newest first."""
    import asyncio

    from gateway.cli.attempts.json_card import listed_json
    from gateway.cli.attempts.telling import listed_line
    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.usecases import support
    from gateway.usecases.repositories.support import AttemptFilter

    which = AttemptFilter(utc_now() - _span(since), failed_only=failed, code=None if code is None else _code(code))
    with opened(load(config)) as (database, _):
        found = asyncio.run(database.read(lambda tx: support.recent(tx, which, limit)))
    for one in found:
        if as_json:
            say_json(listed_json(one))
        else:
            say(listed_line(one))
    if not found and not as_json:
        say("no attempts")


@group.command("explain")
@command
def explain(
    words: Annotated[
        str,
        typer.Argument(
            metavar="ANYTHING",
            help="A MAC, a machine code, digits and trace id such as '303 k7q-4m2', or an id of a pairing, attempt or "
            "device. - reads it from standard input, which keeps it out of the shell's history.",
        ),
    ],
    *,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Say how an activation went; if it failed why, how sure that is, and what to do. Exit code 1: nothing found."""
    import asyncio

    from gateway.cli.attempts.json_card import found_json
    from gateway.cli.attempts.telling import found_lines
    from gateway.cli.opening import opened
    from gateway.config import load
    from gateway.runtime.clock import utc_now
    from gateway.usecases import support

    language = _language(lang)
    named = _typed(words)
    with opened(load(config)) as (database, secrets):

        def look(tx: "Transaction") -> "tuple[Found, Card | None]":
            found = support.find(tx, secrets.indexes, named)
            return found, support.card(tx, found.newest, utc_now())

        found, card = asyncio.run(database.read(look))
    if found.is_miss:
        raise CommandError("nothing is known under this name; what is kept of attempts ends after 30 days")
    if as_json:
        say_json(found_json(found, card, language))
    else:
        for line in found_lines(found, card, language):
            say(line)


def _typed(words: str) -> str:
    if words != "-":
        return words
    return sys.stdin.readline(_WORDS_AT_MOST)


def _language(text: str) -> "Language":
    from gateway.domain.failure_texts import Language

    try:
        return Language(text)
    except ValueError:
        raise CommandError(f"the language is one of {', '.join(Language)}", Exit.USAGE) from None


def _span(text: str) -> timedelta:
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is None or not number.isascii() or not number.isdigit() or not 0 < len(number) <= _MOST_DIGITS:
        raise CommandError("a time is written like 90m, 2h or 7d", Exit.USAGE)
    return int(number) * unit


def _code(text: str) -> "Code":
    from gateway.domain.failures import CATALOGUE

    for failure in CATALOGUE.values():
        if text in (failure.digits, failure.code.value):
            return failure.code
    raise CommandError("there is no such code; docs/codes has them all", Exit.USAGE)
