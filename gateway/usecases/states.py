"""Reported state: many reports in one transaction, acknowledged after it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from gateway.domain.evidence import Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import DeviceId
from gateway.domain.presence import Gone, Offline, Online, Presence, heard
from gateway.domain.state import Ignored, Known, apply_report, fits, forget, of_epoch
from gateway.usecases import progress
from gateway.usecases.repositories.states import StoredState
from gateway.usecases.transaction import Transaction
from gateway.usecases.types import TypeCatalogue

LAST_SEEN_STEP: Final = timedelta(seconds=30)
"""How exactly "last seen" is kept while an appliance reports: a tenth of the report interval, and far fewer writes."""


class Reported(NamedTuple):
    """One report as it came, its sender known from the topic. A tuple, because there are so many."""

    device_id: DeviceId
    boot: str
    seq: int
    state: Mapping[str, Any]
    full: bool
    at: datetime | None
    epoch: int | None
    """By the appliance's own word; None where it gives none."""


def ingest(tx: Transaction, reports: Sequence[Reported], types: TypeCatalogue, now: datetime) -> Counter[str]:
    """Take a batch of reports, in the order in which they came.

    Returns:
        How many were `stored`, or left out and why (`repeated`, `older`, `unknown_device`, `schema_mismatch`, …);
        a report with some unknown properties counts as `stored` and as `schema_mismatch`.
    """
    ids = {report.device_id for report in reports}
    stored = tx.states.lock(ids)
    operating = tx.devices.operating(ids)  # after the lock: a release that was committed before it is seen here
    changed: dict[DeviceId, StoredState] = {}
    first: list[DeviceId] = []
    misfits: set[DeviceId] = set()
    tally: Counter[str] = Counter()
    for report in reports:
        device_id = report.device_id
        device = operating.get(device_id)
        if device is None:
            tally["unknown_device"] += 1
            continue
        if not of_epoch(report.epoch, device.epoch):
            tally["other_epoch"] += 1
            continue
        state, rejected = types.check_report(device.type_id, report.state)
        if rejected:
            tally["schema_mismatch"] += 1
            misfits.add(device_id)
        before = changed.get(device_id) or stored.get(device_id)
        known = _of_epoch(before, device.epoch)
        after = apply_report(known, report.boot, report.seq, state, report.full)
        if isinstance(after, Ignored):
            tally[after.value] += 1
            continue
        if before is None or before.epoch != device.epoch:
            first.append(device_id)
        changed[device_id] = StoredState(device_id, device.epoch, after, report.at, now)
        tally["stored"] += 1
    states = _fitting(list(changed.values()), tally)
    appeared = _heard(tx, [device_id for device_id in ids if device_id in operating], now)
    for device_id in misfits.intersection(first):
        code = Code.FIRST_SCHEMA_MISMATCH
        progress.failed_as(tx, device_id, code, Source.GATEWAY, "properties_unknown_to_its_type", now)
    for device_id in first:
        progress.reached(tx, device_id, Stage.FIRST, now)
    if states or appeared:
        _store(tx, states, appeared)
    return tally


def _of_epoch(stored: StoredState | None, epoch: int) -> Known | None:
    """What is known within an epoch. Of an earlier epoch only the place in the count stays, never a value."""
    if stored is None:
        return None
    return stored.known if stored.epoch == epoch else forget(stored.known)


def _fitting(states: list[StoredState], tally: Counter[str]) -> list[StoredState]:
    fitting = [state for state in states if fits(repr(state.known.state))]
    tally["too_large"] += len(states) - len(fitting)
    return fitting


def _store(tx: Transaction, states: list[StoredState], appeared: list[tuple[DeviceId, Presence]]) -> None:
    """Write what changed, as one change. Last of all: the number locks, and whoever holds it may wait for no row."""
    concerned = {state.device_id for state in states} | {device_id for device_id, _ in appeared}
    for accounts in tx.states.owners(concerned).values():
        for account_id in accounts:
            tx.touch(account_id)
    revision = tx.next_revision()
    tx.states.put(states, revision)
    tx.states.put_presences(appeared, revision)


def _heard(tx: Transaction, device_ids: list[DeviceId], now: datetime) -> list[tuple[DeviceId, Presence]]:
    """A report is a sign of life. Returns who appeared by it; who was there is noted when the last note is a while ago.

    The presences are locked here and by hello and bye before anybody takes a number.
    """
    known = tx.states.presences(device_ids) if device_ids else {}
    appeared: list[tuple[DeviceId, Presence]] = []
    still_there: list[tuple[DeviceId, Presence]] = []
    for device_id in device_ids:
        match known.get(device_id):
            case Online(last_seen=last_seen) as presence:
                if now - last_seen >= LAST_SEEN_STEP:
                    still_there.append((device_id, heard(presence, at=now)))
            case None:
                appeared.append((device_id, Online(since=now, last_seen=now)))
            case Offline(why=Gone.BYE):
                pass  # a report that its bye overtook on the other intake; whoever comes back says hello
            case presence:
                appeared.append((device_id, heard(presence, at=now)))
    tx.states.put_presences(still_there, None)
    return appeared
