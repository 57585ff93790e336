"""A supervised Mosquitto: started, restarted, reloaded, ended; its orphan too. The program is the real one."""

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from gateway.broker.mosquitto.account import account_for
from gateway.broker.mosquitto.configuration import render
from gateway.broker.mosquitto.server import MosquittoServer, ProgramMissingError, find_program
from gateway.broker.probe import ProbeRefusedError
from tests.contracts.mosquitto_rig import MosquittoRig, now, until

pytestmark = pytest.mark.needs_mosquitto


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def proc(pid: int | None, what: str) -> bytes:
    return Path(f"/proc/{pid}/{what}").read_bytes()


async def test_mosquitto_understands_every_line_of_its_configuration(tmp_path: Path) -> None:
    rig = MosquittoRig(tmp_path)
    said: list[str] = []
    read = rig.server._reader.read

    def listen(raw: bytes) -> None:
        said.append(raw.decode())
        read(raw)

    rig.server._reader.read = listen  # type: ignore[method-assign]
    async with rig:
        pass
    complaints = [line for line in said if any(word in line for word in ("Error", "Unknown", "deprecated", "Invalid"))]
    assert complaints == []
    assert any("running" in line for line in said)


async def test_one_that_dies_is_started_again(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        before = rig.server.pid
        await rig.kill_broker_now()
        await asyncio.wait_for(rig.broker.ready(), 10)
        assert rig.server.starts == 2
        assert rig.server.pid != before


async def test_ending_the_gateway_ends_it_and_leaves_no_pid_file(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        pid = rig.server.pid
        assert pid is not None
        assert (rig.folder / "mosquitto.pid").read_text() == f"{pid}\n"
    assert not alive(pid)
    assert not (rig.folder / "mosquitto.pid").exists()


async def test_the_orphan_of_a_killed_gateway_makes_room_for_the_next(tmp_path: Path) -> None:
    rig = MosquittoRig(tmp_path)
    rig.server._write_files()
    rig.broker._close()
    orphan = await asyncio.create_subprocess_exec(
        find_program(), "-c", rig.folder / "mosquitto.conf", stderr=asyncio.subprocess.DEVNULL
    )
    (rig.folder / "mosquitto.pid").write_text(f"{orphan.pid}\n")
    async with rig:
        assert await asyncio.wait_for(orphan.wait(), 5) is not None
        assert rig.server.starts == 1


async def test_a_process_that_only_has_the_pid_of_an_orphan_is_left_alone(tmp_path: Path) -> None:
    rig = MosquittoRig(tmp_path)
    rig.folder.mkdir(parents=True)
    bystander = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        (rig.folder / "mosquitto.pid").write_text(f"{bystander.pid}\n")
        async with rig:
            assert bystander.returncode is None
    finally:
        bystander.kill()
        await bystander.wait()


async def test_the_environment_with_its_secrets_is_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTHGATE_MASTER_KEY", "secret-of-ours")
    async with MosquittoRig(tmp_path) as rig:
        assert b"secret-of-ours" not in proc(rig.server.pid, "environ")


async def test_two_reloads_in_a_row_are_both_done(tmp_path: Path) -> None:
    """Mosquitto loses a signal that comes while it handles the one before."""
    async with MosquittoRig(tmp_path) as rig:
        before = rig.server.log_counts["reloading"]
        for _ in range(5):
            await rig.server.reload()
        assert rig.server.log_counts["reloading"] >= before + 5


async def test_its_files_can_be_read_by_nobody_else(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        assert rig.folder.stat().st_mode & 0o077 == 0
        for name in render(rig.settings):
            assert (rig.folder / name).stat().st_mode & 0o077 == 0


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may pass through, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="hearthgate-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


async def test_it_does_not_run_as_root_where_another_account_can_read_its_files(open_folder: Path) -> None:
    rig = MosquittoRig(open_folder)
    for path in (open_folder / "pki").iterdir():
        path.chmod(0o644)
    async with rig:
        uid = int(proc(rig.server.pid, "status").split(b"Uid:")[1].split()[0])
        assert uid != 0
        assert uid == os.geteuid() or os.geteuid() == 0
        await rig.open_gate()
        assert await (await rig.connect(rig.pki.appliance())).ping()


async def test_it_runs_as_root_only_if_no_other_account_could_read_its_files(open_folder: Path) -> None:
    rig = MosquittoRig(open_folder)
    rig.folder.mkdir()
    rig.pki.server.key.chmod(0o600)
    account = account_for(rig.settings)
    if os.geteuid() != 0:
        assert account is None
        return
    assert account is not None
    assert account.name == "root"
    rig.pki.server.key.chmod(0o644)
    account = account_for(rig.settings)
    assert account is not None
    assert account.name in ("mosquitto", "nobody")
    assert account_for(replace(rig.settings, run_as="nobody")) is not None


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissingError, match="no-such-program"):
        find_program(tmp_path / "no-such-program")
    (tmp_path / "text").write_text("not a program")
    with pytest.raises(ProgramMissingError):
        find_program(tmp_path / "text")


async def test_a_configuration_that_is_refused_starts_nothing(tmp_path: Path) -> None:
    rig = MosquittoRig(tmp_path)
    settings = replace(rig.settings, service=replace(rig.settings.service, bind=None))
    server = MosquittoServer(find_program(), settings, clock=now, on_log_line=rig.lines.append)
    with pytest.raises(ValueError, match="service listener"):
        await server.run(lambda: None)
    assert server.starts == 0


async def test_no_appliance_is_let_in_before_the_intakes_stand_and_again_after_a_restart(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        leaf, claimant = rig.pki.appliance(), rig.pki.appliance("c")
        for one in (leaf, claimant):
            with pytest.raises(ProbeRefusedError):
                await rig.connect(one)
        assert rig.lines == [], "their failures are no evidence of anything"
        transport = await rig.open_transport()
        for one in (leaf, claimant):
            assert await (await rig.connect(one)).ping()
        await rig.end_transport(transport)
        rig._opened.clear()
        await rig.kill_broker_now()
        await asyncio.wait_for(rig.broker.ready(), 10)
        with pytest.raises(ProbeRefusedError):
            await rig.connect(leaf)
        await rig.open_transport()
        assert await (await rig.connect(leaf)).ping()


async def test_a_start_that_fails_says_why_and_is_tried_again(tmp_path: Path) -> None:
    rig = MosquittoRig(tmp_path)
    rig.pki.device.file.unlink()
    with structlog.testing.capture_logs() as logs:
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(rig.broker.run())
            await until(lambda: rig.server.starts == 2)
            task.cancel()
    (failure, *_) = [entry for entry in logs if entry["event"] == "mosquitto_did_not_start"]
    assert "device-ca.pem" in str(failure["said"])


async def test_a_stop_by_another_signal_is_survived_too(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        pid = rig.server.pid
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
        await until(lambda: rig.server.starts == 2)
        await asyncio.wait_for(rig.broker.ready(), 10)


def test_the_version_that_these_tests_ran_with_is_a_2() -> None:
    said = subprocess.run([find_program(), "-h"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    assert said.startswith("mosquitto version 2.")
