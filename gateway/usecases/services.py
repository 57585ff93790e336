"""What use cases need of security and time, as protocols that they own. `security` implements them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.domain.audit import KnownCheckpoint

Clock = Callable[[], datetime]
"""The present moment, timezone-aware, UTC."""


class IndexedField(StrEnum):
    """Fields that are found again by a blind index. Each has a key of its own."""

    MAC = "mac"
    MACHINE_CODE = "machine_code"
    LOGIN_NAME = "login_name"
    SETUP_CODE = "setup_code"
    UNIT_KEY = "unit_key"
    ADDRESS = "address"
    THROTTLE = "throttle"
    STAFF_NAME = "staff_name"
    AUDIT_TARGET = "audit_target"
    """What a look-up was about, in the audit."""
    PERSON = "person"
    """Whose key it is in the store of persons' keys, and whose erasure in the erasure ledger."""


class BlindIndexes(Protocol):
    """Keyed, deterministic digests (HMAC-SHA256, 32 bytes) under which a value is found but not read."""

    def index(self, which: IndexedField, value: str) -> bytes:
        """The index of an already normalised value."""


class TokenPurpose(StrEnum):
    """What a token is for; a token of one purpose never passes for another."""

    ACCESS = "access"
    REFRESH = "refresh"
    BIND = "bind"
    STAFF = "staff"
    """The cookie of somebody of the staff."""
    CSRF = "csrf"
    """What their forms carry; derived from the cookie, never minted."""
    ERASURE = "erasure"
    """Fetches the receipt of an erasure, when there is no account any more to fetch it."""
    GUARDIAN_CODE = "guardian_code"
    """Ten digits that a minor shows to their guardian."""
    EXPORT = "export"
    """Fetches one copy of a person's data, once."""
    HOME = "home"
    """Joins a home, once."""
    CLOSURE = "closure"
    """Confirms that an account closes."""
    SUPPORT_CODE = "support_code"
    """Six digits that a customer reads out; digested together with the device that they open."""


class Tokens(Protocol):
    """Makes tokens of 128 to 256 random bits and the keyed digests that are stored instead of them."""

    def mint(self, purpose: TokenPurpose) -> tuple[str, bytes]:
        """A fresh token (URL-safe text) and its digest (32 bytes)."""

    def digest(self, purpose: TokenPurpose, token: str) -> bytes:
        """The digest of a token that somebody presents."""

    def digits(self, many: int) -> str:
        """So many random decimal digits, each as likely as the others."""

    def shared_secret(self, size: int) -> bytes:
        """So many random bytes, for a device that keeps them as well (an authenticator)."""


class Identifiers(Protocol):
    """Random names."""

    def new(self, prefix: str) -> str:
        """`prefix-` and 128 random bits as 26 letters of Crockford base32, lower case."""

    def uuid7(self, now: datetime) -> str:
        """A time-ordered UUID (RFC 9562, version 7)."""

    def trace_id(self) -> str:
        """Six letters for people to read out, such as `k7q-4m2`."""


class Sealer(Protocol):
    """Encryption at rest: AES-256-GCM with the place (table, column, row) as associated data."""

    def seal(self, value: bytes, *, place: str) -> bytes:
        """Encrypt; the result opens only with the same place."""

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt what `seal` returned.

        Raises:
            ValueError: it was changed, moved from another place, or sealed under another key.
        """


@dataclass(frozen=True, slots=True)
class CheckedCsr:
    """A certificate request whose form, strength and signature are good. Its subject and extensions were not read."""

    public_key_der: bytes = field(repr=False)
    """SubjectPublicKeyInfo, DER."""
    key_digest: bytes = field(repr=False)
    """SHA-256 of the above; what "the same key" means."""


@dataclass(frozen=True, slots=True)
class CsrRefused:
    """A certificate request that is not signed, with the failure code and a sentence free of its values."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class CertificatePlan:
    """Everything that decides a certificate's bytes, recorded before it is signed.

    Signing is deterministic (RFC 6979), so a plan signed twice gives the identical certificate: a crash between
    record and signature can be repeated.
    """

    common_name: str = field(repr=False)
    public_key_der: bytes = field(repr=False)
    serial: int
    """Positive, 64 to 159 random bits."""
    not_before: datetime
    not_after: datetime
    """The end that X.509 knows. The operational end, which the appliance is told, is earlier: see `certificates`."""


