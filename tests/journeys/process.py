"""A gateway in a process of its own, with everything that it says kept in a file."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from gateway.config import Settings

READY_S = 60.0
ENDED_S = 30.0


def config_file(path: Path, settings: Settings, *, level: str) -> Path:
    """The configuration of `settings` as a file: ports, folder, broker and limits; nothing else is taken over."""
    broker, limits = settings.broker, settings.limits
    sections: dict[str, dict[str, Any]] = {
        "": {"data_folder": str(settings.data_folder), "region": settings.region},
        "log": {"level": level},
        "broker": {"kind": broker.kind},
        "broker.nats": broker.nats.model_dump(include={"mqtt_port", "client_port", "store_bytes"}),
        "broker.mosquitto": broker.mosquitto.model_dump(include={"claim_port", "device_port", "service_port"}),
        "api": {"port": settings.api.port},
        "console": {"port": settings.console.port},
        "operator": {"port": settings.operator.port},
        "passwords": {"bcrypt_cost": settings.passwords.bcrypt_cost},
        "limits": limits.model_dump(exclude_defaults=True),
    }
    lines: list[str] = []
    for name, values in sections.items():
        lines += [f"[{name}]"] if name else []
        lines += [
            f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in values.items()
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@contextlib.asynccontextmanager
async def serving(config: Path, said: Path, operator_url: str) -> AsyncIterator[None]:
    """`hearthgate serve` until the end of the block; all of its output goes to the file `said`."""
    with said.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", "serve", "--config", str(config)), stdout=output, stderr=output
        )
        try:
            await _ready(process, operator_url)
            yield
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(ENDED_S):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _ready(process: asyncio.subprocess.Process, operator_url: str) -> None:
    async with asyncio.timeout(READY_S), aiohttp.ClientSession() as http:
        while True:
            assert process.returncode is None, "the gateway did not start"
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"{operator_url}/readyz") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
