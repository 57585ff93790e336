"""Keys, authorities and certificate requests for the tests of security."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.security.authorities import AuthorityFolder
from gateway.security.keys import KeyRing, MasterKey

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)

RequestKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
MakeRequest = Callable[..., str]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing(MasterKey(bytes(range(32))))


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> AuthorityFolder:
    """All four authorities, made once; tests that change them make their own."""
    folder: Path = tmp_path_factory.mktemp("authorities")
    made = AuthorityFolder(folder, b"a passphrase for tests")
    made.create(NOW)
    return made


@pytest.fixture
def request_pem() -> MakeRequest:
    """Makes certificate requests as appliances do."""

    def make(
        key: RequestKey,
        *,
        subject: str = "CN=kettle",
        extensions: tuple[x509.ExtensionType, ...] = (),
        hashed: SHA256 | SHA384 | SHA512 | None = None,
    ) -> str:
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name.from_rfc4514_string(subject))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        chosen = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashed or SHA256()
        return builder.sign(key, chosen).public_bytes(Encoding.PEM).decode()

    return make
