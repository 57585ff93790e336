"""A broker as our child process: started with a clean environment, its log read to the end, ended for certain."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

_PASSED_ON: Final = ("PATH", "HOME", "TMPDIR", "GOMEMLIMIT", "GOMAXPROCS", "SYSTEMROOT")
"""Of the environment, the child gets this and nothing else: ours holds secrets."""

_LINE_LIMIT: Final = 64 * 1024
_POLITE_S: Final = 10.0
"""A broker writes its store when it is asked to end."""
TOO_LONG: Final = b"(too long)"
"""Stands for a line of the log beyond the limit."""


async def start(program: Path | str, configuration: Path | str) -> asyncio.subprocess.Process:
    """Start `program -c configuration`; its log is on standard error.

    Raises:
        OSError: it cannot be started.
    """
    return await asyncio.create_subprocess_exec(
        program,
        "-c",
        configuration,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        limit=_LINE_LIMIT,
    )


async def log_lines(process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
    """Its log to the end, line by line without line ends: a full pipe would stop the child."""
    stream = process.stderr
    if stream is None:
        raise AssertionError("the log was not piped")
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than the limit; asyncio dropped what it had of it
            line = TOO_LONG + b"\n"
        if not line:
            return
        yield line.rstrip(b"\r\n")


async def end(process: asyncio.subprocess.Process) -> None:
    """End it: asked first, then killed. Returns when it is gone, even if we are cancelled meanwhile."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    # Shielded: a cancelled gateway still waits for its child, or the next one would find store and ports taken.
    try:
        await asyncio.shield(asyncio.wait_for(_drained(process), _POLITE_S))
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _drained(process: asyncio.subprocess.Process) -> None:
    if process.stderr is not None:
        with contextlib.suppress(ValueError):
            while await process.stderr.read(_LINE_LIMIT):
                pass
    await process.wait()
