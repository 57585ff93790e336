"""Help, version, exit codes, sentences for mistakes, and a process of its own."""

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gateway import __version__
from gateway.cli.command import _CONFIG_ERROR, _NO_DATABASE, _SENTENCES, CommandError, Exit, command
from tests.cli.shell import Shell


def test_the_version_is_said(shell: Shell) -> None:
    assert shell("version") == f"hearthgate {__version__}\n"
    assert shell.json("version")["version"] == __version__


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["units", "-h"], ["units", "import", "--help"]])
def test_help_is_there_everywhere(shell: Shell, arguments: list[str]) -> None:
    assert "Usage: " in shell(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["version", "--fly"],
        ["units", "import"],
        ["ca", "revoke", "device", "zero"],
        ["units", "list", "--limit", "0"],
    ],
)
def test_wrong_usage_ends_with_two(shell: Shell, arguments: list[str]) -> None:
    result = shell.run(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr
    assert "Traceback" not in result.output


def test_every_command_that_answers_can_answer_in_json() -> None:
    from gateway.cli.app import app

    def commands(group: typer.Typer, before: str) -> list[tuple[str, object]]:
        found: list[tuple[str, object]] = [
            (f"{before}{each.name}", each.callback) for each in group.registered_commands
        ]
        for inner in group.registered_groups:
            assert inner.typer_instance is not None
            found.extend(commands(inner.typer_instance, f"{before}{inner.name} "))
        return found

    without = {
        name for name, callback in commands(app, "") if "as_json" not in getattr(callback, "__annotations__", {})
    }
    assert without == {"serve"}  # its answer is its log, which is JSON


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    broken = typer.Typer()

    @broken.command()
    @command
    def break_() -> None:
        raise ZeroDivisionError

    assert isinstance(CliRunner().invoke(broken).exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("error", "says", "code"),
    [
        (CommandError("no such thing", Exit.USAGE), "no such thing", 2),
        (FileNotFoundError(2, "No such file", "/x"), "/x: No such file", 1),
        (OSError(98, "Address already in use"), "Address already in use", 1),
        (ExceptionGroup("died", [OSError(98, "Address already in use")]), "Address already in use", 1),
    ],
)
def test_a_mistake_of_the_user_becomes_one_sentence(error: Exception, says: str, code: int) -> None:
    asked = typer.Typer()

    @asked.command()
    @command
    def ask() -> None:
        raise error

    result = CliRunner().invoke(asked)
    assert (result.exit_code, result.stderr) == (code, f"hearthgate: {says}\n")


@pytest.mark.parametrize(("module", "name"), sorted([*_SENTENCES, _CONFIG_ERROR, _NO_DATABASE]))
def test_the_errors_that_become_sentences_exist(module: str, name: str) -> None:
    assert issubclass(getattr(importlib.import_module(module), name), Exception)


def test_a_group_with_a_mistake_of_ours_in_it_keeps_its_traceback() -> None:
    asked = typer.Typer()

    @asked.command()
    @command
    def ask() -> None:
        raise ExceptionGroup("died", [OSError(98, "Address already in use"), ZeroDivisionError()])

    assert isinstance(CliRunner().invoke(asked).exception, ExceptionGroup)


def test_the_module_is_the_command(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-m", "gateway", "version", "--json"],
        capture_output=True, check=True, cwd=tmp_path, env={"PYTHONPATH": str(root)}, timeout=60,
    )  # fmt: skip
    assert json.loads(ran.stdout)["version"] == __version__
    assert ran.stderr == b""


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from gateway.cli.app import app; print(*sys.modules)"
    started = time.monotonic()
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=60,
        text=True,
    )
    loaded = set(ran.stdout.split())
    assert not loaded & {"sqlalchemy", "cryptography", "aiohttp", "pydantic", "jsonschema_rs", "paho", "nats", "rich"}
    assert time.monotonic() - started < 30
