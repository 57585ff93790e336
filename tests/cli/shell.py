"""Runs the command line inside this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from gateway.cli.app import app

Write = Callable[[str, str], str]
"""Writes a file of this name with this text and gives its path."""


class Shell:
    """Runs commands of `hearthgate` in this process, as a person with an empty environment would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {"HEARTHGATE_DATA_FOLDER": str(folder / "data")}

    def __call__(self, *arguments: str, code: int = 0, stdin: bytes | None = None) -> str:
        """Standard output of a command that must end with this code."""
        result = self.run(*arguments, stdin=stdin)
        assert result.exit_code == code, (result.output, result.exception)
        return str(result.stdout)

    def refused(self, *arguments: str, code: int = 1, stdin: bytes | None = None) -> str:
        """The one sentence on standard error of a command that must fail, without the program's name."""
        result = self.run(*arguments, stdin=stdin)
        assert result.exit_code == code, (result.output, result.exception)
        assert result.stderr.startswith("hearthgate: ")
        assert result.stderr.count("\n") == 1
        assert "Traceback" not in result.output
        return str(result.stderr.removeprefix("hearthgate: ").strip())

    def json(self, *arguments: str, code: int = 0, stdin: bytes | None = None) -> Any:
        """The one JSON document that a command answers with."""
        return json.loads(self(*arguments, "--json", code=code, stdin=stdin))

    def run(self, *arguments: str, stdin: bytes | None = None) -> Any:
        """What became of a command."""
        return CliRunner().invoke(app, list(arguments), env=self.environment, input=stdin)
