"""TLS handshakes that fail for real: the broker sees exactly what it would see of a broken appliance."""

import asyncio
import contextlib
import socket
import ssl
import struct
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from device_sim.faults.home import Home
from device_sim.faults.wire import FaultError
from device_sim.flash import Credential
from device_sim.keys import new_key, tls_context

_PATIENCE_S: Final = 10.0
_LIFE: Final = timedelta(days=365)
_HALF_A_HELLO: Final = bytes.fromhex("16030100c8010000c40303")
"""The first bytes of a ClientHello: a record that promises 200 bytes (RFC 8446, section 5.1), and then nothing."""
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with zero seconds: closing sends RST instead of FIN, as a firewall does."""


async def without_certificate(home: Home) -> None:
    """The claim certificate was never loaded: the appliance has none to show."""
    await home.begin()
    await _fail(home, _trusting(home.world.trust_pem))


async def certificate_of_another_maker(home: Home) -> None:
    """The claim certificate is signed by somebody whom nobody here knows."""
    await home.begin()
    await _fail(home, tls_context(_foreign(home), home.world.trust_pem))


async def expired_certificate(home: Home) -> None:
    """The claim certificate is ours, and over."""
    await home.begin()
    expired = home.world.workshop.expired_claim_certificate(home.made.claim_id)
    await _fail(home, tls_context(expired, home.world.trust_pem))


async def old_tls(home: Home) -> None:
    """The TLS stack knows nothing newer than TLS 1.1 (RFC 8996: it must not be used)."""
    await home.begin()
    context = tls_context(home.made.claim, home.world.trust_pem)
    context.set_ciphers("ALL:@SECLEVEL=0")  # OpenSSL 3 offers no TLS 1.1 otherwise
    with _old_versions_allowed():
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    await _fail(home, context)


async def server_not_trusted(home: Home) -> None:
    """The bundle of authorities in the appliance is an old one: it does not know who signed the broker's."""
    await home.begin()
    await _fail(home, tls_context(home.made.claim, _foreign(home).certificate_pem or ""))


async def reset_in_the_middle(home: Home) -> None:
    """Something on the way cuts the connection while the handshake is under way."""
    await home.begin()
    await _run(home, partial(_reset, home))


async def without_certificate_in_a_crowd(home: Home) -> None:
    """The same behind an address that two open pairings share: whose appliance it was, nobody can say."""
    await home.begin()
    await home.phone.open_pairing()
    await _fail(home, _trusting(home.world.trust_pem))


def _reset(home: Home) -> None:
    with _connected(home) as sock:
        sock.sendall(_HALF_A_HELLO)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


async def _fail(home: Home, context: ssl.SSLContext) -> None:
    await _run(home, partial(_shake_hands, home, context))


async def _run(home: Home, work: Callable[[], None]) -> None:
    try:
        await asyncio.get_running_loop().run_in_executor(home.world.executor, work)
    except TimeoutError:
        raise FaultError("the broker did not answer the handshake") from None


def _shake_hands(home: Home, context: ssl.SSLContext) -> None:
    """Shake hands, and read: with TLS 1.3 the server's refusal comes after the client's last message.

    Raises:
        FaultError: the handshake succeeded.
        TimeoutError: nobody answers.
    """
    with _connected(home) as sock:
        try:
            with context.wrap_socket(sock, server_hostname=home.world.claim.host) as shaken:
                if shaken.recv(1):
                    raise FaultError("the broker answered somebody who had said nothing")
                return  # closed without an alert: refused
        except TimeoutError:
            raise
        except (ssl.SSLError, ConnectionError):
            return


def _connected(home: Home) -> socket.socket:
    address = home.world.claim
    return socket.create_connection((address.host, address.port), _PATIENCE_S, source_address=(home.source, 0))


def _trusting(trust_pem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=trust_pem)
    return context


@contextlib.contextmanager
def _old_versions_allowed() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is the point
        yield


def _foreign(home: Home) -> Credential:
    """A claim certificate of this name, signed by itself."""
    key_pem = new_key()
    key = load_pem_private_key(key_pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("keys are P-256")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, home.made.claim_id)])
    now = home.world.clock()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    return Credential(key_pem, certificate.public_bytes(Encoding.PEM).decode())
