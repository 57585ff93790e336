"""Child processes of a measure: a gateway, and helpers that speak JSON lines. Each is ended by whoever started it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from gateway.cli.ports import free_port
from gateway.config import Settings, load

ROOT: Final = Path(__file__).resolve().parent.parent
_LOOK_S: Final = 0.005
PATIENCE_S: Final = 90.0


def clean_environment() -> dict[str, str]:
    """Ours, without anything that configures a gateway."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HEARTHGATE_")}
    return kept | {"PYTHONPATH": str(ROOT)}


def write_toml(path: Path, tables: Mapping[str, Any]) -> None:
    """Write nested tables of plain values."""
    lines: list[str] = []

    def table(name: str, values: Mapping[str, Any]) -> None:
        if name:
            lines.append(f"[{name}]")
        lines.extend(f"{key} = {json.dumps(value)}" for key, value in values.items() if not isinstance(value, Mapping))
        for key, value in values.items():
            if isinstance(value, Mapping):
                table(f"{name}.{key}" if name else key, value)

    table("", tables)
    path.write_text("\n".join(lines) + "\n")


def configuration(folder: Path, *, kind: str = "nats", database_url: str | None = None) -> dict[str, Any]:
    """A gateway on loopback with nothing that would slow a measure down on purpose: flood limits out of the way."""
    tables: dict[str, Any] = {
        "data_folder": str(folder / "data"),
        "region": "local",
        "broker": {
            "kind": kind,
            "nats": {"mqtt_port": free_port(), "client_port": free_port(), "store_bytes": 1024**3},
            "mosquitto": {
                "claim_port": free_port(),
                "device_port": free_port(),
                "service_port": free_port(),
            },
        },
        "api": {"port": free_port()},
        "console": {"port": 0},
        "operator": {"port": free_port()},
        "passwords": {"bcrypt_cost": 10},
        "limits": {
            "appliance_messages_per_second": 10_000,
            "appliance_burst_messages": 100_000,
            "account_requests_per_second": 10_000,
            "account_burst_requests": 100_000,
            "address_requests_per_second": 10_000,
            "address_burst_requests": 100_000,
            "address_passwords_per_second": 1_000,
            "address_burst_passwords": 10_000,
        },
    }
    if database_url is not None:
        tables["database"] = {"url": database_url}
    return tables


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, of all its threads (proc(5), fields 14 and 15 of stat)."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Memory of a process that is in RAM, its own and shared (proc(5), VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("a process without memory")


class GatewayProcess:
    """`hearthgate serve` as a process of its own."""

    def __init__(self, folder: Path, tables: Mapping[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder: Final = folder
        self.file: Final = folder / "hearthgate.toml"
        self.log: Final = folder / "gateway.log"
        write_toml(self.file, tables)
        self.settings: Final[Settings] = load(self.file, {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def api_url(self) -> str:
        """Where the app's API is."""
        return f"http://127.0.0.1:{self.settings.api.port}"

    def start(self) -> float:
        """Start it and wait until it says that it is ready; the seconds that this took."""
        began = time.perf_counter()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "gateway", "serve", "--config", str(self.file)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=clean_environment(),
                cwd=self.folder,
            )
        while b'"event": "ready"' not in self.log.read_bytes() and b'"event":"ready"' not in self.log.read_bytes():
            if self._process.poll() is not None or time.perf_counter() - began > PATIENCE_S:
                raise RuntimeError(f"the gateway did not start: {self.log.read_text()[-2000:]}")
            time.sleep(_LOOK_S)
        return time.perf_counter() - began

    def stop(self) -> None:
        """End it in order; by force when that takes too long."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def freeze(self) -> None:
        """Stop it in its tracks, connections and all; its broker goes on."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def cpu_seconds(self) -> float:
        """Processor time so far, of all its threads."""
        return cpu_seconds(self.pid)

    def broker_pid(self) -> int:
        """The broker that it runs: its only child.

        Raises:
            LookupError: it has none.
        """
        children = Path(f"/proc/{self.pid}/task").glob("*/children")
        for path in children:
            for word in path.read_text().split():
                return int(word)
        raise LookupError("the gateway runs no broker")

    def metrics(self) -> dict[str, float]:
        """Every sample of its `/metrics`."""
        url = f"http://127.0.0.1:{self.settings.operator.port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        samples = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}


@contextlib.contextmanager
def running(gateway: GatewayProcess) -> Iterator[GatewayProcess]:
    """Start it, and end it whatever happens."""
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.stop()


class Helper:
    """A child that is told and tells in JSON lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process: Final = process

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    async def tell(self, **message: Any) -> None:
        """Send one object."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()

    async def hear(self) -> dict[str, Any]:
        """Wait for one object."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
        if not line:
            raise RuntimeError("a helper process ended early")
        message: dict[str, Any] = json.loads(line)
        return message

    def cpu_seconds(self) -> float:
        """Processor time so far, of all its threads."""
        return cpu_seconds(self.pid)

    def freeze(self) -> None:
        """Stop it in its tracks."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    async def end(self) -> None:
        """Close its input, which ends it; by force when it does not."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.thaw()
            if self._process.stdin is not None:
                self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), 5)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


@contextlib.asynccontextmanager
async def helping(module: str, **first: Any) -> AsyncIterator[Helper]:
    """Run `python -m <module>`, tell it its task, and end it at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=clean_environment(),
        limit=2**24,
    )
    helper = Helper(process)
    try:
        await helper.tell(**first)
        yield helper
    finally:
        await helper.end()


async def orders() -> asyncio.StreamReader:
    """Standard input of a helper process."""
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def next_order(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next object; None when there will be none."""
    line = await reader.readline()
    return json.loads(line) if line else None


def answer(**message: Any) -> None:
    """Tell whoever started this process."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
