"""Receipts are checked without the gateway: genuine ones hold, and every other is told why it does not."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.consent import Purpose
from gateway.domain.consent_ledger import ConsentAct, LedgerEnd
from gateway.domain.identity import AccountId
from gateway.domain.policies import Language
from gateway.protocol.canonical import canonical
from gateway.security.receipt_signatures import Ed25519ReceiptSigner, NoPublicKeyError, ReceiptKey
from gateway.usecases.purposes import purpose_in
from gateway.usecases.receipt_checks import BYTES_AT_MOST, GenuineReceipt, ReceiptFault, check_receipt
from gateway.usecases.receipts import Controller, Said, place_of, receipt_of, record_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN, BOB = AccountId("a-ann"), AccountId("a-bob")
OURS = Ed25519ReceiptSigner(Ed25519PrivateKey.from_private_bytes(bytes(32)))
THEIRS = Ed25519ReceiptSigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEY = ReceiptKey(OURS.public_key)
CONTROLLER = Controller("Ann's workshop", "1 Lane", "ann@example.org", "home")


def a_receipt(
    account_id: AccountId = ANN,
    purpose: Purpose = Purpose.LOCATION_REMINDER,
    signer: Ed25519ReceiptSigner = OURS,
    language: Language = Language.ENGLISH,
) -> dict[str, Any]:
    shown = purpose_in(purpose, language)
    said = Said(
        account_id=account_id,
        purpose=purpose,
        act=ConsentAct.GRANTED,
        at=NOW,
        text=shown.text,
        text_version=shown.version,
        text_hash=shown.hash,
        policy_version=1,
        policy_hash=b"p" * 32,
        language=language,
        notice_id="n-1",
    )
    record = record_of(said, f"r-{account_id}", CONTROLLER)
    return receipt_of(record, place_of(record, LedgerEnd("l-1", 6, b"h" * 32), "l-2", NOW), signer)


def check(receipt: Any, **expected: Any) -> GenuineReceipt | ReceiptFault:
    content = receipt if isinstance(receipt, bytes) else json.dumps(receipt).encode()
    return check_receipt(content, KEY.verify, KEY.text, **expected)


def signed_again(receipt: dict[str, Any], signer: Ed25519ReceiptSigner = OURS) -> dict[str, Any]:
    """As who has the signing key could make it."""
    bare = {name: part for name, part in receipt.items() if name != "signature"}
    signature = {"algorithm": "Ed25519", "key": signer.public_key, "value": signer.sign(canonical(bare))}
    return {**bare, "signature": signature}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("purpose", Purpose)
def test_a_genuine_one_says_whose_what_and_when(purpose: Purpose, language: Language) -> None:
    found = check(a_receipt(purpose=purpose, language=language), account_id=ANN, purpose=purpose.value)
    assert found == GenuineReceipt(ANN, purpose.value, "consent_given", "2026-03-01T12:00:00.000Z", 1, 7)


def test_it_has_the_four_parts_and_what_each_has_to_hold() -> None:
    record = a_receipt()["record"]
    assert {"schema_version", "record_id", "pii_principal_id"} <= record.keys()
    processing = record["pii_processing"]
    assert {"privacy_notice", "language", "purposes"} == processing.keys()
    (purpose,) = processing["purposes"]
    assert {
        "purpose",
        "lawful_basis",
        "pii_information",
        "pii_controllers",
        "collection_method",
        "storage_locations",
        "retention_period",
        "jurisdiction",
        "recipient_third_parties",
        "withdrawal_method",
        "privacy_rights",
    } <= purpose.keys()
    (party,) = record["party_identification"]
    assert all(party[name] for name in ("party_id", "party_name", "party_address", "party_contact", "party_role"))
    assert {"event_time", "event_type", "event_state", "validity_duration", "entity_id"} <= record["event"].keys()


def test_white_space_and_order_do_not_matter() -> None:
    pretty = json.dumps(a_receipt(), indent=4, sort_keys=True, ensure_ascii=False).encode()
    assert isinstance(check(pretty), GenuineReceipt)


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    match tree:
        case dict():
            return [found for name, part in tree.items() for found in leaves(part, (*path, name))]
        case list():
            return [found for number, part in enumerate(tree) for found in leaves(part, (*path, number))]
        case _:
            return [path]


LEAVES = leaves(a_receipt())


@given(path=st.sampled_from(LEAVES), drop=st.booleans())
def test_whatever_is_edited_or_left_out_proves_nothing(path: tuple[Any, ...], drop: bool) -> None:  # noqa: FBT001
    receipt = deepcopy(a_receipt())
    place: Any = receipt
    for step in path[:-1]:
        place = place[step]
    if drop:
        del place[path[-1]]
    else:
        old = place[path[-1]]
        place[path[-1]] = old + 1 if isinstance(old, int) and not isinstance(old, bool) else f"{old}x"
    assert isinstance(check(receipt), ReceiptFault)


def test_another_installations_is_told_from_a_forged_one() -> None:
    assert check(a_receipt(signer=THEIRS)) is ReceiptFault.WRONG_KEY
    claims_ours = a_receipt(signer=THEIRS)
    claims_ours["signature"]["key"] = OURS.public_key
    assert check(claims_ours) is ReceiptFault.FORGED
    edited = a_receipt()
    edited["record"]["event"]["event_state"] = "consent_withdrawn"
    assert check(edited) is ReceiptFault.FORGED


def test_a_replayed_one_is_another_persons_or_purposes() -> None:
    assert check(a_receipt(), account_id=BOB) is ReceiptFault.OTHER_PERSON
    assert check(a_receipt(), purpose="location.auto_on") is ReceiptFault.OTHER_PURPOSE
    assert isinstance(check(a_receipt(), account_id=ANN, purpose="location.reminder"), GenuineReceipt)


def test_a_record_under_another_places_hash_is_found_even_with_the_key() -> None:
    moved = a_receipt()
    moved["ledger"] = a_receipt(BOB)["ledger"]
    assert check(signed_again(moved)) is ReceiptFault.OUT_OF_PLACE
    renumbered = a_receipt()
    renumbered["ledger"]["number"] = 1
    assert check(signed_again(renumbered)) is ReceiptFault.OUT_OF_PLACE


def test_the_key_that_a_receipt_names_is_never_trusted() -> None:
    receipt = signed_again(a_receipt(signer=THEIRS), THEIRS)
    assert ReceiptKey(THEIRS.public_key).verify(
        canonical({name: part for name, part in receipt.items() if name != "signature"}), receipt["signature"]["value"]
    )
    assert check(receipt) is ReceiptFault.WRONG_KEY


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"receipt": 1}',
        b'{"signature": []}',
        b"[" * 100_000,
        json.dumps(a_receipt()).encode().replace(b'"receipt"', b'"receipt": 1, "receipt"', 1),
        json.dumps(a_receipt()).encode() + b" " * BYTES_AT_MOST,
        json.dumps({**a_receipt(), "receipt": "hearthgate consent receipt 2"}).encode(),
        json.dumps({**a_receipt(), "more": 1.0e300}).encode(),
    ],
)
def test_what_is_no_receipt_is_told_so(content: bytes) -> None:
    assert check(content) is ReceiptFault.UNREADABLE


@given(content=st.binary(max_size=200))
def test_no_file_makes_the_check_stumble(content: bytes) -> None:
    assert isinstance(check(content), ReceiptFault)


@pytest.mark.parametrize("text", ["", "x", "AAAA", OURS.public_key[:-4], "ä" * 44])
def test_a_text_that_is_no_key_is_told_so(text: str) -> None:
    with pytest.raises(NoPublicKeyError):
        ReceiptKey(text)


def test_a_key_may_come_with_a_line_feed() -> None:
    assert ReceiptKey(OURS.public_key + "\n").text == OURS.public_key
