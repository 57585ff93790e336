"""The gateway's own private keys on disk: PKCS#8, encrypted with a passphrase that derives from the master key."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.security.files import create_private, read_private


class PrivateKeyError(Exception):
    """A key file does not open with this master key, or holds another kind of key."""


def load_or_make_p256(path: Path, passphrase: bytes) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in a file; made if the file is not there. Of two makers at once, both get the first one's.

    Raises:
        PrivateKeyError: it does not open, or is no P-256 key.
        UnsafeFileError: others may read it.
    """
    if not path.exists():
        create_private(path, _encrypted(ec.generate_private_key(ec.SECP256R1()), passphrase))
    match _load(path, passphrase):
        case ec.EllipticCurvePrivateKey(curve=ec.SECP256R1()) as key:
            return key
        case _:
            raise PrivateKeyError(f"{path} holds another kind of key than P-256")


def load_or_make_ed25519(path: Path, passphrase: bytes) -> ed25519.Ed25519PrivateKey:
    """The Ed25519 key in a file; made if the file is not there, as above.

    Raises:
        PrivateKeyError: it does not open, or is no Ed25519 key.
        UnsafeFileError: others may read it.
    """
    if not path.exists():
        create_private(path, _encrypted(ed25519.Ed25519PrivateKey.generate(), passphrase))
    match _load(path, passphrase):
        case ed25519.Ed25519PrivateKey() as key:
            return key
        case _:
            raise PrivateKeyError(f"{path} holds another kind of key than Ed25519")


def _encrypted(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, passphrase: bytes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))


def _load(path: Path, passphrase: bytes) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(read_private(path), passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause is left out: its text may quote the file.
        raise PrivateKeyError(f"{path} does not open with this master key") from None
