"""The audit's rows and its signed checkpoints."""

from datetime import datetime
from typing import Protocol

from gateway.domain.audit import AuditRow, Checkpoint
from gateway.domain.identity import AccountId
from gateway.domain.staff import StaffId
from gateway.domain.support_access import RecentLookups


class AuditRepository(Protocol):
    """Rows of the audit, one chain however many gateways write it."""

    def hold(self) -> int:
        """Lock the end of the chain until the commit; the number of the last row that was written (0: none).

        Whoever holds it reads what was committed by all who held it before.
        """

    def row(self, number: int) -> AuditRow | None:
        """One row; None when it is not there."""

    def add(self, row: AuditRow) -> None:
        """Write the next row, whose number is one more than `hold` told in this transaction."""

    def end(self) -> int:
        """The number that was given out last, without a lock."""

    def after(self, number: int, at_most: int) -> list[AuditRow]:
        """Rows after a number, oldest first."""

    def before(self, number: int | None, at_most: int) -> list[AuditRow]:
        """Rows before a number (None: from the end), newest first."""

    def of_account(self, account_id: AccountId, before: int | None, at_most: int) -> list[AuditRow]:
        """Rows about an account's devices before a number (None: from the end), newest first."""

    def lookups(self, staff_id: StaffId, since: datetime) -> RecentLookups:
        """Look-ups that this person made after a moment. Exact while the end of the chain is held."""

    def checkpoints(self) -> list[Checkpoint]:
        """All that are kept, oldest first."""

    def newest_checkpoint(self) -> Checkpoint | None:
        """The last one."""

    def add_checkpoint(self, checkpoint: Checkpoint) -> bool:
        """Store one; False when there is one for this row already (another gateway was first)."""
