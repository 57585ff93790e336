"""Runs `hearthgate` as somebody at a terminal does."""

import asyncio
import sys

PATIENCE_S = 90.0


async def ran(*words: str) -> tuple[int | None, str, str]:
    """Run one command to its end: exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, error = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, out.decode(), error.decode()
