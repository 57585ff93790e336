"""Which nats-server may be run."""

import stat
from pathlib import Path

import pytest

from gateway.broker.nats.binary import (
    PINNED_VERSION,
    BinaryRefusedError,
    check_bytes,
    find_binary,
    packaged_binary,
)


def program(folder: Path, text: str) -> Path:
    path = folder / "nats-server"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


async def test_without_a_configured_path_the_packaged_one_is_taken_and_checked() -> None:
    found = await find_binary()
    assert found.version == PINNED_VERSION
    assert found.path.is_file()


async def test_the_packaged_one_is_also_accepted_as_a_configured_path() -> None:
    found = await find_binary(packaged_binary().path)
    assert found.version == PINNED_VERSION


def test_a_distribution_that_is_not_there_is_refused() -> None:
    with pytest.raises(BinaryRefusedError, match="not installed"):
        packaged_binary("nats-server-that-nobody-made")


def test_another_version_than_the_pinned_one_is_refused() -> None:
    with pytest.raises(BinaryRefusedError, match="tested with"):
        packaged_binary("pytest")


def test_changed_bytes_are_refused_by_either_digest(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    recorded = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
    pinned = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    check_bytes(path, recorded=recorded, pinned=pinned)
    check_bytes(path, recorded=recorded, pinned=None)
    check_bytes(path, recorded=None, pinned=pinned)
    path.write_bytes(b"abd")
    for some in ({"recorded": recorded, "pinned": None}, {"recorded": None, "pinned": pinned}):
        with pytest.raises(BinaryRefusedError):
            check_bytes(path, **some)


def test_without_any_digest_nothing_is_run(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    with pytest.raises(BinaryRefusedError, match="digest"):
        check_bytes(tmp_path / "x", recorded=None, pinned=None)


def test_an_unreadable_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BinaryRefusedError, match="read"):
        check_bytes(tmp_path / "missing", recorded="x", pinned=None)


@pytest.mark.parametrize("version", ["2.11.0", "2.12.3", "2.99.1", "3.0.0"])
async def test_a_configured_one_that_is_new_enough_is_taken(tmp_path: Path, version: str) -> None:
    assert (await find_binary(program(tmp_path, f"echo nats-server: v{version}"))).version == version


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("echo nats-server: v2.10.29", "2.11 or newer"),
        ("echo nats-server: v1.4.1", "2.11 or newer"),
        ("echo mosquitto version 2.0.11", "not a nats-server"),
        ("exit 1", "not a nats-server"),
        ("head -c 100000 /dev/zero", "not a nats-server"),
    ],
)
async def test_a_configured_one_that_is_too_old_or_something_else_is_refused(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(BinaryRefusedError, match=says):
        await find_binary(program(tmp_path, text))


async def test_a_configured_path_that_cannot_be_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("x")
    for path in (tmp_path / "missing", tmp_path / "plain", tmp_path):
        with pytest.raises(BinaryRefusedError, match="cannot be run"):
            await find_binary(path)
