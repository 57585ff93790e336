"""Support's eyes: the look-up and the card that console and `hearthgate attempt explain` show, and nothing else."""

from typing import Final

from device_sim.faults.confusion import Reading
from gateway.domain.attempts import Outcome
from gateway.usecases import support
from gateway.usecases.services import BlindIndexes, Clock
from gateway.usecases.support import Card
from gateway.usecases.transaction import Database, Transaction


class Desk:
    """Reads verdicts. Implements `device_sim.faults.campaign.Support`."""

    def __init__(self, database: Database, indexes: BlindIndexes, clock: Clock) -> None:
        self._database: Final = database
        self._indexes: Final = indexes
        self._clock: Final = clock

    async def read(self, words: str) -> Reading | None:
        """See `Support`."""
        card = await self._database.read(lambda tx: self._card(tx, words))
        if card is None:
            return None
        verdict = card.verdict
        code = None if verdict.code is None else verdict.code.value
        return Reading(verdict.stage.value, code, verdict.confidence.value, verdict.silent)

    async def is_over(self, words: str) -> bool:
        """See `Support`."""
        card = await self._database.read(lambda tx: self._card(tx, words))
        return card is not None and card.attempt.outcome is not Outcome.OPEN

    def _card(self, tx: Transaction, words: str) -> Card | None:
        found = support.find(tx, self._indexes, words)
        return None if found.is_miss else support.card(tx, found.newest, self._clock())
