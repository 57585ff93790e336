"""Devices on SQL."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.identity import DeviceId, UnitId
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.registry import devices
from gateway.usecases.repositories.devices import Operating
from gateway.usecases.transaction import StaleVersionError

_SELECT: Final = select(devices)
_GET: Final = _SELECT.where(devices.c.device_id == bindparam("id"))
_OF_UNIT: Final = _SELECT.where(devices.c.unit_id == bindparam("id"))
_INSERT: Final = insert(devices)
_UPDATE: Final = (
    update(devices)
    .where(devices.c.device_id == bindparam("b_device_id"), devices.c.version == bindparam("b_version"))
    .values(
        status=bindparam("status"),
        epoch=bindparam("epoch"),
        reset_counter=bindparam("reset_counter"),
        firmware=bindparam("firmware"),
        descriptor_version=bindparam("descriptor_version"),
        version=bindparam("version"),
    )
)
_CONNECTED: Final = select(devices.c.connected_serial).where(devices.c.device_id == bindparam("id"))
_CONNECTED_WITH: Final = (
    update(devices).where(devices.c.device_id == bindparam("id")).values(connected_serial=bindparam("serial"))
)
_NEXT_SEQ: Final = (
    update(devices)
    .where(devices.c.device_id == bindparam("id"), devices.c.epoch == bindparam("present"))
    .values(command_seq=devices.c.command_seq + 1)
    .returning(devices.c.command_seq)
)
# One parameter for any number of ids: an IN list would be compiled anew for each length.
_OPERATING: Final = {
    False: text(
        "SELECT d.device_id, d.epoch, u.type_id FROM devices d JOIN units u ON u.unit_id = d.unit_id "
        "WHERE d.device_id IN (SELECT value FROM json_each(:ids)) AND d.status = 'activated'",
    ),
    True: text(
        "SELECT d.device_id, d.epoch, u.type_id FROM devices d JOIN units u ON u.unit_id = d.unit_id "
        "WHERE d.device_id IN (SELECT json_array_elements_text(CAST(:ids AS json))) AND d.status = 'activated'",
    ),
}


class SqlDevices:
    """Implements `usecases.repositories.devices.DeviceRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def get(self, device_id: DeviceId) -> Device | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"id": device_id})
        return None if row is None else device_from(row)

    def of_unit(self, unit_id: UnitId) -> Device | None:
        """See the protocol."""
        row = self._statements.first(_OF_UNIT, {"id": unit_id})
        return None if row is None else device_from(row)

    def add(self, device: Device, now: datetime) -> None:
        """See the protocol."""
        try:
            self._statements.execute(
                _INSERT,
                {
                    "device_id": device.device_id,
                    "unit_id": device.unit_id,
                    "status": device.status.value,
                    "epoch": device.epoch,
                    "reset_counter": device.reset_counter,
                    "firmware": device.firmware,
                    "descriptor_version": device.descriptor_version,
                    "connected_serial": None,
                    "command_seq": 0,
                    "created_at": now,
                    "version": device.version,
                },
            )
        except IntegrityError as taken:
            raise StaleVersionError from taken

    def update(self, device: Device) -> Device:
        """See the protocol."""
        self._statements.execute_guarded(
            _UPDATE,
            {
                "b_device_id": device.device_id,
                "b_version": device.version,
                "status": device.status.value,
                "epoch": device.epoch,
                "reset_counter": device.reset_counter,
                "firmware": device.firmware,
                "descriptor_version": device.descriptor_version,
                "version": device.version + 1,
            },
        )
        return replace(device, version=device.version + 1)

    def operating(self, device_ids: Iterable[DeviceId]) -> dict[DeviceId, Operating]:
        """See the protocol."""
        statement = _OPERATING[self._statements.is_postgresql]
        rows = self._statements.all(statement, {"ids": json.dumps(list(device_ids))})
        return {DeviceId(row[0]): Operating(row[1], row[2]) for row in rows}

    def connected_serial(self, device_id: DeviceId) -> str | None:
        """See the protocol."""
        row = self._statements.first(_CONNECTED, {"id": device_id})
        return None if row is None else row.connected_serial

    def connected_with(self, device_id: DeviceId, serial: str) -> None:
        """See the protocol."""
        self._statements.execute(_CONNECTED_WITH, {"id": device_id, "serial": serial})

    def next_command_seq(self, device_id: DeviceId, epoch: int) -> int | None:
        """See the protocol."""
        value: int | None = self._statements.execute(
            _NEXT_SEQ, {"id": device_id, "present": epoch}
        ).scalar_one_or_none()
        return value


def device_from(row: AnyRow) -> Device:
    """The device in a row that holds the columns of `devices`."""
    return Device(
        device_id=row.device_id,
        unit_id=row.unit_id,
        status=DeviceStatus(row.status),
        epoch=row.epoch,
        reset_counter=row.reset_counter,
        firmware=row.firmware,
        descriptor_version=row.descriptor_version,
        version=row.version,
    )
