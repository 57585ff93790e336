"""The command line with a data folder of its own."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.cli.installation import Installation, Opened, People
from tests.cli.shell import Shell, Write
from tests.databases import DURABLE, POSTGRESQL, SQLITE_FILE, fresh_url
from tests.ports import free_port


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """`serve` takes over the logging of its process."""
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    structlog.reset_defaults()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)  # no hearthgate.toml by accident
    for name in [name for name in os.environ if name.startswith("HEARTHGATE_")]:
        monkeypatch.delenv(name)
    return Shell(tmp_path)


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Writes a file and gives its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def well(shell: Shell) -> Shell:
    """An installation in order, on ports that nobody uses."""
    shell("init")
    shell("migrate")
    shell.environment["HEARTHGATE_REGION"] = "eu-central"
    for name in (
        "API__PORT",
        "CONSOLE__PORT",
        "OPERATOR__PORT",
        "BROKER__NATS__MQTT_PORT",
        "BROKER__NATS__CLIENT_PORT",
    ):
        shell.environment[f"HEARTHGATE_{name}"] = str(free_port())
    return shell


@pytest.fixture(params=DURABLE)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def at(kind: str, tmp_path: Path, shell: Shell) -> Iterator[Installation]:
    """An installation, which the shell is set to."""
    if kind == SQLITE_FILE:
        yield Installation(tmp_path / "data")
        return
    with fresh_url(POSTGRESQL, tmp_path) as url:
        shell.environment["HEARTHGATE_DATABASE__URL"] = url
        yield Installation(tmp_path / "data", url)


@pytest.fixture
def people(at: Installation) -> People:
    """Ann with her bath heater, Bob with his in the hall."""

    async def move_in(it: Opened) -> People:
        ann, bob = await it.household.account(), await it.household.account()
        return ann, await it.named(ann, "Bath"), bob, await it.named(bob, "Hall")

    return at.run(move_in)
