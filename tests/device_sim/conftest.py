"""A gateway's voice without a gateway, and an appliance's insides without a network."""

import asyncio
import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from device_sim.controller import Controller, Timings, Unit
from device_sim.descriptor import Descriptor
from device_sim.flash import Address, Credential, Flash, FlashContent
from device_sim.happenings import Happening, What
from device_sim.keys import new_key
from device_sim.link import LinkError
from device_sim.models import Model
from gateway.protocol.messages import BindVerdict, Command, Message, UnsignedCommand, UnsignedVerdict
from gateway.protocol.signing import command_signing_bytes, verdict_signing_bytes
from gateway.protocol.topics import UpChannel

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEVICE = "d-0123456789abcdefghjkmnpqrs"
TYPES = Path(__file__).parents[2] / "gateway" / "types"


@dataclass
class Voice:
    """Signs what a gateway would sign."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    count: int = 0

    @property
    def public_key(self) -> str:
        return base64.b64encode(self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def uuid(self) -> str:
        self.count += 1
        return str(UUID(int=self.count, version=4))

    def command(self, *, device_id: str = DEVICE, **over: Any) -> Command:
        fields: dict[str, Any] = {
            "command_id": self.uuid(),
            "seq": self.count,
            "epoch": 4,
            "action": "set",
            "params": {"target_c": 22},
            "issued_at": START,
            "expires_at": START + timedelta(seconds=30),
        } | over
        unsigned = UnsignedCommand(**fields)
        return unsigned.signed(self._sign(command_signing_bytes(device_id, unsigned)))

    def verdict(self, *, device_id: str = DEVICE, **over: Any) -> BindVerdict:
        fields: dict[str, Any] = {
            "verdict_id": self.uuid(),
            "bound": True,
            "epoch": 4,
            "trace_id": "k7q-4m2",
            "time": START,
        } | over
        unsigned = UnsignedVerdict(**fields)
        return unsigned.signed(self._sign(verdict_signing_bytes(device_id, unsigned)))

    def _sign(self, message: bytes) -> str:
        return base64.b64encode(self.key.sign(message)).decode()


@dataclass
class Wire:
    """Keeps what an appliance says, and plays the broker's acknowledgements."""

    said: list[tuple[UpChannel, Message]] = field(default_factory=list)
    connected: bool = True

    def say(self, channel: UpChannel, message: Message) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.said.append((channel, message))
        if self.connected:
            future.set_result(None)
        else:
            future.set_exception(LinkError("lost"))
            future.exception()
        return future

    def acks(self) -> list[tuple[str, str | None]]:
        """Status and code of each answer to a command, in order."""
        answers = [message.model_dump() for channel, message in self.said if channel is UpChannel.ACK]
        return [(answer["status"], answer["code"]) for answer in answers]


@dataclass
class Board:
    """A controller whose clock and watcher a test holds."""

    controller: Controller
    path: Path
    now: list[datetime]
    seen: list[Happening]

    def whats(self) -> list[What]:
        return [one.what for one in self.seen]

    @property
    def kept(self) -> FlashContent:
        return self.controller.flash.content


def self_signed(key_pem: str, name: str) -> str:
    """A certificate of nobody's authority: enough where only its key and name are looked at."""
    key = load_pem_private_key(key_pem.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(0xABCDEF)
        .not_valid_before(START - timedelta(days=1))
        .not_valid_after(START + timedelta(days=90))
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def certify() -> Callable[[str, str], str]:
    return self_signed


@pytest.fixture
def factory_content() -> FlashContent:
    key = new_key()
    claim = Credential(key, self_signed(key, "c-0123456789abcdefghjkmnpqrs"))
    return FlashContent(claim=claim, trust_pem="", claim_address=Address("127.0.0.1", 8884))


@pytest.fixture
def heater() -> Descriptor:
    return Descriptor.of(TYPES / "heater.panel.s2.json")


@pytest.fixture
def make_board(tmp_path: Path, heater: Descriptor) -> Callable[[Flash], Board]:
    def make(flash: Flash) -> Board:
        now, seen = [START], list[Happening]()
        controller = Controller(
            flash,
            Unit("SQ24-0007-1183", "02:c1:38:00:4f:2a"),
            lambda rng, settings: Model(heater, rng, settings),
            clock=lambda: now[0],
            seed=1,
            timings=Timings(),
            watch=seen.append,
        )
        return Board(controller, tmp_path / "flash", now, seen)

    return make


@pytest.fixture
def board(tmp_path: Path, factory_content: FlashContent, voice: Voice, make_board: Callable[[Flash], Board]) -> Board:
    """An appliance that is activated and bound in epoch 4."""
    content = replace(factory_content, device_id=DEVICE, epoch=4, command_key=voice.public_key, paired=True)
    return make_board(Flash.manufacture(tmp_path / "flash", content))


@pytest.fixture
def rng() -> Random:
    return Random(7)  # noqa: S311 - a simulation's choices
