"""The Device authority: checks what appliances ask for and signs what the gateway has decided and recorded."""

from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from gateway.domain.identity import Kind, kind_of
from gateway.security.authorities import AuthorityName, SigningAuthority
from gateway.security.certificates import Leaf, signed_leaf
from gateway.security.csr import check_csr
from gateway.security.serials import new_serial
from gateway.usecases.services import CertificatePlan, CheckedCsr, CsrRefused, SignedCertificate


class DeviceAuthority:
    """Signs device certificates with one generation of the Device authority. Safe to use from several threads."""

    __slots__ = ("_authority",)

    def __init__(self, authority: SigningAuthority) -> None:
        """Take `AuthorityFolder.signing(AuthorityName.DEVICE)`.

        Raises:
            ValueError: it is another authority.
        """
        if authority.trusted.name is not AuthorityName.DEVICE:
            raise ValueError(f"the {authority.trusted.name} authority does not vouch for devices")
        self._authority = authority

    @property
    def ends(self) -> datetime:
        """When the authority's own certificate ends."""
        return self._authority.trusted.certificate.not_valid_after_utc

    def check_csr(self, pem: str) -> CheckedCsr | CsrRefused:
        """See `csr.check_csr`: never raises."""
        return check_csr(pem)

    def new_serial(self) -> int:
        """A random serial number of 128 bits."""
        return new_serial()

    def sign(self, plan: CertificatePlan) -> SignedCertificate:
        """Sign a recorded plan. The same plan under the same authority gives the same bytes.

        Raises:
            ValueError: the plan's name is no device's, its key is not one that `check_csr` lets pass, its serial is not
                positive or longer than 159 bits, or it ends before it begins.
        """
        if kind_of(plan.common_name) is not Kind.DEVICE:
            raise ValueError("not the name of a device")
        key = load_der_public_key(plan.public_key_der)
        if not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
            raise ValueError("not a key that a device may have")  # noqa: TRY004 - the value is wrong, not the argument's type
        leaf = Leaf(plan.common_name, key, plan.serial, plan.not_before, plan.not_after)
        certificate = signed_leaf(self._authority, leaf)
        return SignedCertificate(
            pem=certificate.public_bytes(Encoding.PEM).decode(),
            chain_pem=self._authority.trusted.pem,
            fingerprint=certificate.fingerprint(SHA256()),
        )
