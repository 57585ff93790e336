"""Units: what the factory made, before and after any person. How their identifiers are written in one way only."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique
from typing import Final

from gateway.domain.identity import ClaimId, UnitId


@dataclass(frozen=True, slots=True)
class CertificateCredential:
    """A factory certificate of this one unit."""

    fingerprint: bytes = field(repr=False)
    """SHA-256 of its DER, 32 bytes."""
    claim_id: ClaimId | None = field(repr=False, default=None)
    """Its common name, where the production list tells it."""


@dataclass(frozen=True, slots=True)
class KeyCredential:
    """A secret key of this unit, used together with a certificate that its whole batch shares."""

    key_sealed: bytes = field(repr=False)
    """Encrypted at rest."""


Credential = CertificateCredential | KeyCredential


@unique
class BlockReason(StrEnum):
    """Why a unit may not be activated. Staff see it, callers never do."""

    RECALL = "recall"
    THEFT = "theft"
    ABUSE = "abuse"


@dataclass(frozen=True, slots=True)
class Unit:
    """One manufactured appliance."""

    unit_id: UnitId
    type_id: str
    mac_index: bytes = field(repr=False)
    """Blind index of the normal form of the MAC, 32 bytes."""
    mac_tail: str = field(repr=False)
    """The last two characters, for people to tell two labels apart."""
    machine_code_index: bytes = field(repr=False)
    machine_code_tail: str = field(repr=False)
    credential: Credential
    setup_code_digest: bytes | None = field(repr=False)
    """Keyed digest of the code on the label; None when the label has none."""
    blocked: BlockReason | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Unfit:
    """A value that cannot be taken, and why. The reason never contains the value."""

    reason: str


MACHINE_CODE_LENGTHS: Final = range(4, 41)
SETUP_CODE_LENGTHS: Final = range(8, 33)
UNIT_KEY_LENGTHS: Final = range(16, 65)
"""Bytes. 16 is 128 bits; more than 64 is more than a block of SHA-256 and gains nothing."""

_MAC: Final = re.compile(
    r"[0-9a-f]{12}|[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}"
)
_MACHINE_CODE: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9._-]*[A-Z0-9])?")
_SETUP_CODE: Final = re.compile(r"[A-Z0-9]+")
_MULTICAST_BIT: Final = 0x01
"""Least significant bit of the first octet (IEEE 802-2014, 8.2.2): a group, never one station. Covers broadcast."""


def normal_mac(text: str) -> str | Unfit:
    """The one way to write a MAC: `a4:c1:38:00:4f:2a`.

    Takes colons, hyphens, Cisco's dots or no separators, in any case. Refuses what no single station can have.
    """
    lowered = text.strip().lower()
    if _MAC.fullmatch(lowered) is None:
        return Unfit("a MAC is six pairs of hexadecimal digits")
    digits = re.sub(r"[:.-]", "", lowered)
    if int(digits, 16) == 0:
        return Unfit("a MAC of zeros belongs to nobody")
    if int(digits[:2], 16) & _MULTICAST_BIT:
        return Unfit("a multicast or broadcast MAC belongs to no single appliance")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def normal_machine_code(text: str) -> str | Unfit:
    """The one way to write a machine code: NFKC, trimmed, upper case, 4 to 40 of `A-Z 0-9 . _ -`.

    NFKC because labels typed on an East Asian keyboard come in full-width letters.
    """
    normal = unicodedata.normalize("NFKC", text).strip().upper()
    if len(normal) not in MACHINE_CODE_LENGTHS:
        return Unfit("a machine code has 4 to 40 characters")
    if _MACHINE_CODE.fullmatch(normal) is None:
        return Unfit("a machine code is letters and digits, with . _ or - between them")
    return normal


def normal_setup_code(text: str) -> str | Unfit:
    """The one way to write the code on a label: NFKC, upper case, no blanks or hyphens, 8 to 32 of `A-Z 0-9`."""
    normal = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()
    if len(normal) not in SETUP_CODE_LENGTHS:
        return Unfit("a setup code has 8 to 32 letters and digits")
    if _SETUP_CODE.fullmatch(normal) is None:
        return Unfit("a setup code is letters and digits only")
    return normal


def check_unit_key(key: bytes) -> Unfit | None:
    """None when a unit key is long enough to be one: 16 to 64 bytes."""
    return None if len(key) in UNIT_KEY_LENGTHS else Unfit("a unit key has 16 to 64 bytes")


def tail_of(normal: str) -> str:
    """The last two characters, as people see them."""
    return normal[-2:]
