"""A person deletes one kind of their data, at once, and keeps a signed receipt of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from gateway.domain.deletions import DataClass
from gateway.domain.identity import AccountId
from gateway.protocol.canonical import canonical
from gateway.usecases import automations
from gateway.usecases.services import ReceiptSigner
from gateway.usecases.transaction import Transaction

FORMAT: Final = "hearthgate deletion receipt 1"
_RULES_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class DeletionReceipt:
    """What was deleted, in which stores, signed: `signature` covers the canonical JSON of `record`."""

    record: dict[str, Any] = field(repr=False)
    key: str
    signature: str


def delete(
    tx: Transaction, account_id: AccountId, which: DataClass, signer: ReceiptSigner, now: datetime
) -> DeletionReceipt:
    """Delete one kind of an account's data. A second time finds nothing, and says so.

    The receipt tells what the gateway did to each of its stores. The database overwrites what it removes where it can
    (SQLite does; PostgreSQL frees it for its next vacuum); copies of the database end with their own periods.
    """
    rows = (
        {"automations": _automations(tx, account_id, now)}
        if which is DataClass.AUTOMATIONS
        else dict(tx.deletions.remove(account_id, which))
    )
    if any(rows.values()):
        tx.touch(account_id)
    record = {
        "format": FORMAT,
        "account_id": account_id,
        "class": which.value,
        "at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "stores": [
            {"store": "database", "done": "removed", "rows": rows},
            {"store": "broker", "done": "nothing_there"},
            {"store": "person_keys", "done": "kept_for_the_rest"},
        ],
    }
    return DeletionReceipt(record, signer.public_key, signer.sign(canonical(record)))


def _automations(tx: Transaction, account_id: AccountId, now: datetime) -> int:
    removed = 0
    while True:
        rules, _ = automations.page(tx, account_id, None, _RULES_AT_ONCE)
        if not rules:
            return removed
        removed += sum(automations.remove(tx, account_id, rule.automation_id, now) for rule in rules)
