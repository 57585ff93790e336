"""Where members of a home are. Reached only with the proof that somebody allowed it, or to forget."""

from datetime import datetime
from typing import Protocol

from gateway.domain.consent import GrantedPurpose
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId


class WhereaboutsRepository(Protocol):
    """The latest word of each member's phone, sealed under the member's key.

    A grant of another kind than location's is refused with `ValueError`: a mistake in the program.
    """

    def of_home(self, granted: GrantedPurpose, home_ref: HomeRef) -> dict[AccountId, bytes]:
        """What is known of each member, for rules that a member allowed. Nothing for somebody who is no member."""

    def own(self, account_id: AccountId) -> dict[HomeRef, bytes]:
        """What the phone of one person told of their homes: for their own eyes, and so without a grant."""

    def put(self, granted: GrantedPurpose, home_ref: HomeRef, sealed: bytes, heard_at: datetime) -> None:
        """Store what the phone of the one who allowed it told, in the place of what it told before."""

    def last_heard(self, home_ref: HomeRef) -> datetime | None:
        """The minute of the latest word of any member, whoever that was; None where nothing is known."""

    def forget(self, account_id: AccountId) -> None:
        """Forget where somebody is, at every home."""
