"""What the tests of the doctor ask an installation."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from gateway.cli.doctor.findings import Finding, Level, Looked
from gateway.config import Settings, load
from gateway.runtime.clock import utc_now
from tests.cli.shell import Shell

DAY = timedelta(days=1)


def told(shell: Shell, check: str, *, level: str = "wrong") -> str:
    """What the doctor says of a check that must be of this level; the exit code must fit."""
    answer: dict[str, Any] = shell.json("doctor", code=1 if level == "wrong" else 0)
    found = [one for one in answer["findings"] if one["check"] == check and one["level"] == level]
    assert found, answer["findings"]
    assert (found[0]["fix"] is None) == (level == "ok")
    return f"{found[0]['says']} → {found[0]['fix']}"


def settings_of(shell: Shell) -> Settings:
    return load(environment=shell.environment)


def looked(shell: Shell, *, later: timedelta = timedelta(0), running: bool = False) -> Looked:
    return Looked(settings_of(shell), utc_now() + later, running=running)


def bad(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {one.check: one for one in findings if one.level is not Level.OK}
