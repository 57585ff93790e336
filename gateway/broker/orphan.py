"""Ends the broker that a killed gateway left behind.

A parent-death signal would be tied to the thread that forked, and running Python between fork and exec is not safe in a
process with threads. So the next start looks: a pid file names a process, and it is ours only if its
command line names our configuration file.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

_POLITE_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.02


async def end_orphan(pid_file: Path, configuration: Path) -> bool:
    """End the server of an earlier gateway on this folder; True if there was one.

    The store is on disk and survives even SIGKILL, so waiting for a slow goodbye would win nothing.
    """
    return await asyncio.to_thread(_end, pid_file, configuration)


def _end(pid_file: Path, configuration: Path) -> bool:
    try:
        pid = int(pid_file.read_text("ascii")[:20])
    except (OSError, ValueError):
        return False
    if pid <= 1 or not _runs(pid, configuration):
        pid_file.unlink(missing_ok=True)
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + _POLITE_SECONDS
        while time.monotonic() < deadline:
            if not _runs(pid, configuration):
                pid_file.unlink(missing_ok=True)
                return True
            time.sleep(_LOOK_SECONDS)
    return True


def _runs(pid: int, configuration: Path) -> bool:
    """True if this process is a server started with this configuration, and alive (a zombie has no command line)."""
    if Path("/proc/self/cmdline").exists():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(configuration) in words
    answer = subprocess.run(  # noqa: S603 - fixed program, the argument is a number
        ["/bin/ps", "-p", str(pid), "-o", "args="], capture_output=True, check=False, timeout=5
    )
    return os.fsencode(configuration) in answer.stdout
