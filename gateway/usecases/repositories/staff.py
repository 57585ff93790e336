"""Staff, what they log in with, and their sessions."""

from datetime import datetime
from typing import Protocol

from gateway.domain.staff import Staff, StaffId, StaffSession
from gateway.usecases.services import PasswordRecord


class StaffRepository(Protocol):
    """Rows of staff. Kept as long as the audit may name them."""

    def get(self, staff_id: StaffId) -> Staff | None:
        """The person of this id."""

    def by_name(self, name_index: bytes) -> Staff | None:
        """The person with this log-in name, disabled or not."""

    def all(self) -> list[Staff]:
        """Everybody, oldest first: a gateway has dozens of them, not thousands."""

    def add(self, staff: Staff, password: PasswordRecord) -> bool:
        """A new person; False, and nothing stored, when the name is taken."""

    def put(self, staff: Staff) -> None:
        """Store a changed person, read in this transaction.

        Raises:
            StaleVersionError: somebody else changed them meanwhile.
        """

    def password(self, staff_id: StaffId) -> PasswordRecord | None:
        """What the password is checked against."""

    def replace_password(self, staff_id: StaffId, old: PasswordRecord, new: PasswordRecord) -> bool:
        """Store another record in place of `old`; False when `old` is no longer the record.

        It is a change of the person: `put` of somebody who was read before it raises.
        """


class StaffSessionRepository(Protocol):
    """Rows of staff sessions, under the digest of their token."""

    def add(self, session: StaffSession) -> None:
        """A new session."""

    def get(self, digest: bytes) -> StaffSession | None:
        """The session of this token, whatever has become of it."""

    def put(self, session: StaffSession) -> None:
        """Store its use or its end; one that is over stays over."""

    def end_all(self, staff_id: StaffId, now: datetime) -> int:
        """End every session of a person; returns how many ended."""
