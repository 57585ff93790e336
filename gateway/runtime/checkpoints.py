"""The audit's daily signature, by whichever gateway looks first."""

import asyncio
from typing import Final

from gateway.observability.logging import logger
from gateway.usecases.audit import AuditUnavailableError, checkpoint_due, checkpoint_if_due
from gateway.usecases.services import AuditSigner, Clock
from gateway.usecases.transaction import Database, DatabaseUnavailableError

_log = logger(__name__)

EVERY_S: Final = 300.0
"""How often it is looked whether a day has passed."""


class Checkpoints:
    """A service. Each signature is also a line in the log.

    Whoever keeps the logs elsewhere can so notice a database that was taken back to an older state, signatures and all.
    """

    def __init__(self, database: Database, signer: AuditSigner, clock: Clock) -> None:
        self._database: Final = database
        self._signer: Final = signer
        self._clock: Final = clock

    async def run(self) -> None:
        """Until cancelled. Looks at its start as well: a gateway that is started each morning signs each morning."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Sign if a day has passed."""
        now = self._clock()
        try:
            if not await self._database.read(lambda tx: checkpoint_due(tx, now)):
                return
            signed = await self._database.run(lambda tx: checkpoint_if_due(tx, self._signer, now))
        except AuditUnavailableError:
            _log.error("audit_end_missing", advice="run: hearthgate audit verify")
        except DatabaseUnavailableError:
            _log.warning("audit_checkpoint_waits_for_database")
        else:
            if signed is not None:
                _log.info("audit_checkpoint", row=signed.number, check=_in_groups(signed.hash))


def _in_groups(digest: bytes) -> str:
    """In a form that the log does not take for a secret: hexadecimal, in groups of eight."""
    text = digest.hex()
    return " ".join(text[place : place + 8] for place in range(0, len(text), 8))
