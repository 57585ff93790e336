"""Checking a receipt of a consent without the gateway: with the public key of its installation and nothing else."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique
from typing import Any, Final

from gateway.protocol.canonical import canonical
from gateway.usecases.receipts import FORMAT, Json, digest_of, hash_of

BYTES_AT_MOST: Final = 64 * 1024
"""Ours have about three thousand."""


@unique
class ReceiptFault(StrEnum):
    """Why a receipt proves nothing."""

    UNREADABLE = "unreadable"
    """This is no receipt, or one of a version that is not known here."""
    WRONG_KEY = "wrong_key"
    """It names another key than the one it is checked with: it is of another installation."""
    FORGED = "forged"
    """It was edited, or never signed with this key."""
    OUT_OF_PLACE = "out_of_place"
    """Signed, but record and place in the ledger do not belong together."""
    OTHER_PERSON = "other_person"
    OTHER_PURPOSE = "other_purpose"


@dataclass(frozen=True, slots=True)
class GenuineReceipt:
    """What a receipt proves. Has one maker: `check_receipt`."""

    account_id: str = field(repr=False)
    purpose: str
    state: str
    at: str
    policy_version: int
    number: int


Verify = Callable[[bytes, str], bool]
"""Whether a signature (base64) over these bytes was made with the key that is trusted."""

_SHAPELESS: Final = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)
"""What taking apart a file that is no receipt may run into."""


def check_receipt(
    content: bytes, verify: Verify, public_key: str, *, account_id: str | None = None, purpose: str | None = None
) -> GenuineReceipt | ReceiptFault:
    """Check a receipt.

    Args:
        content: the receipt as JSON.
        verify: checks a signature with the key that is trusted. The key that the receipt names is never trusted.
        public_key: the key that is trusted, base64.
        account_id: whose it has to be; anybody's when None.
        purpose: for what it has to be; for anything when None.
    """
    try:
        found = _genuine(content, verify, public_key)
    except _SHAPELESS:
        return ReceiptFault.UNREADABLE
    if isinstance(found, ReceiptFault):
        return found
    if account_id is not None and found.account_id != account_id:
        return ReceiptFault.OTHER_PERSON
    if purpose is not None and found.purpose != purpose:
        return ReceiptFault.OTHER_PURPOSE
    return found


def _genuine(content: bytes, verify: Verify, public_key: str) -> GenuineReceipt | ReceiptFault:
    if len(content) > BYTES_AT_MOST:
        return ReceiptFault.UNREADABLE
    signed = json.loads(content, object_pairs_hook=_without_doubles)
    signature = signed.pop("signature")
    if signed["receipt"] != FORMAT or signature["algorithm"] != "Ed25519":
        return ReceiptFault.UNREADABLE
    if signature["key"] != public_key:
        return ReceiptFault.WRONG_KEY
    if not verify(canonical(signed), signature["value"]):
        return ReceiptFault.FORGED
    record, place = signed["record"], signed["ledger"]
    if not _belongs(record, place):
        return ReceiptFault.OUT_OF_PLACE
    return GenuineReceipt(
        account_id=record["pii_principal_id"],
        purpose=record["pii_processing"]["purposes"][0]["purpose"],
        state=record["event"]["event_state"],
        at=record["event"]["event_time"],
        policy_version=record["pii_processing"]["privacy_notice"]["version"],
        number=place["number"],
    )


def _belongs(record: Json, place: Json) -> bool:
    digest, previous = bytes.fromhex(place["digest"]), bytes.fromhex(place["previous"])
    at = datetime.fromisoformat(place["at"])
    expected = hash_of(place["id"], place["number"], at, digest, previous)
    return digest == digest_of(record) and expected.hex() == place["hash"]


def _without_doubles(pairs: list[tuple[str, Any]]) -> Json:
    """A name twice would let two programs read two receipts."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is named twice")
    return found
