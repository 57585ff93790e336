"""One row of a production list by itself: checked, its identifiers indexed, its key sealed."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.domain.identity import ClaimId, Kind, UnitId, kind_of
from gateway.domain.units import (
    CertificateCredential,
    Credential,
    KeyCredential,
    Unfit,
    Unit,
    check_unit_key,
    normal_mac,
    normal_machine_code,
    normal_setup_code,
    tail_of,
)
from gateway.domain.weak_secrets import derivable
from gateway.usecases.descriptors import CredentialKind
from gateway.usecases.listed_rows import RefusedRow
from gateway.usecases.production_list import Row
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.services import BlindIndexes, Identifiers, IndexedField, Sealer
from gateway.usecases.types import TypeCatalogue

_FINGERPRINT: Final = re.compile(r"sha256:([0-9a-fA-F]{64})")
_UNIT_KEY: Final = re.compile(r"key:((?:[0-9a-fA-F]{2})+)")
_GUESSABLE: Final = "can be guessed, or worked out from MAC or machine code"


def unit_key_place(unit_id: UnitId) -> str:
    """The place under which a unit's key is sealed."""
    return f"units.unit_key:{unit_id}"


@dataclass(frozen=True, slots=True)
class UnitIntake:
    """The services that rows are checked, indexed and sealed with."""

    indexes: BlindIndexes
    sealer: Sealer
    identifiers: Identifiers
    types: TypeCatalogue


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row that is good by itself; whether it fits beside the others is not known yet."""

    line: int
    listed: ListedUnit
    unique: dict[str, bytes | str] = field(repr=False)
    """See `unique_of`."""


def unique_of(listed: ListedUnit) -> dict[str, bytes | str]:
    """Everything of a unit that no other may have, by the column of the production list."""
    unit = listed.unit
    unique: dict[str, bytes | str] = {"mac": unit.mac_index, "machine_code": unit.machine_code_index}
    match unit.credential:
        case CertificateCredential(fingerprint=fingerprint, claim_id=claim_id):
            unique["credential"] = fingerprint
            if claim_id is not None:
                unique["claim_id"] = claim_id
        case KeyCredential():
            if listed.unit_key_index is not None:
                unique["credential"] = listed.unit_key_index
    if unit.setup_code_digest is not None:
        unique["setup_code"] = unit.setup_code_digest
    return unique


class _UnfitError(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def check_row(row: Row, intake: UnitIntake, now: datetime) -> CheckedRow | RefusedRow:
    """Turn a row into a unit, or say what is wrong with it (never with its value)."""
    try:
        listed = _listed(row, intake, now)
    except _UnfitError as unfit:
        return RefusedRow(row.line, unfit.column, unfit.reason)
    return CheckedRow(row.line, listed, unique_of(listed))


def _listed(row: Row, intake: UnitIntake, now: datetime) -> ListedUnit:
    if row.type_id not in intake.types:
        raise _UnfitError("type_id", "this gateway has no descriptor of this type")
    mac = _fit("mac", normal_mac(row.mac))
    machine_code = _fit("machine_code", normal_machine_code(row.machine_code))
    index = intake.indexes.index
    setup_code_digest = None
    if row.setup_code is not None:
        setup_code = _fit("setup_code", normal_setup_code(row.setup_code))
        if derivable(setup_code, mac=mac, machine_code=machine_code):
            raise _UnfitError("setup_code", _GUESSABLE)
        setup_code_digest = index(IndexedField.SETUP_CODE, setup_code)
    claim_id = _claim_id(row)
    unit_id = UnitId(intake.identifiers.new("u"))
    credential: Credential
    unit_key_index = None
    if (found := _FINGERPRINT.fullmatch(row.credential)) is not None:
        credential = CertificateCredential(bytes.fromhex(found[1]), claim_id)
        accepted = CredentialKind.UNIT_CERTIFICATE
    else:
        key = _unit_key(row, mac, machine_code)  # its claim_id is the whole batch's: it tells no unit from another
        credential = KeyCredential(intake.sealer.seal(key, place=unit_key_place(unit_id)))
        unit_key_index = index(IndexedField.UNIT_KEY, key.hex())
        accepted = CredentialKind.BATCH_PROOF
    if not intake.types.accepts(row.type_id, accepted):
        raise _UnfitError("credential", f"this type does not accept this kind ({accepted})")
    unit = Unit(
        unit_id=unit_id,
        type_id=row.type_id,
        mac_index=index(IndexedField.MAC, mac),
        mac_tail=tail_of(mac),
        machine_code_index=index(IndexedField.MACHINE_CODE, machine_code),
        machine_code_tail=tail_of(machine_code),
        credential=credential,
        setup_code_digest=setup_code_digest,
        blocked=None,
        created_at=now,
    )
    return ListedUnit(unit, unit_key_index)


def _claim_id(row: Row) -> ClaimId | None:
    if row.claim_id is None:
        return None
    if kind_of(row.claim_id) is not Kind.CLAIM:
        raise _UnfitError("claim_id", "must be the common name of a claim certificate: c- and 26 letters and digits")
    return ClaimId(row.claim_id)


def _unit_key(row: Row, mac: str, machine_code: str) -> bytes:
    if (found := _UNIT_KEY.fullmatch(row.credential)) is None:
        raise _UnfitError("credential", "must be sha256: and 64 hexadecimal digits, or key: and an even number of them")
    key = bytes.fromhex(found[1])
    if (unfit := check_unit_key(key)) is not None:
        raise _UnfitError("credential", unfit.reason)
    if derivable(key, mac=mac, machine_code=machine_code):
        raise _UnfitError("credential", _GUESSABLE)
    return key


def _fit(column: str, value: str | Unfit) -> str:
    if isinstance(value, Unfit):
        raise _UnfitError(column, value.reason)
    return value
