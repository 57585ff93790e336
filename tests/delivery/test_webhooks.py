"""One POST against real servers with TLS on this machine: what is sent, what is refused, what is never followed."""

import asyncio
import hashlib
import hmac
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.delivery import webhooks
from gateway.delivery.webhooks import SIGNATURE, WebhookClient
from gateway.domain.disclosures import Why
from tests.ports import free_port

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOST = "hook.hearthgate-test.org"
SECRET = "ab" * 32
LOOPBACK = "127.0.0.1"


@dataclass
class Names(AbstractResolver):
    """A DNS of ours: each question gets the next answer, and the last one for ever."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
            for one in addresses
        ]

    async def close(self) -> None:
        pass


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    today = datetime.now(UTC)  # noqa: DTZ005, TID251, RUF100 - TLS looks at the real clock
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / f"{host}.pem", folder / f"{host}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


@dataclass
class Stranger:
    """Somebody's server: keeps what it is sent and answers as a test says."""

    port: int
    trust: ssl.SSLContext
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answer: Any = None

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append((str(request.rel_url), dict(request.headers), await request.read()))
        if self.answer is None:
            return web.Response(status=204)
        found: web.StreamResponse = await self.answer(request)
        return found

    def client(self, *answers: list[str], **more: Any) -> tuple[WebhookClient, Names]:
        names = Names(list(answers) or [[LOOPBACK]])
        options: dict[str, Any] = {"allowed": lambda address: address == LOOPBACK, "tls": self.trust, **more}
        return WebhookClient(ports=frozenset({self.port}), resolver=names, **options), names

    def url(self, path: str = "/hook?x=1") -> str:
        return f"https://{HOST}:{self.port}{path}"


@pytest.fixture
async def stranger(tmp_path: Path) -> AsyncIterator[Stranger]:
    pem, private = certificate(tmp_path, HOST)
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(pem, private)
    one = Stranger(free_port(), ssl.create_default_context(cafile=str(pem)))
    runner = web.ServerRunner(web.Server(one), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, one.port, ssl_context=own).start()
    yield one
    await runner.cleanup()


async def yes() -> bool:
    return True


async def post(
    client: WebhookClient, url: str, payload: bytes = b"{}", may_leave: webhooks.MayLeave = yes
) -> Why | None:
    try:
        return await client.post(url, SECRET, payload, NOW, may_leave)
    finally:
        await client.close()


async def test_what_is_sent_is_signed_so_that_its_recipient_can_tell(stranger: Stranger) -> None:
    client, names = stranger.client()
    assert await post(client, stranger.url(), b'{"a":1}') is None
    [(target, headers, body)] = stranger.requests
    assert (target, body) == ("/hook?x=1", b'{"a":1}')
    moment, _, given = headers[SIGNATURE].partition(",")
    expected = hmac.new(bytes.fromhex(SECRET), moment[2:].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert given == f"v1={expected}"
    assert moment == f"t={int(NOW.timestamp())}"
    assert headers["Host"] == f"{HOST}:{stranger.port}"
    assert headers["User-Agent"] == "hearthgate"
    assert not {"Cookie", "Authorization", "Referer"} & headers.keys()
    assert names.asked == [HOST]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["93.184.215.14", "127.0.0.1"],
        [],
    ],
)
async def test_a_name_that_leads_inside_is_not_called(stranger: Stranger, addresses: list[str]) -> None:
    from gateway.domain.recipients import is_public

    client, _ = stranger.client(addresses, allowed=is_public)
    why = await post(client, stranger.url())
    assert why is (Why.ADDRESS_REFUSED if addresses else Why.NOT_RESOLVED)
    assert stranger.requests == []


async def test_the_name_is_asked_once_so_there_is_nothing_to_rebind(stranger: Stranger) -> None:
    # The first answer is good. The second comes if somebody asks again before connecting, and would hurt.
    client, names = stranger.client([LOOPBACK], ["10.0.0.1"])
    assert await post(client, stranger.url()) is None
    assert names.asked == [HOST]
    assert len(stranger.requests) == 1


