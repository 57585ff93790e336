"""`up/state`: a batch of reports becomes one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gateway.domain.identity import DeviceId
from gateway.observability.metrics import Metrics
from gateway.protocol.codec import MalformedMessageError
from gateway.protocol.reports import read_report
from gateway.protocol.topics import UpChannel, device_of_state_topic
from gateway.transport.flow import Flow
from gateway.transport.port import Inbound
from gateway.usecases import appliances, states
from gateway.usecases.services import Clock
from gateway.usecases.states import Reported
from gateway.usecases.transaction import Database, Transaction
from gateway.usecases.types import TypeCatalogue

CHANNEL: Final = UpChannel.STATE.value

EVIDENCE_OF_A_BATCH: Final = 20
"""Malformed reports of one batch that are looked up as evidence: a flood of them must not cost a query each."""


class ReportsHandler:
    """Decodes a batch, leaves out what is malformed or too much, and has the rest committed together."""

    def __init__(self, database: Database, types: TypeCatalogue, flow: Flow, clock: Clock, metrics: Metrics) -> None:
        self._database: Final = database
        self._types: Final = types
        self._flow: Final = flow
        self._clock: Final = clock
        self._dropped: Final = metrics.messages_dropped
        self._received: Final = metrics.messages.labels(CHANNEL)

    async def __call__(self, batch: Sequence[Inbound]) -> None:
        """Handle a batch; returns after the commit."""
        malformed: list[tuple[DeviceId, str, str]] = []
        reports = [report for message in batch if (report := self._read(message, malformed)) is not None]
        self._received.inc(len(batch))
        now = self._clock()
        if malformed:
            await self._database.run(lambda tx: _note(tx, malformed, now))
        if not reports:
            return
        tally = await self._database.run(lambda tx: states.ingest(tx, reports, self._types, now))
        for reason, many in tally.items():
            if reason != "stored" and many:
                self._dropped.labels(CHANNEL, reason).inc(many)

    def _read(self, message: Inbound, malformed: list[tuple[DeviceId, str, str]]) -> Reported | None:
        """The report in a message; one that cannot be read is counted, and evidence if it is among the first."""
        device_id = device_of_state_topic(message.topic)
        if device_id is None:
            self._dropped.labels(CHANNEL, "topic").inc()
            return None
        if not self._flow.allows(device_id):
            self._dropped.labels(CHANNEL, "too_many").inc()
            return None
        try:
            report = read_report(message.payload)
        except MalformedMessageError as error:
            self._dropped.labels(CHANNEL, error.code).inc()
            if len(malformed) < EVIDENCE_OF_A_BATCH:
                malformed.append((DeviceId(device_id), error.code, error.path))
            return None
        return Reported(DeviceId(device_id), *report)


def _note(tx: Transaction, malformed: Sequence[tuple[DeviceId, str, str]], now: datetime) -> None:
    for device_id, code, path in malformed:
        appliances.note_malformed(tx, device_id, CHANNEL, code, path, now)
