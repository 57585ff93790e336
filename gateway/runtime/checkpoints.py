"""The audit's daily signature, by whichever gateway looks first."""

import asyncio
from typing import Final

from gateway.observability.logging import logger
from gateway.observability.metrics import Metrics
from gateway.usecases.audit import AuditUnavailableError
from gateway.usecases.audit_checks import SignaturesBrokenError, sign_if_due
from gateway.usecases.services import AuditSigner, CheckpointMemory, Clock, MemoryUnavailableError
from gateway.usecases.transaction import Database, DatabaseUnavailableError

_log = logger(__name__)

EVERY_S: Final = 300.0
"""How often it is looked whether a day has passed."""


class Checkpoints:
    """A service. Each signature is also a line in the log.

    Whoever keeps the logs elsewhere can so notice a database and a data folder that were taken back together.
    What cannot be signed, other than because the database is away, is also counted: somebody has to look at it.
    """

    def __init__(
        self, database: Database, signer: AuditSigner, memory: CheckpointMemory, clock: Clock, metrics: Metrics
    ) -> None:
        self._database: Final = database
        self._signer: Final = signer
        self._memory: Final = memory
        self._clock: Final = clock
        self._failures: Final = metrics.audit_failures

    async def run(self) -> None:
        """Until cancelled. Looks at its start as well: a gateway that is started each morning signs each morning."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Sign if a day has passed."""
        now = self._clock()
        try:
            signed = await sign_if_due(self._database, self._signer, self._memory, now)
        except SignaturesBrokenError as found:
            row, fault = found.broken.number, found.broken.fault.value
            self._fails("audit_signatures_broken", row=row, fault=fault, advice="run: hearthgate audit verify")
        except MemoryUnavailableError as trouble:
            self._fails("audit_memory_unavailable", reason=str(trouble))
        except AuditUnavailableError:
            self._fails("audit_end_missing", advice="run: hearthgate audit verify")
        except DatabaseUnavailableError:
            _log.warning("audit_checkpoint_waits_for_database")
        else:
            if signed is not None:
                _log.info("audit_checkpoint", row=signed.number, check=_in_groups(signed.hash))

    def _fails(self, event: str, **more: object) -> None:
        self._failures.inc()
        _log.error(event, **more)


def _in_groups(digest: bytes) -> str:
    """In a form that the log does not take for a secret: hexadecimal, in groups of eight."""
    text = digest.hex()
    return " ".join(text[place : place + 8] for place in range(0, len(text), 8))
