"""Receipts of consents: a record with the mandatory fields of ISO/IEC TS 27560, its place in the ledger, a signature.

A receipt is what the person keeps. Whoever has the public key of the installation can check it without the gateway: see
`receipt_checks`. The record has the four parts of the technical specification (header, processing, parties, event) and
names its fields in the specification's terms.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from gateway.domain.consent import Purpose
from gateway.domain.consent_ledger import GENESIS, ConsentAct, LedgerEnd, LedgerRow
from gateway.domain.consent_texts import PurposeText
from gateway.domain.identity import AccountId
from gateway.domain.policies import Language
from gateway.protocol.canonical import canonical
from gateway.usecases.services import ReceiptSigner

FORMAT: Final = "hearthgate consent receipt 1"
SCHEMA: Final = "ISO/IEC TS 27560:2023, hearthgate 1"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Controller:
    """Who runs this installation and answers for it."""

    name: str
    address: str
    contact: str
    region: str
    """Where the data is stored; also the jurisdiction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What somebody said, with everything that a record has to hold of it."""

    account_id: AccountId = field(repr=False)
    purpose: Purpose
    act: ConsentAct
    at: datetime
    text: PurposeText
    """The text of the purpose that was shown, or that stands in the catalogue where none was."""
    text_version: int
    text_hash: bytes = field(repr=False)
    policy_version: int
    policy_hash: bytes | None = field(repr=False)
    """Of the text of the policy in that language; of the one that was shown, for an acknowledgement."""
    language: Language
    by_guardian: bool = False
    notice_id: str | None = field(repr=False, default=None)


_STATES: Final[Mapping[ConsentAct, str]] = {
    ConsentAct.GRANTED: "consent_given",
    ConsentAct.REFUSED: "consent_refused",
    ConsentAct.WITHDRAWN: "consent_withdrawn",
    ConsentAct.STOPPED: "consent_invalidated",
}


def record_of(said: Said, record_id: str, controller: Controller) -> Json:
    """The record: header, processing, parties and event."""
    path = f"/v1/policies/{said.policy_version}?lang={said.language.value}"
    return {
        "schema_version": SCHEMA,
        "record_id": record_id,
        "pii_principal_id": said.account_id,
        "pii_processing": {
            "privacy_notice": {
                "location": path,
                "version": said.policy_version,
                "sha256": None if said.policy_hash is None else said.policy_hash.hex(),
            },
            "language": said.language.value,
            "purposes": [
                {
                    "purpose": said.purpose.value,
                    "purpose_text": said.text.title,
                    "purpose_text_version": said.text_version,
                    "purpose_text_sha256": said.text_hash.hex(),
                    "lawful_basis": "consent",
                    "pii_information": [{"pii_type": said.text.data, "sensitive": said.purpose.is_sensitive}],
                    "pii_controllers": ["controller"],
                    "collection_method": "from the person, in the app",
                    "processing_methods": said.text.allows,
                    "storage_locations": [controller.region],
                    "retention_period": said.text.kept,
                    "processing_locations": [controller.region],
                    "jurisdiction": controller.region,
                    "recipient_third_parties": said.text.recipients,
                    "withdrawal_method": f"DELETE /v1/consents/{said.purpose.value}",
                    "privacy_rights": "GET /v1/me, POST /v1/me/exports, POST /v1/me/requests, POST /v1/me/closure",
                }
            ],
        },
        "party_identification": [
            {
                "party_id": "controller",
                "party_role": "pii_controller",
                "party_name": controller.name,
                "party_address": controller.address,
                "party_contact": controller.contact,
            }
        ],
        "event": {
            "event_time": _time(said.at),
            "event_type": "explicit_consent",
            "event_state": _STATES[said.act],
            "validity_duration": "until withdrawn",
            "entity_id": "guardian" if said.by_guardian else _ENTITY[said.act],
            "notice_id": said.notice_id,
        },
    }


_ENTITY: Final[Mapping[ConsentAct, str]] = {
    ConsentAct.GRANTED: "pii_principal",
    ConsentAct.REFUSED: "pii_principal",
    ConsentAct.WITHDRAWN: "pii_principal",
    ConsentAct.STOPPED: "controller",
}


def digest_of(record: Json) -> bytes:
    """SHA-256 of a record's canonical form."""
    return hashlib.sha256(canonical(record)).digest()


def hash_of(ledger_id: str, number: int, at: datetime, digest: bytes, previous: bytes) -> bytes:
    """The hash of a row of the ledger."""
    row = {
        "what": "hearthgate consent event 1",
        "ledger": ledger_id,
        "number": number,
        "at": _time(at),
        "digest": digest.hex(),
        "previous": previous.hex(),
    }
    return hashlib.sha256(canonical(row)).digest()


def place_of(record: Json, before: LedgerEnd | None, ledger_id: str, at: datetime) -> LedgerRow:
    """Where a record goes: after the present end of its ledger. Not sealed yet."""
    end = LedgerEnd(ledger_id, 0, GENESIS) if before is None else before
    number, digest = end.number + 1, digest_of(record)
    return LedgerRow(
        ledger_id=end.ledger_id,
        number=number,
        at=at,
        digest=digest,
        previous=end.hash,
        hash=hash_of(end.ledger_id, number, at, digest, end.hash),
        sealed=b"",
    )


def receipt_of(record: Json, row: LedgerRow, signer: ReceiptSigner) -> Json:
    """The signed receipt of a record in its place."""
    signed = {
        "receipt": FORMAT,
        "record": record,
        "ledger": {
            "id": row.ledger_id,
            "number": row.number,
            "at": _time(row.at),
            "previous": row.previous.hex(),
            "digest": row.digest.hex(),
            "hash": row.hash.hex(),
        },
    }
    signature = {"algorithm": "Ed25519", "key": signer.public_key, "value": signer.sign(canonical(signed))}
    return {**signed, "signature": signature}


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
