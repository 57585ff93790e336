"""The supervised child: it comes back, it leaves no orphan, and one that was left is ended."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.broker.nats.binary import packaged_binary
from gateway.broker.nats.configuration import write_configuration
from gateway.broker.nats.server import NatsServer
from gateway.broker.orphan import end_orphan
from gateway.transport.port import Intake
from tests.contracts.nats_rig import NatsRig, now, until


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_it_ends_with_its_owner(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        pid = rig.server.pid
        assert pid is not None
        assert alive(pid)
    assert not alive(pid)


async def test_it_is_started_again_as_often_as_it_dies(tmp_path: Path) -> None:
    async with NatsRig(tmp_path) as rig:
        for _ in range(3):
            await rig.kill_broker()
            await asyncio.wait_for(rig.server.listening.wait(), 10)
        assert rig.server.starts == 4
        await rig.broker.ready()
        await rig.open_transport()
        assert await (await rig.connect(rig.pki.appliance())).ping()


async def test_nothing_secret_is_in_its_command_line_or_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTHGATE_MASTER_KEY", "very-secret")
    async with NatsRig(tmp_path) as rig:
        folder = Path(f"/proc/{rig.server.pid}")
        said = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        assert b"very-secret" not in said
        for secret in (rig.credentials.gateway, rig.credentials.callout, rig.credentials.sys):
            assert secret.encode() not in said


GATEWAY = """
import asyncio, sys
from pathlib import Path
from tests.contracts.nats_rig import NatsRig

async def main():
    async with NatsRig(Path(sys.argv[1])) as rig:
        transport = await rig.open_transport()
        leaf = rig.pki.appliance()
        probe = await rig.connect(leaf)
        for number in range(20):
            assert await probe.publish(f"hg/v1/dev/{leaf.common_name}/up/state", b"%d" % number)
        print(rig.server.pid, flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""


async def test_after_kill_9_of_the_gateway_the_next_one_ends_the_orphan_and_finds_the_store(tmp_path: Path) -> None:
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GATEWAY, tmp_path, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    )
    assert gateway.stdout is not None
    orphan = int(await asyncio.wait_for(gateway.stdout.readline(), 20))
    gateway.send_signal(signal.SIGKILL)
    await gateway.wait()
    began = time.monotonic()
    async with NatsRig(tmp_path) as rig:
        transport = await rig.open_transport()
        got: list[bytes] = []
        while len(got) < 20:
            got += [each.payload for each in await asyncio.wait_for(transport.receive(Intake.INGEST, 50), 5)]
        assert got == [b"%d" % number for number in range(20)]
    assert time.monotonic() - began < 8
    assert not alive(orphan)


async def test_a_server_whose_gateway_was_killed_is_ended_even_when_it_does_not_listen_to_sigterm(
    tmp_path: Path,
) -> None:
    configuration = tmp_path / "nats-server.conf"
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", script, configuration], stdout=subprocess.PIPE)  # noqa: S603, ASYNC220 - our own script
    assert process.stdout is not None
    process.stdout.readline()
    (tmp_path / "pid").write_text(str(process.pid))
    reaped = asyncio.get_running_loop().run_in_executor(None, process.wait)
    assert await end_orphan(tmp_path / "pid", configuration)
    assert await reaped == -signal.SIGKILL
    process.stdout.close()


@pytest.mark.parametrize("content", ["", "x", "-1", "0", "1", "99999999999999999999", "4194304"])
async def test_a_pid_file_that_means_nobody_is_harmless(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)
    assert not await end_orphan(tmp_path / "pid", tmp_path / "nats-server.conf")


async def test_a_pid_that_belongs_to_somebody_else_now_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(str(os.getpid()))
    assert not await end_orphan(tmp_path / "pid", tmp_path / "nats-server.conf")
    assert not (tmp_path / "pid").exists()


async def test_no_pid_file_is_no_orphan(tmp_path: Path) -> None:
    assert not await end_orphan(tmp_path / "pid", tmp_path / "nats-server.conf")


async def test_a_log_line_without_end_does_not_stop_the_server_or_the_reader(tmp_path: Path) -> None:
    """A program in nats-server's place that writes what no log should."""
    rig = NatsRig(tmp_path)
    write_configuration(rig.settings)
    noisy = tmp_path / "noisy"
    noisy.write_text(
        "#!/bin/sh\nhead -c 300000 /dev/zero >&2\nprintf '\\nTLS handshake error: \\377\\376\\n' >&2\nexec sleep 60\n"
    )
    noisy.chmod(0o700)
    binary = type(packaged_binary())(noisy, "2.15.1")
    server = NatsServer(binary, rig.settings, clock=now, on_log_line=rig.lines.append)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(server.run())
        await until(lambda: server.log_counts.get("tls_failed", 0) == 1)
        running.cancel()
    assert server.starts == 1
    assert len(rig.lines) == 1
