"""The signed receipt of an erasure: which stores there are, and what was done to each. It names nobody."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from gateway.domain.erasure import Erasure, Step
from gateway.protocol.canonical import NotCanonicalError, canonical
from gateway.usecases.services import ReceiptSigner

WHAT: Final = "hearthgate erasure 1"
"""What is signed says what it is: a receipt of a consent, under the same key, never passes for one of an erasure."""

COPIES_KEPT_FOR: Final = timedelta(days=8)
"""Seven daily copies of the keys: the last one that was made before an erasure is gone after so long at the latest."""

LONGEST: Final = 64 * 1024
"""Bytes; ours have two thousand."""

Json = Mapping[str, object]


class VerifyingKey(Protocol):
    """The public half of the key for receipts."""

    def verify(self, message: bytes, signature: str) -> bool:
        """True when the private half made the signature (base64)."""


@dataclass(frozen=True, slots=True)
class Genuine:
    """The receipt is what this installation signed."""

    receipt: Json


@dataclass(frozen=True, slots=True)
class NotGenuine:
    """It is not; in words, without anything out of it."""

    why: str


def of_account(erasure: Erasure, region: str, now: datetime) -> Json:
    """The receipt of a whole account.

    Args:
        erasure: with all steps done but the last.
        region: in which the data was stored.
        now: the moment of signing.
    """
    steps = {one.step: {"at": _text(one.at), **one.found} for one in erasure.done}
    return {
        "what": WHAT,
        "of": "account",
        "erasure": erasure.erasure_id,
        "reason": erasure.reason.value,
        "region": region,
        "closed_at": _text(erasure.begun_at),
        "signed_at": _text(now),
        "stores": [
            {"store": "database", "rows": dict(erasure.rows), **steps[Step.ROWS]},
            {"store": "database_space", **steps[Step.SPACE]},
            {"store": "person_keys", **steps[Step.KEY]},
            {"store": "person_keys_copies", "forgotten_at": _text(erasure.begun_at + COPIES_KEPT_FOR)},
            {"store": "broker", **steps[Step.CONNECTIONS]},
            {"store": "erasure_ledger", **steps[Step.LEDGER]},
        ],
    }


def of_class(name: str, receipt_id: str, rows: Mapping[str, int], region: str, now: datetime) -> Json:
    """The receipt of one class of data that a person had deleted.

    Args:
        name: of the class.
        receipt_id: a random name of this receipt.
        rows: how many rows of which table were removed.
        region: in which the data was stored.
        now: the moment of signing, that of the deletion.
    """
    return {
        "what": WHAT,
        "of": name,
        "erasure": receipt_id,
        "region": region,
        "signed_at": _text(now),
        "stores": [{"store": "database", "at": _text(now), "rows": dict(rows)}],
    }


def signed(receipt: Json, signer: ReceiptSigner) -> bytes:
    """The receipt with its signature, as JSON that can be checked without the gateway."""
    document = {"receipt": receipt, "key": signer.public_key, "signature": signer.sign(canonical(receipt))}
    return json.dumps(document, indent=1).encode() + b"\n"


def check(document: bytes, key: VerifyingKey) -> Genuine | NotGenuine:
    """Whether somebody's receipt is one that the private half of `key` signed. Needs nothing but the two."""
    found = _read(document)
    if isinstance(found, NotGenuine):
        return found
    receipt, signature = found["receipt"], found["signature"]
    if not isinstance(receipt, dict) or receipt.get("what") != WHAT or not isinstance(signature, str):
        return NotGenuine("it is no receipt of an erasure")
    try:
        message = canonical(receipt)
    except NotCanonicalError:
        return NotGenuine("it holds what no receipt holds")
    if not key.verify(message, signature):
        return NotGenuine("its signature was not made with this installation's key")
    return Genuine(receipt)


def _read(document: bytes) -> Json | NotGenuine:
    if len(document) > LONGEST:
        return NotGenuine("it is longer than any receipt")
    try:
        found = json.loads(document)
    except (ValueError, RecursionError):
        return NotGenuine("it is not JSON")
    if not isinstance(found, dict) or found.keys() != {"receipt", "key", "signature"}:
        return NotGenuine("it is not a receipt with its signature")
    return found


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
