"""For which purposes each column may be read. What this does not allow, no repository can read (`storage.reading`).

Columns that tell nothing about people (`none`, `technical`) are free for whoever may touch their table. For the others:

- who a column's readers are says it exactly where a purpose serves just those readers (`_SERVES`);
- a copy for the person, and removing what is over, find rows by their names: identifiers, never contents;
- everything else is in `READS`: whole tables for the purpose that they exist for, single columns for others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.domain.read_purposes import ReadPurpose
from gateway.storage.data_map.entries import Entry, Reader, Sensitivity, TableEntry

GUARDED: Final = frozenset({Sensitivity.IDENTIFIER, Sensitivity.PERSONAL, Sensitivity.SECRET})
"""What is read for a purpose, or not at all."""

_SERVES: Final[Mapping[ReadPurpose, frozenset[Reader]]] = MappingProxyType(
    {
        ReadPurpose.OWN_DATA: frozenset({Reader.PERSON}),
        ReadPurpose.SUPPORT_UNIT: frozenset({Reader.VIEWER}),
        ReadPurpose.SUPPORT_CUSTOMER: frozenset({Reader.AGENT, Reader.LEAD}),
        ReadPurpose.PRIVACY_OFFICE: frozenset({Reader.OFFICER}),
    }
)
"""Purposes that exist to show something to somebody: they read what these may see."""

_BY_NAME: Final = frozenset({ReadPurpose.OWN_DATA, ReadPurpose.RETENTION})
"""Purposes that find the rows of any person by names that join them."""


@dataclass(frozen=True, slots=True)
class Reads:
    """Which purposes read a table: all of it, or some columns besides those that follow from their readers."""

    whole: frozenset[ReadPurpose]
    some: Mapping[ReadPurpose, frozenset[str]]


def _reads(*whole: ReadPurpose, **some: tuple[str, ...]) -> Reads:
    """The keywords are names of purposes."""
    return Reads(frozenset(whole), {ReadPurpose(name): frozenset(columns) for name, columns in some.items()})


_DELIVERY: Final = ReadPurpose.DELIVERY
_LOCATION: Final = ReadPurpose.LOCATION
_OFFICE: Final = ReadPurpose.PRIVACY_OFFICE
_OWN_DATA: Final = ReadPurpose.OWN_DATA
_SERVICE: Final = ReadPurpose.SERVICE
_SECURITY: Final = ReadPurpose.SECURITY
_NONE: Final = _reads()

READS: Final[Mapping[str, Reads]] = MappingProxyType(
    {
        # accounts and what they log in with
        "accounts": _reads(
            _SECURITY,
            service=("account_id", "closed_at"),
            delivery=("account_id",),
            privacy_office=("account_id",),
            retention=("guardian_id",),
        ),
        "passwords": _reads(_SECURITY),
        "sessions": _reads(_SECURITY, retention=("ended_at", "refreshed_at")),
        "session_tokens": _reads(_SECURITY, retention=("digest",)),
        "throttles": _reads(_SECURITY, retention=("key",)),
        "idempotent_requests": _reads(_SECURITY),
        # appliances, and how they come to somebody
        # Whom an incident concerns is found by the appliances that it concerns.
        "units": _reads(
            _SERVICE, support_unit=("mac_index", "machine_code_index", "claim_id"), privacy_office=("unit_id",)
        ),
        "claim_connections": _reads(_SERVICE),
        "devices": _reads(_SERVICE, privacy_office=("device_id", "unit_id")),
        "certificate_keys": _reads(_SERVICE),
        "certificates": _reads(_SERVICE),
        "pairings": _reads(_SERVICE, retention=("opened_at", "token_digest", "address_index")),
        "pairing_steps": _reads(_SERVICE),
        "bindings": _reads(_SERVICE, privacy_office=("account_id", "device_id", "since", "until")),
        "release_requests": _reads(_SERVICE),
        "verdicts": _reads(_SERVICE),
        "attempts": _reads(
            _SERVICE,
            support_unit=("attempt_id", "trace_id", "pairing_id", "claim_id", "mac_index", "machine_code_index"),
        ),
        "evidence": _reads(_SERVICE, support_unit=("attempt_id",)),
        # what they report and are told
        "states": _reads(_SERVICE),
        "presences": _reads(_SERVICE),
        "commands": _reads(_SERVICE, retention=("status", "issued_at", "ended_at")),
        "received_messages": _reads(_SERVICE),
        "outbox": _reads(_DELIVERY),
        "events": _reads(_SERVICE, _DELIVERY, location=("account_id", "kind"), retention=("at",)),
        "counters": _NONE,
        "tallies": _NONE,
        "key_checks": _NONE,
        # staff, what is open to them, and what they did
        "staff": _reads(ReadPurpose.STAFF, retention=("staff_id", "disabled_at")),
        "staff_sessions": _reads(ReadPurpose.STAFF, retention=("digest", "used_at", "ended_at")),
        "support_codes": _reads(ReadPurpose.SUPPORT_CUSTOMER),
        "support_grants": _reads(ReadPurpose.SUPPORT_CUSTOMER, retention=("until", "ended_at")),
        "break_glass": _reads(ReadPurpose.SUPPORT_CUSTOMER, retention=("state", "asked_at", "reviewed_at")),
        "audit_rows": _reads(ReadPurpose.STAFF, retention=("at",)),
        "audit_checkpoints": _NONE,
        # what was allowed, and what a person was told
        "policies": _NONE,
        "policy_texts": _NONE,
        "policy_purposes": _NONE,
        "consents": _reads(ReadPurpose.CONSENT),
        "consent_ledgers": _reads(ReadPurpose.CONSENT),
        "consent_events": _reads(ReadPurpose.CONSENT, retention=("at",)),
        "consent_notices": _reads(ReadPurpose.CONSENT),
        "guardian_codes": _reads(ReadPurpose.CONSENT),
        "guardianships": _reads(ReadPurpose.CONSENT),
        "notices": _reads(_SERVICE, retention=("at",)),
        # homes and rules
        "homes": _reads(_SERVICE),
        "home_members": _reads(_SERVICE, location=("home_ref", "account_id")),
        "home_invitations": _reads(_SERVICE, own_data=("code_digest",), retention=("code_digest", "expires_at")),
        "whereabouts": _reads(_LOCATION, retention=("heard_at",)),
        "automations": _reads(_LOCATION),
        "automation_firings": _reads(_LOCATION, retention=("at",)),
        "automation_lines": _reads(_LOCATION, retention=("at",)),
        # what people ask for about themselves
        "exports": _reads(_OWN_DATA),
        "export_pieces": _reads(_OWN_DATA),
        "closures": _reads(_OWN_DATA),
        "requests": _reads(_OFFICE, retention=("ended_at",)),
        "incidents": _reads(_OFFICE, retention=("recorded_at",)),
        "incident_accounts": _reads(_OFFICE),
        "recipients": _reads(_DELIVERY),
        "disclosures": _reads(_DELIVERY, retention=("at",)),
        "erasures": _reads(ReadPurpose.RETENTION),
    }
)
"""Every table of the map, or the tests fail."""


def read_for(name: str, table: TableEntry, column: str) -> frozenset[ReadPurpose]:
    """For which purposes a column may be read."""
    entry, reads = table.columns[column], READS[name]
    if entry.sensitivity not in GUARDED:
        return frozenset(purpose for purpose in ReadPurpose if touches(name, table, purpose))
    return frozenset(purpose for purpose in ReadPurpose if _may(entry, table, reads, column, purpose))


def _may(entry: Entry, table: TableEntry, reads: Reads, column: str, purpose: ReadPurpose) -> bool:
    if purpose in reads.whole or column in reads.some.get(purpose, frozenset()):
        return True
    if not _SERVES.get(purpose, frozenset()).isdisjoint(entry.readers):
        return True
    return purpose in _BY_NAME and entry.sensitivity is Sensitivity.IDENTIFIER and not table.nobody


def touches(name: str, table: TableEntry, purpose: ReadPurpose) -> bool:
    """Whether a purpose may name a table at all: that there is a row tells something as well."""
    reads = READS[name]
    guarded = {column: entry for column, entry in table.columns.items() if entry.sensitivity in GUARDED}
    return not guarded or any(_may(entry, table, reads, column, purpose) for column, entry in guarded.items())