async def test_the_name_is_asked_again_for_each_try(stranger: Stranger) -> None:
    client, names = stranger.client([LOOPBACK], ["10.0.0.1"])
    assert await client.post(stranger.url(), SECRET, b"{}", NOW, yes) is None
    assert await client.post(stranger.url(), SECRET, b"{}", NOW, yes) is Why.ADDRESS_REFUSED
    await client.close()
    assert len(names.asked) == 2
    assert len(stranger.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://user@hook.hearthgate-test.org/",
        "http://hook.hearthgate-test.org/",
        "https://localhost/",
        "https://hook.hearthgate-test.org:22/",
    ],
)
async def test_an_address_that_may_not_be_named_is_not_called_however_it_got_there(
    stranger: Stranger, url: str
) -> None:
    client, names = stranger.client()
    assert await post(client, url) is Why.ADDRESS_REFUSED
    assert names.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(stranger: Stranger, status: int) -> None:
    async def elsewhere(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": stranger.url("/inside")})

    stranger.answer = elsewhere
    client, _ = stranger.client()
    assert await post(client, stranger.url()) is Why.REDIRECTED
    assert [target for target, _, _ in stranger.requests] == ["/hook?x=1"]


@pytest.mark.parametrize(
    ("status", "why"),
    [(200, None), (202, None), (400, Why.REFUSED), (404, Why.REFUSED), (410, Why.GONE), (503, Why.TROUBLE)],
)
async def test_of_an_answer_only_its_status_counts(stranger: Stranger, status: int, why: Why | None) -> None:
    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, text="a word")

    stranger.answer = answer
    client, _ = stranger.client()
    assert await post(client, stranger.url()) is why


async def test_an_endless_answer_is_not_read(stranger: Stranger) -> None:
    sent = 0

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65536)
            sent += 65536
            await asyncio.sleep(0)

    stranger.answer = endless
    client, _ = stranger.client()
    assert await post(client, stranger.url()) is None
    assert sent < 16 * 1024 * 1024


async def test_long_headers_are_trouble_and_nothing_worse(stranger: Stranger) -> None:
    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=200, headers={"X-Long": "y" * 60_000})

    stranger.answer = answer
    client, _ = stranger.client()
    assert await post(client, stranger.url()) is Why.TROUBLE


async def test_somebody_who_says_nothing_is_given_up(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(_request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    stranger.answer = silent
    monkeypatch.setattr(webhooks, "WHOLE_S", 0.2)
    client, _ = stranger.client()
    assert await post(client, stranger.url()) is Why.TIMEOUT


async def test_nobody_there_is_told_apart_from_a_certificate_that_is_another_s(
    stranger: Stranger, tmp_path: Path
) -> None:
    nobody = free_port()
    client = WebhookClient(
        ports=frozenset({nobody}), resolver=Names([[LOOPBACK]]), allowed=lambda _address: True, tls=stranger.trust
    )
    assert await post(client, f"https://{HOST}:{nobody}/") is Why.NOT_CONNECTED
    # Whoever takes over the name's address does not have its certificate.
    pem, _ = certificate(tmp_path, "other.hearthgate-test.org")
    strict, _ = stranger.client(tls=ssl.create_default_context(cafile=str(pem)))
    assert await post(strict, stranger.url()) is Why.CERTIFICATE
    wrong_name, _ = stranger.client()
    assert await post(wrong_name, f"https://other.hearthgate-test.org:{stranger.port}/") is Why.CERTIFICATE
    assert stranger.requests == []


async def test_a_proxy_of_the_environment_is_not_asked(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{LOOPBACK}:{free_port()}")
    client, _ = stranger.client()
    assert await post(client, stranger.url()) is None


async def test_what_may_not_leave_any_more_when_the_server_is_reached_does_not_leave(stranger: Stranger) -> None:
    answers = [True, False]

    async def once() -> bool:
        return answers.pop(0)

    client, names = stranger.client()
    assert await client.post(stranger.url(), SECRET, b"first", NOW, once) is None
    assert await client.post(stranger.url(), SECRET, b"second", NOW, once) is Why.WITHDRAWN
    await client.close()
    assert len(names.asked) == 2
    assert [body for _, _, body in stranger.requests] == [b"first"]
