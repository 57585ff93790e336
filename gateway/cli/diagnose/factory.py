"""The maker's and the operator's part of a run: units under the gateway's own Factory authority, and blocks."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from device_sim.factory import MadeUnit, make_units, write_folder
from device_sim.flash import Credential
from gateway.bootstrap.secrets import Secrets
from gateway.cli.command import CommandError
from gateway.domain.units import BlockReason, Unfit, normal_machine_code
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName
from gateway.security.certificates import issue_claim_certificate
from gateway.usecases import blocking
from gateway.usecases.listed_rows import ListFormat
from gateway.usecases.production_list import read_production_list
from gateway.usecases.services import IndexedField
from gateway.usecases.transaction import Database, Transaction
from gateway.usecases.types import load_catalogue
from gateway.usecases.unit_rows import UnitIntake
from gateway.usecases.units import import_units

TYPES: Final = ("heater.panel.s2", "refrigerator.r1", "washer.front.m1", "purifier.water.p1")
CHANGED_TYPE: Final = "heater.water.w1"
"""Accepted batches when its units were listed. The run's gateway has a descriptor that no longer does."""
_LIFE: Final = timedelta(days=30)
_OVER_SINCE: Final = timedelta(days=3)
_KEY_BYTES: Final = 32


class Factory:
    """Makes, lists and blocks units. Implements `device_sim.faults.home.Workshop`."""

    def __init__(self, database: Database, secrets: Secrets, folder: Path) -> None:
        self._database: Final = database
        self._secrets: Final = secrets
        self._folder: Final = folder
        self._batches: Final = count(1)

    def make(self, many: int, type_ids: Sequence[str] = TYPES) -> list[MadeUnit]:
        """Units that nobody lists."""
        return make_units(type_ids, many, next(self._batches), self._issue)

    async def list_units(self, many: int, type_ids: Sequence[str] = TYPES, *, own_keys: bool = False) -> list[MadeUnit]:
        """Units in the production list; `own_keys`: each proves itself by a key, as those of a batch do.

        Raises:
            CommandError: the list was not taken as a whole.
        """
        made = self.make(many, type_ids)
        if own_keys:
            rng = Random(f"keys:{many}:{type_ids}")  # noqa: S311 - keys of simulated units
            made = [replace(one, unit=replace(one.unit, unit_key=rng.randbytes(_KEY_BYTES))) for one in made]
        path = write_folder(made, self._folder / f"batch-{next(self._batches)}")
        intake = UnitIntake(self._secrets.indexes, self._secrets.sealer, self._secrets.identifiers, load_catalogue())
        with path.open("rb") as file:
            report = await import_units(self._database, intake, read_production_list(file, ListFormat.JSONL), utc_now())
        if report.taken + report.unchanged != many:
            raise CommandError("the production list of the run was not taken as a whole")
        return made

    def expired_claim_certificate(self, claim_id: str) -> Credential:
        """See `Workshop`."""
        factory = self._secrets.authorities.signing(AuthorityName.FACTORY)
        identity = issue_claim_certificate(factory, claim_id, utc_now() - _OVER_SINCE - _LIFE, life=_LIFE)
        return Credential(identity.key_pem, identity.certificate_pem, identity.chain_pem)

    async def block(self, machine_code: str) -> None:
        """See `Workshop`.

        Raises:
            CommandError: there is no such unit.
        """
        await self._database.run(lambda tx: self._block(tx, machine_code))

    def _block(self, tx: Transaction, machine_code: str) -> None:
        normal = normal_machine_code(machine_code)
        unit = None
        if not isinstance(normal, Unfit):
            unit = tx.units.by_machine_code(self._secrets.indexes.index(IndexedField.MACHINE_CODE, normal))
        if unit is None:
            raise CommandError("a unit of the run that had to be blocked is not listed")
        blocking.block(tx, unit, BlockReason.RECALL, utc_now())

    def _issue(self, claim_id: str) -> tuple[str, str]:
        factory = self._secrets.authorities.signing(AuthorityName.FACTORY)
        identity = issue_claim_certificate(factory, claim_id, utc_now())
        return identity.certificate_pem + identity.chain_pem, identity.key_pem


def changed_types(folder: Path) -> Path:
    """Write the descriptor that narrowed what its type accepts, and return its folder.

    Raises:
        CommandError: there is no such type any more.
    """
    known = load_catalogue().get(CHANGED_TYPE)
    if known is None:
        raise CommandError(f"there is no type {CHANGED_TYPE}")
    folder.mkdir(parents=True, exist_ok=True)
    narrowed = {**known.document, "credentials": ["unit_certificate"]}
    (folder / f"{CHANGED_TYPE}.json").write_text(json.dumps(narrowed), encoding="utf-8")
    return folder
