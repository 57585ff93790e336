"""Versions of the policy and their texts on SQL."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import bindparam, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.consent import Purpose
from gateway.domain.policies import ChangeReason, Language, Policy, PolicyKind, PolicyText, stops
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables.consent import policies, policy_purposes, policy_texts

_ALL: Final = select(policies).order_by(policies.c.version)
_TEXT: Final = select(policy_texts).where(
    policy_texts.c.version == bindparam("version"), policy_texts.c.language == bindparam("language")
)
_HASHES: Final = select(policy_texts.c.language, policy_texts.c.hash).where(
    policy_texts.c.version == bindparam("version")
)
_ADD: Final = {
    True: postgresql.insert(policies).on_conflict_do_nothing().returning(policies.c.version),
    False: sqlite.insert(policies).on_conflict_do_nothing().returning(policies.c.version),
}
_ADD_TEXT: Final = insert(policy_texts)
_ADD_PURPOSE: Final = insert(policy_purposes)


class SqlPolicies:
    """Implements `usecases.repositories.policies.PolicyRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def all(self) -> list[Policy]:
        """See the protocol."""
        return [_policy(row) for row in self._statements.all(_ALL)]

    def text(self, version: int, language: Language) -> PolicyText | None:
        """See the protocol."""
        row = self._statements.first(_TEXT, {"version": version, "language": language.value})
        return None if row is None else PolicyText(language, row.text, row.hash)

    def hashes(self, version: int) -> dict[Language, bytes]:
        """See the protocol."""
        return {Language(row.language): row.hash for row in self._statements.all(_HASHES, {"version": version})}

    def add(self, policy: Policy, texts: Sequence[PolicyText]) -> bool:
        """See the protocol."""
        values: dict[str, Any] = {
            "version": policy.version,
            "kind": policy.kind.value,
            "reasons": json.dumps(
                {
                    "reasons": sorted(reason.value for reason in policy.reasons),
                    "affects": sorted(purpose.value for purpose in policy.affects),
                }
            ),
            "reduces_rights": policy.reduces_rights,
            "published_at": policy.published_at,
            "effective_at": policy.effective_at,
        }
        if self._statements.first(_ADD[self._statements.is_postgresql], values) is None:
            return False
        self._statements.execute_many(
            _ADD_TEXT,
            [
                {"version": policy.version, "language": text.language.value, "text": text.text, "hash": text.hash}
                for text in texts
            ],
        )
        self._statements.execute_many(
            _ADD_PURPOSE,
            [
                {"version": policy.version, "purpose": purpose.value, "effective_at": policy.effective_at}
                for purpose in sorted(stops(policy))
            ],
        )
        return True


def _policy(row: AnyRow) -> Policy:
    why = json.loads(row.reasons)
    return Policy(
        version=row.version,
        kind=PolicyKind(row.kind),
        reasons=frozenset(ChangeReason(one) for one in why["reasons"]),
        affects=frozenset(Purpose(one) for one in why["affects"]),
        reduces_rights=row.reduces_rights,
        published_at=row.published_at,
        effective_at=row.effective_at,
    )
