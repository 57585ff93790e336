"""Receipts of erasures can be checked without the gateway, and cannot be made without its key."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.security.receipt_signatures import Ed25519ReceiptSigner, ReceiptKey
from gateway.usecases.erasure_receipts import LONGEST, Genuine, NotGenuine, check, of_class, signed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNER = Ed25519ReceiptSigner(Ed25519PrivateKey.generate())
KEY = ReceiptKey(SIGNER.public_key)
RECEIPT = of_class("commands", "e-1", {"commands": 3}, "eu-central", NOW)
DOCUMENT = signed(RECEIPT, SIGNER)


def test_a_receipt_is_genuine() -> None:
    assert check(DOCUMENT, KEY) == Genuine(RECEIPT)


def test_however_its_json_is_laid_out() -> None:
    assert check(json.dumps(json.loads(DOCUMENT), indent=7, sort_keys=True).encode(), KEY) == Genuine(RECEIPT)


def test_another_installations_receipt_is_not_genuine() -> None:
    other = Ed25519ReceiptSigner(Ed25519PrivateKey.generate())
    assert isinstance(check(signed(RECEIPT, other), KEY), NotGenuine)


@pytest.mark.parametrize(
    "change",
    [
        {"receipt": {**RECEIPT, "of": "account"}},
        {"receipt": {**RECEIPT, "more": 1}},
        {"receipt": {**RECEIPT, "signed_at": "2026-03-02T12:00:00+00:00"}},
        {"receipt": {**RECEIPT, "what": "hearthgate consent 1"}},
        {"receipt": {**RECEIPT, "more": 1e300}},
        {"receipt": []},
        {"signature": "AAAA"},
        {"signature": 7},
        {"more": 1},
    ],
)
def test_what_was_changed_is_not_genuine(change: dict[str, Any]) -> None:
    assert isinstance(check(json.dumps({**json.loads(DOCUMENT), **change}).encode(), KEY), NotGenuine)


@pytest.mark.parametrize(
    "text", [b"", b"no json", b"[]", b"\xff", b"[" * 50_000, b" " * (LONGEST + 1), b'{"receipt":1}']
)
def test_what_is_no_receipt_is_not_genuine(text: bytes) -> None:
    assert isinstance(check(text, KEY), NotGenuine)


def test_a_receipt_of_a_consent_under_the_same_key_is_none_of_an_erasure() -> None:
    consent = signed({**RECEIPT, "what": "hearthgate consent 1"}, SIGNER)
    assert check(consent, KEY) == NotGenuine("it is no receipt of an erasure")
