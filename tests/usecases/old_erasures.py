"""Erasures whose receipt waits, and those whose receipt was fetched, for the tests of retention."""

from collections.abc import Callable
from typing import Any, Final

from gateway.domain.erasure import ErasureId, Reason, Step, begun, carried_out
from gateway.domain.identity import AccountId
from gateway.usecases.repositories.retention import RetentionClass as Class
from gateway.usecases.transaction import Transaction
from tests.storage.records import NOW


def _complete(tx: Transaction, name: str) -> ErasureId:
    erasure_id = ErasureId(name)
    erasure = begun(
        erasure_id=erasure_id, account_id=AccountId("a-1"), reason=Reason.CLOSED, devices=(), rows={}, now=NOW
    )
    tx.erasures.add(erasure, name.encode())
    for step in Step:
        erasure = carried_out(erasure, step, {}, NOW)
    tx.erasures.put(erasure, b"receipt")
    return erasure_id


def _waiting(tx: Transaction) -> None:
    _complete(tx, "e-waiting")


def _fetched(tx: Transaction) -> None:
    tx.erasures.fetched(_complete(tx, "e-fetched"), NOW)


SEEDS: Final[dict[str, tuple[Class, Callable[[Transaction], Any]]]] = {
    "an erasure whose receipt waits": (Class.ERASURE, _waiting),
    "an erasure whose receipt was fetched": (Class.ERASURE_FETCHED, _fetched),
}
