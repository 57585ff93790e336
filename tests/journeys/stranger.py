"""An appliance written by somebody else: paho, JSON by hand, the `openssl` program. It knows protocol.md, no code."""

import asyncio
import base64
import json
import shutil
import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import CertificateSigningRequestBuilder, Name
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 10.0


@dataclass
class Keys:
    """A key of its own and a request for a certificate, as files."""

    folder: Path
    key: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key = self.folder / "own.key"

    def request(self) -> str:
        """A new Ed25519 key and its request; by `openssl` where that is installed."""
        openssl = shutil.which("openssl")
        if openssl is None:
            key = Ed25519PrivateKey.generate()
            self.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            request = CertificateSigningRequestBuilder().subject_name(Name([])).sign(key, None)
            return request.public_bytes(Encoding.PEM).decode()
        _run([openssl, "genpkey", "-algorithm", "ed25519", "-out", str(self.key)])
        return _run([openssl, "req", "-new", "-key", str(self.key), "-subj", "/O=Kettle Works/CN=whatever"])

    def file(self, name: str, text: str) -> Path:
        """Keep a text under a name."""
        path = self.folder / name
        path.write_text(text)
        return path


def _run(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout  # noqa: S603 - ours


class Line:
    """One MQTT 3.1.1 connection, with a network thread of paho's."""

    def __init__(self, port: int, name: str, *, trust: Path, certificate: Path, key: Path) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._events: asyncio.Queue[str] = asyncio.Queue()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(trust)
        context.load_cert_chain(certificate, key)
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv311, reconnect_on_failure=False
        )
        client.tls_set_context(context)
        client.on_connect = lambda _c, _u, _f, code, _p: self._event("refused" if code.is_failure else "connected")
        client.on_disconnect = lambda *_: self._event("disconnected")
        client.on_subscribe = lambda *_: self._event("subscribed")
        client.on_message = self._message
        self.client = client
        self._port = port
        self._seen: list[tuple[str, dict[str, Any]]] = []

    def _message(self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        self._loop.call_soon_threadsafe(self._heard.put_nowait, (message.topic, bytes(message.payload)))

    def _event(self, what: str) -> None:
        self._loop.call_soon_threadsafe(self._events.put_nowait, what)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.client.connect, "127.0.0.1", self._port, 60)
        self.client.loop_start()
        await self.happens("connected")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.client.disconnect()
        await asyncio.to_thread(self.client.loop_stop)

    async def happens(self, what: str) -> None:
        """Wait for an event of the connection."""
        async with asyncio.timeout(PATIENCE_S):
            while (found := await self._events.get()) != what:
                assert found not in {"refused", "disconnected"}, found

    async def listen(self, topic: str) -> None:
        """Subscribe."""
        self.client.subscribe(topic, qos=1)
        await self.happens("subscribed")

    async def say(self, topic: str, body: object, *, wait: bool = True) -> None:
        """Publish with QoS 1: text and bytes as they are, anything else as JSON."""
        payload = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body)
        info = self.client.publish(topic, payload, qos=1)
        if wait:
            await asyncio.to_thread(info.wait_for_publish, PATIENCE_S)
            assert info.is_published()

    async def hears(self, ending: str) -> dict[str, Any]:
        """The next message on a topic that ends so; others are kept for later."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for place, (topic, body) in enumerate(self._seen):
                    if topic.endswith(ending):
                        del self._seen[place]
                        return body
                topic, payload = await self._heard.get()
                self._seen.append((topic, {**json.loads(payload), "_raw": payload}))


def signed_well(purpose: bytes, device_id: str, message: dict[str, Any], public_key: str) -> bool:
    """Check a signature as `signing.py` tells somebody who writes C: over the bytes that came, before parsing them."""
    payload: bytes = message["_raw"]
    head, tail = payload[:-98], payload[-98:]
    if not (tail.startswith(b',"sig":"') and tail.endswith(b'"}')):
        return False
    covered = purpose + b"\n" + device_id.encode() + b"\n" + head + b"}"
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
        key.verify(base64.b64decode(tail[8:-2]), covered)
    except InvalidSignature:
        return False
    return True
