"""Appliances as they leave a factory: read from its folder, or made here with somebody else's signature.

The folder holds `production.jsonl` (the list that `hearthgate units import` reads) and, for each claim name in it,
`<claim id>.pem` and `<claim id>.key`.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from device_sim.controller import Unit
from device_sim.disk import PosixDisk
from device_sim.flash import Address, Credential, Flash, FlashContent
from device_sim.keys import common_name
from device_sim.options import UsageError

PRODUCTION_LIST: Final = "production.jsonl"
_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_KEY_PREFIX: Final = "key:"

IssueClaimCertificate = Callable[[str], tuple[str, str]]
"""From a claim name (`c-…`) to certificate and private key, both PEM."""


@dataclass(frozen=True, slots=True)
class MadeUnit:
    """One appliance in its box."""

    type_id: str
    unit: Unit
    claim_id: str
    claim: Credential = field(repr=False)

    def row(self) -> dict[str, Any]:
        """Its line in the production list."""
        key = self.unit.unit_key
        certificate = x509.load_pem_x509_certificate((self.claim.certificate_pem or "").encode())
        return {
            "type_id": self.type_id,
            "machine_code": self.unit.machine_code,
            "mac": self.unit.mac,
            "credential": f"sha256:{certificate.fingerprint(SHA256()).hex()}" if key is None else f"key:{key.hex()}",
            "claim_id": self.claim_id,
        }


def make_units(type_ids: Sequence[str], count: int, seed: int, issue: IssueClaimCertificate) -> list[MadeUnit]:
    """Make appliances of these types in turn, the same ones again for the same seed (but for keys and certificates).

    MACs are locally administered (IEEE 802: second bit of the first byte), so none is a real appliance's.
    """
    rng = Random(f"factory:{seed}")  # noqa: S311 - labels, no secrets
    made: list[MadeUnit] = []
    for number in range(count):
        claim_id = "c-" + "".join(rng.choices(_CROCKFORD, k=26))
        mac = ":".join(f"{byte:02x}" for byte in (0x02, *rng.randbytes(5)))
        machine_code = f"SIM{rng.getrandbits(40):010X}-{number:05d}"
        certificate_pem, key_pem = issue(claim_id)
        unit = Unit(machine_code=machine_code, mac=mac)
        made.append(MadeUnit(type_ids[number % len(type_ids)], unit, claim_id, Credential(key_pem, certificate_pem)))
    return made


def write_folder(units: Sequence[MadeUnit], folder: Path) -> Path:
    """Write what `read_folder` reads, and return the production list's path. Keys get mode 0600."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    disk = PosixDisk(durable=False)
    for made in units:
        disk.write(folder / f"{made.claim_id}.pem", (made.claim.certificate_pem or "").encode())
        disk.write(folder / f"{made.claim_id}.key", made.claim.key_pem.encode())
    path = folder / PRODUCTION_LIST
    disk.write(path, b"".join(json.dumps(made.row()).encode() + b"\n" for made in units))
    return path


def read_folder(folder: Path, count: int | None = None) -> list[MadeUnit]:
    """The appliances of a factory's folder, the first `count` of them.

    Raises:
        UsageError: the folder has no list, too few rows, or lacks a certificate. Names the line, never a value.
    """
    try:
        lines = (folder / PRODUCTION_LIST).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        raise UsageError(f"there is no readable {PRODUCTION_LIST} in the factory's folder") from None
    wanted = [line for line in lines if line.strip()][:count]
    if count is not None and len(wanted) < count:
        raise UsageError(f"the production list has {len(wanted)} rows, {count} appliances were asked for")
    return [_read_row(folder, number, line) for number, line in enumerate(wanted, 1)]


def _read_row(folder: Path, number: int, line: str) -> MadeUnit:
    try:
        row = json.loads(line)
        claim_id = str(row["claim_id"])
        certificate_pem = (folder / f"{claim_id}.pem").read_text("ascii")
        if common_name(certificate_pem) != claim_id:
            raise UsageError(f"row {number} of the production list: the certificate is another's")
        credential = str(row["credential"])
        key = bytes.fromhex(credential.removeprefix(_KEY_PREFIX)) if credential.startswith(_KEY_PREFIX) else None
        return MadeUnit(
            str(row["type_id"]),
            Unit(str(row["machine_code"]), str(row["mac"]), unit_key=key),
            claim_id,
            Credential((folder / f"{claim_id}.key").read_text("ascii"), certificate_pem),
        )
    except (KeyError, TypeError, ValueError, OSError):
        raise UsageError(f"row {number} of the production list: not complete, or without its certificate") from None


def flash_of(made: MadeUnit, folder: Path, trust_pem: str, address: Address, *, durable: bool = True) -> Flash:
    """The flash of an appliance: as its last run left it, or fresh from the factory.

    Raises:
        FlashCorruptError: it was damaged.
        OSError: it cannot be read or written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Batch certificates are shared; the file's name has to be the unit's own without showing its label.
    path = folder / f"{file_name(made)}.flash"
    disk = PosixDisk(durable=durable)
    content = FlashContent(claim=made.claim, trust_pem=trust_pem, claim_address=address)
    kept = Flash.load(path, disk)
    if kept is None:
        return Flash.manufacture(path, content, disk)
    if kept.content.trust_pem != trust_pem or kept.content.claim_address != address:
        kept.update(trust_pem=trust_pem, claim_address=address)  # the same appliance in another network
    return kept


def file_name(made: MadeUnit) -> str:
    """A file name for a unit: twelve hex digits of a hash."""
    digest = hashlib.sha256(f"{made.claim_id}:{made.unit.machine_code}".encode())
    return digest.hexdigest()[:12]
