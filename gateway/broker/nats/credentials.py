"""What the gateway and its NATS server know of each other: three passwords, a route password and the signing seed.

Made once per data folder (or given by the operator for a cluster, where all nodes share them), kept in one file of
mode 0600. They are random 256-bit values, so keeping them in clear next to a configuration that needs them in clear
costs nothing that hashing would win.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from gateway.broker.nats import nkey

_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class NatsCredentials:
    """Names are fixed (`gateway`, `callout`, `sys`); these are what they prove themselves with."""

    gateway: str = field(repr=False)
    callout: str = field(repr=False)
    sys: str = field(repr=False)
    route: str = field(repr=False)
    """Between the nodes of a cluster."""
    issuer_seed: str = field(repr=False)
    """Account nkey seed (`SA…`) that signs the answers of the auth callout."""

    @property
    def issuer(self) -> str:
        """The public key of `issuer_seed`, as the server's configuration names it (`A…`)."""
        return nkey.public_key(self.issuer_seed)


def new_credentials() -> NatsCredentials:
    """Fresh random credentials."""
    return NatsCredentials(
        gateway=secrets.token_urlsafe(_RANDOM_BYTES),
        callout=secrets.token_urlsafe(_RANDOM_BYTES),
        sys=secrets.token_urlsafe(_RANDOM_BYTES),
        route=secrets.token_urlsafe(_RANDOM_BYTES),
        issuer_seed=nkey.new_account_seed(secrets.token_bytes(_RANDOM_BYTES)),
    )


def load_or_make_credentials(path: Path) -> NatsCredentials:
    """The credentials in this file; made, written and synced to disk at the first start.

    Raises:
        ValueError: the file is there but does not hold credentials.
        OSError: it cannot be read or written.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        made = new_credentials()
        write_private(path, json.dumps(asdict(made)).encode())
        return made
    try:
        return NatsCredentials(**json.loads(text))
    except (ValueError, TypeError):
        raise ValueError(f"{path.name} does not hold NATS credentials") from None


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 so that a power cut leaves the old one or the new one, never half of it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
