"""Accounts: who a person is to the gateway, which is a random id and, if at all, a way to write to them."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique
from typing import Final

from gateway.domain.identity import AccountId


@unique
class LoginKind(StrEnum):
    """What a login name is."""

    MAIL = "mail"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class LoginName:
    """A login name in its one way of writing; the blind index is made of `value`."""

    kind: LoginKind
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BadLoginName:
    """No login name, and why. The reason never contains the value."""

    reason: str


@dataclass(frozen=True, slots=True)
class Account:
    """One person with a login."""

    account_id: AccountId = field(repr=False)
    login_index: bytes = field(repr=False)
    """Blind index of the login name's normal form."""
    login_kind: LoginKind
    adult: bool
    created_at: datetime
    guardian_id: AccountId | None = field(repr=False, default=None)
    """For a minor: who answers for them."""
    password_changed_at: datetime | None = None
    closed_at: datetime | None = None
    version: int = 0
    """For compare and swap in the store; the domain hands it on untouched."""


MAIL_LENGTH: Final = 254
"""Octets of a mail address that a mail path can carry (RFC 5321, 4.5.3.1.3, less the angle brackets)."""
LOCAL_PART_LENGTH: Final = 64
"""RFC 5321, 4.5.3.1.1."""

_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
"""ITU-T E.164: a country code and at most 15 digits in all. Shorter than seven is no subscriber."""
_PHONE_DRESSING: Final = re.compile(r"[\s().\-/\u2010-\u2015]")
_LABEL: Final = r"[^\W_](?:[\w-]*[^\W_])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_LOCAL_PART: Final = re.compile(r"[^\s@\"(),:;<>\[\]\\.]+(?:\.[^\s@\"(),:;<>\[\]\\.]+)*")


def normal_login_name(text: str) -> LoginName | BadLoginName:
    """The one way to write a mail address (trimmed, NFKC, case-folded) or a telephone number (E.164, with +).

    Case-folding the part before the @ goes beyond the standard, which lets a mail host tell `Ann` from `ann`. No host
    does, people type either, and two accounts that differ only in case would be a trap.
    """
    normal = unicodedata.normalize("NFKC", text).strip()
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn"} for letter in normal):
        return BadLoginName("a login name has no invisible characters")
    return _mail(normal) if "@" in normal else _phone(normal)


def _mail(text: str) -> LoginName | BadLoginName:
    # Folding can undo the normal form (RFC 5892 asks for both): normalise once more, so that twice is the same as once.
    folded = unicodedata.normalize("NFKC", text.casefold())
    local, _, domain = folded.rpartition("@")
    if (
        len(folded.encode("utf-8", "replace")) > MAIL_LENGTH
        or len(local.encode("utf-8", "replace")) > LOCAL_PART_LENGTH
    ):
        return BadLoginName("a mail address has at most 254 characters, 64 before the @")
    if _LOCAL_PART.fullmatch(local) is None or _DOMAIN.fullmatch(domain) is None:
        return BadLoginName("a mail address looks like name@example.org")
    return LoginName(LoginKind.MAIL, folded)


def _phone(text: str) -> LoginName | BadLoginName:
    bare = _PHONE_DRESSING.sub("", text)
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    if _PHONE.fullmatch(bare) is None:
        return BadLoginName("a telephone number begins with + and the country code, 7 to 15 digits")
    return LoginName(LoginKind.PHONE, bare)
