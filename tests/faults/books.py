"""What must be true after any crash, read from the database and from what the appliances saw themselves."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, Select, func, select
from sqlalchemy.exc import OperationalError

from gateway.storage.engine import engine_for
from gateway.storage.tables.delivery import outbox
from gateway.storage.tables.lifecycle import attempts, bindings, pairings
from gateway.storage.tables.operation import commands, states
from gateway.storage.tables.registry import certificates, devices
from tests.faults.residents import Resident

UNDER_WAY = {"accepted", "sent", "received"}


class Books:
    """Looks into the database of a gateway that may be dead, alive or starting."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = engine_for(url, threads=2)
        self.database_is_gone = False
        """Then nobody can say how anything stands: whoever asks has to ask again."""

    def close(self) -> None:
        self._engine.dispose()

    def problems(self, residents: Iterable[Resident], *, strangers: int = 0) -> list[str]:
        """Every way in which the books and the appliances disagree, in words; empty when all is well.

        Args:
            residents: all that should be activated by now.
            strangers: further devices that nobody looks at.
        """
        living = list(residents)
        found = [f"{one.made.unit.machine_code}: {text}" for one in living for text in self._of(one)]
        count = self._all(select(func.count()).select_from(devices))[0][0]
        if count != len(living) + strangers:
            found.append(f"{count} devices for {len(living) + strangers} appliances")
        waiting = self._all(select(outbox.c.kind, outbox.c.target, outbox.c.claimed_until))
        if waiting:
            found.append(f"outbox: {[(row.kind, row.target[-12:]) for row in waiting][:8]}")
        return found

    def status_of(self, command_id: str) -> str | None:
        """How a command stands."""
        if self.database_is_gone:
            return "sent"
        rows = self._all(select(commands.c.status).where(commands.c.command_id == command_id))
        return rows[0][0] if rows else None

    def stored(self, resident: Resident) -> dict[str, Any]:
        """The state as the gateway knows it."""
        rows = self._all(select(states.c.properties).where(states.c.device_id == resident.appliance.kept.device_id))
        return dict(json.loads(rows[0][0])) if rows else {}

    def lost(self, resident: Resident) -> dict[str, int]:
        """Acknowledged reports that are not in the database (yet), by page."""
        if self.database_is_gone:
            return {"(unknown)": 0}
        stored = self.stored(resident)
        return {name: number for name, number in resident.acknowledged.items() if stored.get(name, -1) < number}

    def _of(self, one: Resident) -> Iterable[str]:
        device_id = one.appliance.kept.device_id
        if device_id is None:
            yield "not activated"
            return
        yield from self._identity(one, device_id)
        yield from self._ownership(one, device_id)
        yield from self._orders(one, device_id)
        if lost := self.lost(one):
            yield f"acknowledged reports are lost: {lost}"

    def _identity(self, one: Resident, device_id: str) -> Iterable[str]:
        rows = self._all(select(certificates).where(certificates.c.device_id == device_id))
        for key, times in Counter(row.key_digest for row in rows).items():
            if times > 1:
                yield f"{times} certificates for the key {key.hex()[:8]}"
        alive = [row for row in rows if row.ended_at is None]
        kept = one.appliance.kept.operational
        if len(alive) != 1 or alive[0].status != "confirmed":
            said = [(row.status, row.key_digest.hex()[:6], str(row.prepared_at)) for row in alive]
            yield f"certificates alive: {said}; it saw {one.latest}"
        elif kept is None or not alive[0].pem.startswith(kept.certificate_pem):
            yield "the appliance's certificate is not the one in the books"
        if any(len(given) > 1 for given in one.certificates.values()):
            yield "different certificates were given for one key"
        device = self._all(select(devices).where(devices.c.device_id == device_id))
        if not device or device[0].status != "activated":
            yield "its device is not activated"
            return
        tries = self._all(select(attempts.c.outcome, attempts.c.code).where(attempts.c.unit_id == device[0].unit_id))
        bad = [tuple(row) for row in tries if row.outcome != "succeeded"]
        if not tries or (bad and one.owner is not None):
            yield f"attempts: {bad or 'none'}"

    def _ownership(self, one: Resident, device_id: str) -> Iterable[str]:
        rows = self._all(select(bindings).where(bindings.c.device_id == device_id))
        epoch = self._all(select(devices.c.epoch).where(devices.c.device_id == device_id))[0][0]
        owners = [row.account_id for row in rows if row.role == "owner" and row.epoch == epoch]
        if owners != ([one.owner] if one.owner is not None else []) or len(rows) != len(owners):
            yield f"owners: {len(owners)} of {len(rows)} bindings, expected {'one' if one.owner else 'none'}"
        if one.appliance.is_paired != (one.owner is not None) or one.appliance.kept.epoch != epoch:
            yield f"paired={one.appliance.is_paired} in epoch {one.appliance.kept.epoch}, the books say {epoch}"
        for pairing_id in one.pairings:
            row = self._all(select(pairings).where(pairings.c.pairing_id == pairing_id))
            if not row or row[0].status != "completed" or row[0].device_id != device_id:
                yield f"a pairing is {row[0].status if row else 'gone'}"
        if one.appliance.kept.bind_token is not None:
            yield "a token was not used up"

    def _orders(self, one: Resident, device_id: str) -> Iterable[str]:
        rows = {row.command_id: row for row in self._all(select(commands).where(commands.c.device_id == device_id))}
        if set(rows) != set(one.commands):
            yield f"{len(rows)} commands on the books, {len(set(one.commands))} were accepted"
        for command_id, row in rows.items():
            times = one.effects[command_id]
            if row.status in UNDER_WAY:
                yield f"a command is still {row.status}"
            elif times > 1 or (times == 1) != (row.status in {"applied", "applied_late"}):
                yield f"a command took effect {times} times and is {row.status}"
        if strange := set(one.effects) - set(rows):
            yield f"{len(strange)} commands took effect that nobody gave"

    def _all(self, statement: Select[Any]) -> list[Any]:
        try:
            with self._engine.connect() as connection:
                return list(connection.execute(statement).all())
        except OperationalError:  # a connection from before an outage; the pool has dropped it by now
            with self._engine.connect() as connection:
                return list(connection.execute(statement).all())
