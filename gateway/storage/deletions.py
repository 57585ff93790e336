"""Removing what a person deletes by themselves, on SQL: for each kind, which rows those are."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import bindparam, delete, select, update

from gateway.domain.deletions import DataClass
from gateway.domain.identity import AccountId
from gateway.domain.pairing import PairingState
from gateway.storage.statements import Statements
from gateway.storage.tables.access import sessions
from gateway.storage.tables.consent import notices
from gateway.storage.tables.lifecycle import attempts, bindings, evidence, pairings
from gateway.storage.tables.operation import commands
from gateway.storage.tables.rights import disclosures, exports, requests

_ACCOUNT: Any = bindparam("b_account_id")

_SETUPS: Final = select(pairings.c.pairing_id).where(
    pairings.c.account_id == _ACCOUNT, pairings.c.status != PairingState.OPEN.value
)
_ATTEMPTS: Final = select(attempts.c.attempt_id).where(attempts.c.pairing_id.in_(_SETUPS))

STATEMENTS: Final[Mapping[DataClass, tuple[tuple[str, Any], ...]]] = {
    DataClass.COMMANDS: (
        ("commands", delete(commands).where(commands.c.account_id == _ACCOUNT, commands.c.ended_at.is_not(None))),
    ),
    DataClass.SESSIONS: (
        ("sessions", delete(sessions).where(sessions.c.account_id == _ACCOUNT, sessions.c.ended_at.is_not(None))),
    ),
    DataClass.NICKNAMES: (
        (
            "bindings",
            update(bindings)
            .where(bindings.c.account_id == _ACCOUNT, bindings.c.nickname_sealed.is_not(None))
            .values(nickname_sealed=None),
        ),
    ),
    # In this order: each is found through the one after it.
    DataClass.SETUPS: (
        ("evidence", delete(evidence).where(evidence.c.attempt_id.in_(_ATTEMPTS))),
        ("attempts", delete(attempts).where(attempts.c.pairing_id.in_(_SETUPS))),
        (
            "pairings",
            delete(pairings).where(pairings.c.account_id == _ACCOUNT, pairings.c.status != PairingState.OPEN.value),
        ),
    ),
    DataClass.EXPORTS: (("exports", delete(exports).where(exports.c.account_id == _ACCOUNT)),),
    DataClass.REQUESTS: (
        ("requests", delete(requests).where(requests.c.account_id == _ACCOUNT, requests.c.ended_at.is_not(None))),
    ),
    DataClass.DISCLOSURES: (
        (
            "disclosures",
            delete(disclosures).where(disclosures.c.account_id == _ACCOUNT, disclosures.c.ended_at.is_not(None)),
        ),
    ),
    DataClass.NOTICES: (("notices", delete(notices).where(notices.c.account_id == _ACCOUNT)),),
}


class SqlDeletions:
    """Implements `usecases.repositories.deletions.DeletionRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def remove(self, account_id: AccountId, which: DataClass) -> Mapping[str, int]:
        """See the protocol."""
        statements = STATEMENTS.get(which)
        if statements is None:
            raise ValueError(which.value)
        values = {"b_account_id": account_id}
        return {table: self._statements.execute(statement, values).rowcount for table, statement in statements}
