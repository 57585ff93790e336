"""What an appliance's certificate request must be. Only its key is used: its subject and extensions are not obeyed.

Anybody with a factory certificate may send anything here, so every way that text can be wrong ends in a refusal.
"""

import functools
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from gateway.security import der
from gateway.security.pem import MAX_PEM_CHARS, one_der
from gateway.usecases.services import CheckedCsr, CsrRefused

CSR_INVALID: Final = "cert.csr_invalid"
KEY_REJECTED: Final = "cert.key_rejected"

_EXTENSION_REQUESTS: Final = frozenset({"1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14"})
"""PKCS #9 extensionRequest and Microsoft's older twin of it."""

_SMALL_SCALARS: Final = range(1, 33)

_LOW_ORDER_ED25519: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)
"""Points of order 1, 2, 4 and 8 (and spellings past the prime), sign bit cleared: anybody can sign under such a "key".
The list is libsodium's (ed25519_ref10.c, ge25519_has_small_order)."""


def check_csr(pem: str) -> CheckedCsr | CsrRefused:
    """Check a PEM certificate request; never raises, whatever the text.

    Accepted: at most 16 KiB, exactly one request, a key on P-256 (named) or Ed25519, signed by that key with SHA-2.
    Refused with `cert.key_rejected`: other or known-weak keys. With `cert.csr_invalid`: everything else.
    """
    try:
        return _check(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion):
        return CsrRefused(CSR_INVALID, "the request cannot be read")
    except BaseException as problem:
        # A panic of the Rust parser is no Exception; a stranger's bytes must not end the process.
        if isinstance(problem, Exception) or type(problem).__name__ == "PanicException":
            return CsrRefused(CSR_INVALID, "the request cannot be read")
        raise


def _check(pem: str) -> CheckedCsr | CsrRefused:
    if len(pem) > MAX_PEM_CHARS:
        return CsrRefused(CSR_INVALID, "the request is larger than 16 KiB")
    packed = one_der(pem, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
    if packed is None:
        return CsrRefused(CSR_INVALID, "not exactly one PEM certificate request")
    request = x509.load_der_x509_csr(packed)
    if not packed.endswith(b"\0" + request.signature):
        return CsrRefused(CSR_INVALID, "the signature is not whole bytes")  # the parser lets unused bits pass
    refused = _wrong_key(request) or _wrong_request(request)
    if refused is not None:
        return refused
    canonical = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return CheckedCsr(public_key_der=canonical, key_digest=sha256(canonical).digest())


def _wrong_key(request: x509.CertificateSigningRequest) -> CsrRefused | None:
    algorithm = der.key_algorithm(request.tbs_certrequest_bytes)
    if der.is_explicit_curve(algorithm):
        return CsrRefused(CSR_INVALID, "the curve is not given by name")
    if algorithm not in {der.P256, der.ED25519}:
        return CsrRefused(KEY_REJECTED, "the key is neither P-256 nor Ed25519")
    if _is_known(request.public_key()):
        return CsrRefused(KEY_REJECTED, "the private half of this key is known to everybody")
    return None


def _wrong_request(request: x509.CertificateSigningRequest) -> CsrRefused | None:
    if not _is_well_signed(request):
        return CsrRefused(CSR_INVALID, "the request is not signed by its own key with SHA-2")
    if _asks_for_authority(request):
        return CsrRefused(CSR_INVALID, "the request asks to be a certificate authority")
    return None


def _is_well_signed(request: x509.CertificateSigningRequest) -> bool:
    hashed_with = request.signature_hash_algorithm  # None with Ed25519, which brings its own
    return (hashed_with is None or isinstance(hashed_with, SHA256 | SHA384 | SHA512)) and request.is_signature_valid


def _asks_for_authority(request: x509.CertificateSigningRequest) -> bool:
    """True for CA:TRUE, and for two lists of extensions, of which a reader might see either."""
    lists = sum(attribute.oid.dotted_string in _EXTENSION_REQUESTS for attribute in request.attributes)
    if lists == 0:
        return False
    if lists > 1:
        return True
    return any(
        extension.oid == ExtensionOID.BASIC_CONSTRAINTS
        and isinstance(extension.value, x509.BasicConstraints)
        and extension.value.ca
        for extension in request.extensions
    )


def _is_known(key: object) -> bool:
    """True for keys whose private half anybody can guess: what a broken random generator makes."""
    match key:
        case ec.EllipticCurvePublicKey():
            return key.public_numbers().x in _small_scalar_points()
        case ed25519.Ed25519PublicKey():
            raw = key.public_bytes_raw()
            return raw[:31] + bytes([raw[31] & 0x7F]) in _LOW_ORDER_ED25519
        case _:
            return True


@functools.cache
def _small_scalar_points() -> frozenset[int]:
    """The x of 1·G to 32·G on P-256 (and so of -1·G to -32·G)."""
    return frozenset(
        ec.derive_private_key(scalar, ec.SECP256R1()).public_key().public_numbers().x for scalar in _SMALL_SCALARS
    )