@dataclass(frozen=True, slots=True)
class SignedCertificate:
    """A certificate and what one needs to use it."""

    pem: str
    chain_pem: str
    """The issuing authority (and what is above it), leaf excluded."""
    fingerprint: bytes
    """SHA-256 of the DER."""


class CertificateAuthority(Protocol):
    """The gateway's Device authority."""

    @property
    def ends(self) -> datetime:
        """When its own certificate ends, and with it whatever it signed."""

    def check_csr(self, pem: str) -> CheckedCsr | CsrRefused:
        """Check a PEM request: at most 16 KiB, P-256 (named curve) or Ed25519, good signature, no CA:TRUE."""

    def new_serial(self) -> int:
        """A random serial number, 128 bits."""

    def sign(self, plan: CertificatePlan) -> SignedCertificate:
        """Sign a recorded plan. The same plan gives the same bytes."""


class CommandSigner(Protocol):
    """The gateway's Ed25519 key for commands and verdicts to appliances."""

    @property
    def public_key(self) -> str:
        """The raw 32-byte public key, base64 (standard alphabet, with padding)."""

    def sign(self, message: bytes) -> str:
        """The 64-byte signature over the bytes, base64."""


class AuditSigner(Protocol):
    """The gateway's Ed25519 key for checkpoints of the audit. It is not in the database, nor in a backup of it."""

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """True when `sign` of this key made it."""


class MemoryUnavailableError(Exception):
    """What is known of the newest checkpoint cannot be read or kept; the text says where and why."""


class CheckpointMemory(Protocol):
    """Keeps the newest checkpoint of the audit where whoever has the database cannot reach it."""

    def known(self) -> KnownCheckpoint | None:
        """The newest one that was kept; None when there is none.

        Raises:
            MemoryUnavailableError: it cannot be read.
        """

    def keep(self, newest: KnownCheckpoint) -> None:
        """Keep this one, unless a later one is kept already.

        Raises:
            MemoryUnavailableError: it cannot be kept.
        """


class ReceiptSigner(Protocol):
    """The gateway's Ed25519 key for receipts of consents. Everybody may know its public half."""

    @property
    def public_key(self) -> str:
        """The raw 32-byte public key, base64 with padding."""

    def sign(self, message: bytes) -> str:
        """The 64-byte signature, base64 with padding."""


class UnitProofs(Protocol):
    """Checks the batch proof: HMAC-SHA256 under a unit's key."""

    def matches(self, unit_key: bytes, message: bytes, proof: str) -> bool:
        """True when `proof` (base64 or hex as protocol.md says) is right; compares in constant time."""


class PasswordBusyError(Exception):
    """The bounded password queue is full; try again in `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("too many passwords are being checked")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class PasswordRecord:
    """What is stored of a password."""

    scheme: str
    """`pw1` (ours) or `md5s1` (an imported salted md5, wrapped)."""
    hash: str = field(repr=False)
    """bcrypt's own text form."""
    pepper_id: str
    salt: str | None = field(repr=False, default=None)
    """Only for `md5s1`: the old salt, needed to compute the digest again."""
    salt_first: bool = True
    """Only for `md5s1`: md5(salt + password) if true, md5(password + salt) if false."""


class Passwords(Protocol):
    """bcrypt on its own bounded thread pool. Never called inside a transaction."""

    def check_rules(self, password: str, login_name: str | None = None) -> str | None:
        """None when it may be chosen, else what is wrong with it (never the password itself)."""

    def needs_rehash(self, record: PasswordRecord) -> bool:
        """True when a record that was just verified should be replaced: other scheme, pepper, or lower cost."""

    async def hash(self, password: str) -> PasswordRecord:
        """Hash a new password under scheme `pw1`.

        Raises:
            PasswordBusyError: the queue is full.
        """

    async def verify(self, password: str, record: PasswordRecord | None) -> bool:
        """Check a password. With no record it does the same work against a dummy and answers False.

        Raises:
            PasswordBusyError: the queue is full.
        """

    async def wrap_md5(self, md5_hex: str, salt: str, *, salt_first: bool) -> PasswordRecord:
        """Wrap an imported digest; the digest itself is not kept."""
