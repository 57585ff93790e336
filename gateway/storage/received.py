"""Remembered message ids on SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.identity import DeviceId
from gateway.storage.statements import Statements
from gateway.storage.tables.operation import received_messages

_REMEMBER: Final = {
    True: postgresql.insert(received_messages).on_conflict_do_nothing().returning(received_messages.c.device_id),
    False: sqlite.insert(received_messages).on_conflict_do_nothing().returning(received_messages.c.device_id),
}


class SqlReceived:
    """Implements `usecases.repositories.received.ReceivedRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def first_time(self, device_id: DeviceId, message_id: str, now: datetime) -> bool:
        """See the protocol."""
        done = self._statements.first(
            _REMEMBER[self._statements.is_postgresql],
            {"device_id": device_id, "message_id": message_id, "at": now},
        )
        return done is not None
