"""A database that knows many appliances: units by import, everything that activation would add by SQL."""

from datetime import timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, Table, insert, select

from benchmarks.appliances import TYPE, Works
from gateway.runtime.clock import utc_now
from gateway.storage.tables.lifecycle import bindings
from gateway.storage.tables.operation import presences, states
from gateway.storage.tables.registry import certificate_keys, certificates, devices, units
from gateway.usecases.production_list import Row
from gateway.usecases.types import load_catalogue
from gateway.usecases.unit_rows import UnitIntake
from gateway.usecases.units import import_units

_TOGETHER: Final = 5_000
_PROPERTIES: Final = '{"power":"on","target_c":21.5,"room_c":20.1,"mode":"eco"}'


async def add_known(made: Works, count: int) -> None:
    """Add so many units, each activated, bound (five to an account), online and with a state."""
    intake = UnitIntake(made.secrets.indexes, made.secrets.sealer, made.secrets.identifiers, load_catalogue())
    report = await import_units(made.database, intake, (_row(number) for number in range(count)), utc_now())
    assert report.taken == count, report
    accounts = await made.accounts((count + 4) // 5)
    with made.database.engine.connect() as connection:
        known = select(devices.c.unit_id)
        waiting = connection.execute(select(units.c.unit_id).where(units.c.unit_id.not_in(known))).scalars().all()
        connection.rollback()
        for first in range(0, count, _TOGETHER):
            connection.exec_driver_sql("BEGIN")
            _add(connection, made, list(waiting[first : first + _TOGETHER]), accounts[first // 5 :])
            connection.exec_driver_sql("COMMIT")


def _row(number: int) -> Row:
    digest = sha256(f"crowd {number}".encode()).hexdigest()
    mac = ":".join(("06", *(digest[at : at + 2] for at in range(0, 10, 2))))
    return Row(number + 1, TYPE, f"CROWD{number:07d}", mac, f"sha256:{digest}")


def _add(connection: Connection, made: Works, unit_ids: list[str], accounts: list[str]) -> None:
    now, new = utc_now(), made.secrets.identifiers.new
    rows: dict[Table, list[dict[str, object]]] = {
        table: [] for table in (devices, certificate_keys, certificates, bindings, states, presences)
    }
    for number, unit_id in enumerate(unit_ids):
        device, digest = {"device_id": new("d")}, sha256(unit_id.encode()).digest()
        rows[devices].append(
            device
            | {"unit_id": unit_id, "status": "activated", "epoch": 0, "reset_counter": 0, "firmware": "1.4.2"}
            | {"command_seq": 0, "created_at": now, "version": 1},
        )
        rows[certificate_keys].append(device | {"key_digest": digest})
        rows[certificates].append(
            device
            | {"serial": digest.hex()[:32], "key_digest": digest, "status": "confirmed", "fingerprint": digest}
            | {"not_before": now, "not_after": now + timedelta(days=365), "x509_not_after": now + timedelta(days=380)}
            | {"renew_after": now + timedelta(days=240), "pem": "x" * 1200, "prepared_at": now, "issued_at": now}
            | {"confirmed_at": now, "version": 3},
        )
        rows[bindings].append(
            device
            | {"account_id": accounts[number // 5], "epoch": 0, "role": "owner", "since": now, "reset_counter": 0},
        )
        rows[states].append(
            device
            | {"epoch": 0, "boot": "b1", "seq": 1, "full_seq": 0, "properties": _PROPERTIES, "marks": "{}"}
            | {"earlier_boots": "", "received_at": now, "revision": 0},
        )
        rows[presences].append(device | {"status": "online", "since": now, "last_seen_at": now, "revision": 0})
    for table, many in rows.items():
        connection.execute(insert(table), many)
