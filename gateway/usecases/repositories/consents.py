"""What people said to each purpose, the ledger in which it is kept, and the notices that were shown for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.consent import Consent, GrantedPurpose, Purpose, proof
from gateway.domain.consent_ledger import LedgerEnd, LedgerRow
from gateway.domain.consent_notices import ConsentNotice
from gateway.domain.identity import AccountId


@dataclass(frozen=True, slots=True)
class Standing:
    """A consent as it is stored, and what a change of the policy made of it since."""

    consent: Consent | None = field(repr=False)
    stopped_by: int | None
    """The newest version in effect that asks for this purpose anew."""
    guarded: bool = True
    """False for a yes of a guardian who is none any more."""

    @property
    def proof(self) -> GrantedPurpose | None:
        """The proof that it counts, or None."""
        return proof(self.consent, stopped_by=self.stopped_by, guarded=self.guarded)


class ConsentRepository(Protocol):
    """Rows of consents, of the ledger and of notices shown."""

    def standing(self, account_id: AccountId, purpose: Purpose, now: datetime) -> Standing:
        """What stands for one purpose.

        In a transaction that writes, the row is held until the commit: whoever withdraws meanwhile waits, and then
        removes what was written in the belief that it stood.
        """

    def to_change(self, account_id: AccountId, purpose: Purpose, now: datetime) -> Standing:
        """The same for who is about to say something: waits for those who act on it, and lets nobody else begin."""

    def of_account(self, account_id: AccountId, now: datetime) -> dict[Purpose, Standing]:
        """What stands for every purpose to which something was said."""

    def put(self, consent: Consent) -> Consent:
        """Store what was said last, in place of what it was made from; returns it with its new version.

        Raises:
            StaleVersionError: somebody else said something meanwhile.
        """

    def put_ask_at(self, consent: Consent) -> None:
        """Store when to ask next, without anything having been said.

        Raises:
            StaleVersionError: somebody said something meanwhile.
        """

    def to_ask(self, now: datetime, at_most: int) -> list[Consent]:
        """Those that are to be asked about, the longest due first."""

    def superseded(self, now: datetime, at_most: int) -> list[Consent]:
        """Granted ones that a version in effect has stopped, or that rest on a guardian who is none any more."""

    def next_moment(self) -> datetime | None:
        """When the next falls due of those to be asked about and to be stopped."""

    # -- the ledger

    def end_of_ledger(self, account_id: AccountId) -> LedgerEnd | None:
        """The end of a person's ledger, held until the commit; None before the first event."""

    def append(self, account_id: AccountId, row: LedgerRow, before: LedgerEnd | None) -> None:
        """Write the next row.

        Raises:
            StaleVersionError: somebody else wrote one meanwhile.
        """

    def event(self, account_id: AccountId, number: int) -> LedgerRow | None:
        """One row of a person's ledger."""

    def events(self, account_id: AccountId, before: int | None, at_most: int) -> list[LedgerRow]:
        """Rows of a person's ledger, newest first, from before that number."""

    def ledger(self, ledger_id: str) -> Sequence[LedgerRow]:
        """A whole ledger, oldest first, whether its account is still there or not."""

    # -- notices shown

    def add_notice(self, notice: ConsentNotice) -> None:
        """A notice that is being shown, in place of one for the same purpose that nobody answered."""

    def notice(self, notice_id: str) -> ConsentNotice | None:
        """The notice of this id."""

    def use_notice(self, notice: ConsentNotice) -> None:
        """Store by which event a notice was used.

        Raises:
            StaleVersionError: it was used meanwhile.
        """
