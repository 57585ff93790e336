"""What an appliance keeps over a power cut, and how a cut at any moment leaves either the old content or the new.

One file, replaced as a whole: written beside, synced, renamed, folder synced. Its first line holds a checksum, so that
a medium that returns something else is noticed and not obeyed.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from device_sim.disk import Disk, PosixDisk

SEEN_COMMANDS: Final = 64
"""Commands remembered by id. Older ones are refused by their sequence number."""

MAX_REMEMBERED: Final = 16
"""Failures kept for later (protocol: at most 16)."""

_HEADER: Final = b"hearthgate-flash-1 "

Outcome = Literal["begun", "applied", "rejected", "failed"]


class FlashCorruptError(Exception):
    """The file is not what was written: torn, truncated or changed. The text names the file and shows nothing of it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Credential:
    """A key and the certificate for it. Without a certificate: the key was made and kept, the answer is outstanding."""

    key_pem: str = field(repr=False)
    certificate_pem: str | None = field(repr=False, default=None)
    chain_pem: str = field(repr=False, default="")
    not_after: datetime | None = None
    renew_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeenCommand:
    """A command that came, and what became of it. `begun` is written before the effect."""

    command_id: str
    seq: int
    outcome: Outcome
    code: str | None = None
    told: bool = False
    """True once the broker took the final answer; until then it is sent again on every connection."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure that happened while there was nobody to tell."""

    stage: str
    code: str
    at: datetime
    count: int = 1


@dataclass(frozen=True, slots=True)
class FlashContent:
    """Everything that survives. The first three fields come from the factory and never change."""

    claim: Credential
    trust_pem: str
    """The authorities that may have signed the broker's certificate."""
    claim_address: Address
    starts: int = 0
    """How often it was switched on. Keeps seeded random values of two starts apart."""
    boot: str = "b0"
    """Names one counting of `next_seq`; new after a factory reset."""
    next_seq: int = 1
    """No report with this number or a higher one was ever sent. Reserved in blocks, to spare the flash."""
    reset_counter: int = 0
    operational: Credential | None = None
    candidate: Credential | None = None
    """The second slot: a key that waits for its certificate, or a certificate that was not welcomed yet."""
    device_id: str | None = field(repr=False, default=None)
    address: Address | None = None
    epoch: int = 0
    command_key: str | None = None
    """Trusted on activation: Ed25519, base64."""
    paired: bool = False
    bind_token: str | None = field(repr=False, default=None)
    last_command_seq: int = -1
    seen: tuple[SeenCommand, ...] = ()
    failures: tuple[Failure, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    """What the model keeps: set-points and programs. A wipe empties it."""


_content: Final = TypeAdapter(FlashContent)


def with_seen(content: FlashContent, command: SeenCommand) -> FlashContent:
    """Remember a command, or what became of it."""
    others = tuple(seen for seen in content.seen if seen.command_id != command.command_id)
    return replace(
        content,
        seen=(*others, command)[-SEEN_COMMANDS:],
        last_command_seq=max(content.last_command_seq, command.seq),
    )


def with_failure(content: FlashContent, stage: str, code: str, at: datetime) -> FlashContent:
    """Remember a failure; the same one again is counted, and the oldest makes room."""
    same = next((known for known in content.failures if (known.stage, known.code) == (stage, code)), None)
    others = tuple(known for known in content.failures if known is not same)
    count = min(same.count + 1, 65535) if same else 1
    return replace(content, failures=(*others, Failure(stage, code, at, count))[-MAX_REMEMBERED:])


def wiped(content: FlashContent, epoch: int) -> FlashContent:
    """What is left when the owner let go: nothing of a person. Identity and failures stay.

    In the epoch that the wipe began, a token is the next owner's: a wipe that is told twice must not take it along.
    """
    return replace(
        content,
        epoch=epoch,
        paired=False,
        bind_token=content.bind_token if epoch == content.epoch else None,
        last_command_seq=-1 if epoch != content.epoch else content.last_command_seq,
        settings={},
    )


def factory_reset(content: FlashContent, boot: str) -> FlashContent:
    """As it left the factory, but for what counts: the number of resets and of starts."""
    return FlashContent(
        claim=content.claim,
        trust_pem=content.trust_pem,
        claim_address=content.claim_address,
        starts=content.starts,
        boot=boot,
        reset_counter=content.reset_counter + 1,
    )


class Flash:
    """The one file of one appliance. `content` is what the file holds, but for what was merely amended."""

    def __init__(self, path: Path, content: FlashContent, disk: Disk) -> None:
        self._path = path
        self._disk = disk
        self.content = content

    @classmethod
    def manufacture(cls, path: Path, content: FlashContent, disk: Disk | None = None) -> "Flash":
        """Write the first content, as the factory does.

        Raises:
            OSError: the file cannot be written.
        """
        flash = cls(path, content, disk or PosixDisk())
        flash.save(content)
        return flash

    @classmethod
    def load(cls, path: Path, disk: Disk | None = None) -> "Flash | None":
        """What was kept, or None when there is no file.

        Raises:
            FlashCorruptError: there is a file, and it is not one that was written whole.
        """
        disk = disk or PosixDisk()
        data = disk.read(path)
        return None if data is None else cls(path, _decode(data, path), disk)

    def save(self, content: FlashContent) -> None:
        """Replace the content. After an exception the file still holds the old content or already the new one.

        Raises:
            OSError: a step failed; `content` stays the old one.
        """
        beside = self._path.with_name(self._path.name + ".new")
        self._disk.write(beside, _encode(content))
        self._disk.rename(beside, self._path)
        self._disk.sync_folder(self._path.parent)
        self.content = content

    def update(self, **changes: Any) -> None:
        """Replace some fields of the content (`dataclasses.replace`)."""
        self.save(replace(self.content, **changes))

    def amend(self, **changes: Any) -> None:
        """Replace some fields in memory; they reach the file with the next write. For what may be forgotten."""
        self.content = replace(self.content, **changes)


def _encode(content: FlashContent) -> bytes:
    body = _content.dump_json(content)
    return _HEADER + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _decode(data: bytes, path: Path) -> FlashContent:
    header, newline, body = data.partition(b"\n")
    expected = _HEADER + hashlib.sha256(body).hexdigest().encode()
    if not newline or header != expected:
        raise FlashCorruptError(f"{path.name}: the checksum does not fit")
    try:
        return _content.validate_json(body)
    except ValidationError:
        raise FlashCorruptError(f"{path.name}: written whole, but not by this version") from None
