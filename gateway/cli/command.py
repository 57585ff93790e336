"""What all commands share: their two options, their exit codes, and one clear sentence for every mistake."""

import functools
import json
import sys
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

P = ParamSpec("P")
R = TypeVar("R")

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file (else $HEARTHGATE_CONFIG, ./hearthgate.toml, /etc/hearthgate/)."),
]


class Exit(IntEnum):
    """Exit codes of the process."""

    OK = 0
    FAILED = 1
    """What was asked could not be done, or was done in part."""
    USAGE = 2
    """It was asked wrongly: a bad argument, or a configuration that cannot be used."""


class CommandError(Exception):
    """A command cannot do what it was asked; the text is one sentence for the person at the terminal."""

    def __init__(self, sentence: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(sentence)
        self.code = code


def new_group(**about: Any) -> typer.Typer:
    """A group of commands."""
    return typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # rich takes longer to load than most commands to run
        context_settings={"help_option_names": ["-h", "--help"]},
        **about,
    )


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function a command: mistakes of its user become a sentence on standard error and an exit code.

    Mistakes of ours keep their traceback.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if (found := _users_mistake(error)) is None:
                raise
            print(f"hearthgate: {found}", file=sys.stderr)  # noqa: T201 - the command line speaks
            raise typer.Exit(found.code) from None

    return run


def say(text: str) -> None:
    """One line of the answer, on standard output."""
    typer.echo(text)


def say_json(value: Any) -> None:
    """One JSON document on one line of standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))


def _users_mistake(error: Exception) -> CommandError | None:
    """The sentence for an error that a person at the terminal can do something about; None for any other.

    The imports are late because most commands end well; what raised is loaded already.
    """
    if isinstance(error, CommandError):
        return error
    from gateway.config import ConfigError

    if isinstance(error, ConfigError):
        return CommandError(str(error), Exit.USAGE)
    from gateway.security.authorities import AuthorityError
    from gateway.security.files import UnsafeFileError
    from gateway.security.keys import MasterKeyError
    from gateway.usecases.descriptors import DescriptorError
    from gateway.usecases.listed_rows import ListError
    from gateway.usecases.transaction import DatabaseUnavailableError

    match error:
        case AuthorityError() | UnsafeFileError() | MasterKeyError() | DescriptorError() | ListError():
            return CommandError(str(error))
        case DatabaseUnavailableError():
            return CommandError("the database cannot be reached; hearthgate config show tells which one is meant")
        case OSError(filename=name, strerror=reason) if name is not None:
            return CommandError(f"{name}: {reason}")
    return None
