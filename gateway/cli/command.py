"""What all commands share: their two options, their exit codes, and one clear sentence for every mistake."""

import functools
import json
import sys
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, Final, ParamSpec, TypeVar

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


_SENTENCES: Final = {
    ("gateway.security.authorities", "AuthorityError"),
    ("gateway.security.files", "UnsafeFileError"),
    ("gateway.security.keys", "MasterKeyError"),
    ("gateway.security.private_keys", "PrivateKeyError"),
    ("gateway.storage.migrate", "UnknownSchemaError"),
    ("gateway.usecases.services", "MemoryUnavailableError"),
    ("gateway.usecases.descriptors", "DescriptorError"),
    ("gateway.usecases.listed_rows", "ListError"),
    ("gateway.broker.nats.binary", "BinaryRefusedError"),
    ("gateway.broker.nats.configuration", "UnsafeListenerError"),
    ("gateway.broker.mosquitto.server", "ProgramMissingError"),
    ("gateway.runtime.application", "UnsafeBrokerError"),
    ("gateway.bootstrap.folder", "FolderInUseError"),
    ("gateway.bootstrap.persons", "ForeignPersonKeysError"),
    ("gateway.security.backup_cipher", "BackupError"),
    ("gateway.security.erasure_ledger", "ErasureLedgerError"),
}
"""Errors whose text is written for the person at the terminal, by module and name: most commands load few of them."""

_CONFIG_ERROR: Final = ("gateway.config.loading", "ConfigError")
_NO_AUDIT: Final = ("gateway.usecases.audit", "AuditUnavailableError")
_NO_DATABASE: Final = ("gateway.usecases.transaction", "DatabaseUnavailableError")


def _users_mistake(error: BaseException) -> CommandError | None:  # noqa: PLR0911 - one line a kind of error
    """The sentence for an error that a person at the terminal can do something about; None for any other."""
    if isinstance(error, CommandError):
        return error
    if isinstance(error, BaseExceptionGroup):  # a gateway whose services died
        found = [_users_mistake(each) for each in error.exceptions]
        return None if None in found else found[0]
    if isinstance(error, OSError) and error.strerror is not None:
        return CommandError(f"{error.filename}: {error.strerror}" if error.filename else error.strerror)
    names = {(each.__module__, each.__name__) for each in type(error).__mro__}
    if _CONFIG_ERROR in names:
        return CommandError(str(error), Exit.USAGE)
    if names & _SENTENCES:
        return CommandError(str(error))
    if _NO_AUDIT in names:
        return CommandError("the audit cannot be written, so nothing was done; run: hearthgate audit verify")
    if _NO_DATABASE in names:
        return CommandError("the database cannot be used; `hearthgate config show` tells which one is meant")
    return None
