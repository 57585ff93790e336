"""Carries erasures out: step by step, each recorded when it is done, so that a death in between costs nothing.

Every step may be done twice: a gateway that dies after it and before recording it has the next one do it again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.domain.erasure import Erasure, Step, next_step
from gateway.domain.identity import AccountId
from gateway.observability.logging import logger
from gateway.observability.metrics import Metrics
from gateway.security.erasure_ledger import ErasureLedger
from gateway.usecases import erasure as usecase
from gateway.usecases.erasure_receipts import of_account, signed
from gateway.usecases.persons import PersonKeys
from gateway.usecases.services import Clock, ReceiptSigner
from gateway.usecases.transaction import Database, StaleVersionError, Transaction

_log = logger(__name__)

LOOK_S: Final = 2.0
"""How often it is looked whether one is due: a small read."""

Found = Mapping[str, int | str]


class _ForgottenTooEarlyError(Exception):
    """A step needs the account and it is gone: the steps are out of order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Everything outside of the database's transactions where something of a person may be."""

    persons: PersonKeys
    ledger: ErasureLedger = field(repr=False)
    index: Callable[[AccountId], bytes] = field(repr=False)
    """The keyed digest under which the ledger names an account."""
    evict: Callable[[str], Awaitable[None]]
    """Ends an appliance's connection and clears what the broker keeps for it."""
    broker: str
    """The kind of broker, for the receipt."""
    overwrite: Callable[[], Found]
    """Overwrites what the database freed."""
    signer: ReceiptSigner
    region: str


class Erasures:
    """A service."""

    def __init__(self, database: Database, stores: Stores, clock: Clock, metrics: Metrics) -> None:
        self._database: Final = database
        self._stores: Final = stores
        self._clock: Final = clock
        self._steps: Final = metrics.erasure_steps
        self._oldest: Final = metrics.erasures_oldest

    async def run(self) -> None:
        """Until cancelled. What a former life left is taken up when its claim is over."""
        while True:
            try:
                while await self.one():
                    pass
                await self._measure()
            except Exception as trouble:  # noqa: BLE001 - whatever it is, the step is due again in a moment
                _log.warning("erasure_will_be_tried_again", reason=type(trouble).__name__)
            await asyncio.sleep(LOOK_S)

    async def one(self) -> bool:
        """Take up one erasure and carry out what is due of it; False when none is due."""
        if await self._database.read(lambda tx: tx.erasures.due(self._clock())) is None:
            return False
        erasure = await self._database.run(lambda tx: usecase.take_up(tx, self._clock()))
        while erasure is not None:
            erasure = await self._step(erasure)
        return True

    async def _measure(self) -> None:
        since = await self._database.read(lambda tx: tx.erasures.unfinished_since())
        self._oldest.set(0.0 if since is None else max((self._clock() - since).total_seconds(), 0.0))

    async def _step(self, erasure: Erasure) -> Erasure | None:
        """Carry out the present step. Returns the erasure while its next step is due at once."""
        step = next_step(erasure)
        if step is None:
            return None
        try:
            found = await self._carry_out(erasure, step)
            receipt = self._receipt(erasure, step)
        except Exception as trouble:  # noqa: BLE001 - the broker or a store is away: its turn comes again
            _log.warning("erasure_step_will_be_tried_again", step=step.value, reason=type(trouble).__name__)
            self._steps.labels(step.value, "again").inc()
            await self._database.run(lambda tx: usecase.put_off(tx, erasure, self._clock()))
            return None
        after = await self._record(erasure, step, found, receipt)
        if after is None:
            return None
        _log.info("erasure_step_done", step=step.value)
        self._steps.labels(step.value, "done").inc()
        return after if after.next_at is not None and after.next_at <= self._clock() else None

    async def _record(self, erasure: Erasure, step: Step, found: Found, receipt: bytes | None) -> Erasure | None:
        """None when another gateway has recorded it, or is just taking it over: it goes on there."""
        at = self._clock()

        def store(tx: Transaction) -> Erasure | None:
            try:
                return usecase.record(tx, erasure, step, found, at, receipt=receipt)
            except StaleVersionError:
                return None

        return await self._database.run(store)

    async def _carry_out(self, erasure: Erasure, step: Step) -> Found:
        stores = self._stores
        found: Found = {}
        match step:
            case Step.LEDGER:
                subject = stores.index(_account(erasure))
                line = await asyncio.to_thread(stores.ledger.append, subject, self._clock())
                found = {"line": line.number}
            case Step.KEY:
                had = await asyncio.to_thread(stores.persons.destroy, _account(erasure))
                found = {"done": "key destroyed" if had else "there is no key any more"}
            case Step.CONNECTIONS:
                for device in erasure.devices:
                    await stores.evict(device)
                found = {"kind": stores.broker, "appliances": len(erasure.devices)}
            case Step.ROWS:
                rows = await self._database.run(lambda tx: usecase.remove_rest(tx, erasure, self._clock()))
                found = {"written_meanwhile": sum(rows.values())}
            case Step.SPACE:
                found = await asyncio.to_thread(stores.overwrite)
            case Step.FORGOTTEN | Step.RECEIPT:
                pass  # recording it is all there is to do
        return found

    def _receipt(self, erasure: Erasure, step: Step) -> bytes | None:
        if step is not Step.RECEIPT:
            return None
        return signed(of_account(erasure, self._stores.region, self._clock()), self._stores.signer)


def _account(erasure: Erasure) -> AccountId:
    if erasure.account_id is None:
        raise _ForgottenTooEarlyError
    return erasure.account_id
