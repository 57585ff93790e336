"""Hostile certificate requests leave nothing behind: no device, no certificate, no key."""

import base64
from dataclasses import dataclass, field

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from device_sim.keys import certificate_request, new_key
from gateway.domain.failures import Code
from tests.usecases.indoors import Indoors
from tests.usecases.refusals import expect_refusal


@dataclass
class Hostile:
    """A certificate request that must be refused."""

    what: str
    code: Code
    pem: str = field(repr=False)


def _signed(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, *extensions: x509.ExtensionType) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "d-00000000000000000000000000")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def _hostile() -> list[Hostile]:
    good = certificate_request(new_key(), "x")
    lines = good.splitlines()
    der = bytearray(base64.b64decode("".join(lines[1:-1])))
    der[-1] ^= 1
    forged = "\n".join([lines[0], base64.b64encode(der).decode(), lines[-1]]) + "\n"
    invalid, rejected = Code.CERT_CSR_INVALID, Code.CERT_KEY_REJECTED
    return [
        Hostile("no PEM", invalid, "hello"),
        Hostile("PEM of nothing", invalid, f"{lines[0]}\nAAAA\n{lines[-1]}\n"),
        Hostile("cut off", invalid, good[: len(good) // 2]),
        Hostile("two at once", invalid, good + good),
        Hostile("badly signed", invalid, forged),
        Hostile("CA:TRUE", invalid, _signed(ec.generate_private_key(ec.SECP256R1()), x509.BasicConstraints(True, 3))),
        Hostile("RSA", rejected, _signed(rsa.generate_private_key(65537, 2048))),
        Hostile("P-384", rejected, _signed(ec.generate_private_key(ec.SECP384R1()))),
        Hostile("known to everybody", rejected, _signed(ec.derive_private_key(1, ec.SECP256R1()))),
    ]


@pytest.mark.parametrize("hostile", _hostile(), ids=lambda one: one.what)
async def test_a_hostile_certificate_request_leaves_nothing_behind(gateway: Indoors, hostile: Hostile) -> None:
    made = await gateway.made()
    await expect_refusal(gateway, made, hostile.code, csr=hostile.pem)
    assert gateway.rows()["devices"] == gateway.rows()["certificates"] == gateway.rows()["certificate_keys"] == []


async def test_the_key_of_another_unit_is_rejected_and_the_other_goes_on(gateway: Indoors) -> None:
    first, second = await gateway.made(), await gateway.made()
    await gateway.activated(first)
    second.key = first.key
    await expect_refusal(gateway, second, Code.CERT_KEY_REJECTED)
    assert await gateway.hello(first)
