"""Who decides for a minor."""

from typing import Protocol

from gateway.domain.guardians import GuardianCode, Guardianship
from gateway.domain.identity import AccountId


class GuardianRepository(Protocol):
    """Rows of guardianships and of the codes that make them."""

    def show_code(self, code: GuardianCode) -> None:
        """Store a fresh code in place of the minor's former one."""

    def by_code(self, digest: bytes) -> GuardianCode | None:
        """The code with this digest, expired or not; held until the commit where the database can."""

    def remove_code(self, code: GuardianCode) -> bool:
        """Forget a code that was used; False when somebody else did so meanwhile."""

    def add(self, guardianship: Guardianship) -> bool:
        """A new one; False, and nothing stored, when the minor has a guardian."""

    def of_minor(self, account_id: AccountId) -> Guardianship | None:
        """Who decides for this account."""

    def of_guardian(self, guardian_id: AccountId) -> list[Guardianship]:
        """For whom this account decides, oldest first."""

    def by_ward(self, ward_id: str) -> Guardianship | None:
        """The guardianship of this id. In a transaction that writes it is held: whoever ends it waits."""

    def remove(self, guardianship: Guardianship) -> bool:
        """End one; False when it had ended."""
