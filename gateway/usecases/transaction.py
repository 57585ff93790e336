"""The one way to the database: a function over an open transaction, committed before its result is seen."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from gateway.domain.identity import AccountId, DeviceId, PairingId
from gateway.usecases.outbox import Committed, Counted, OutboxRow, Timed
from gateway.usecases.repositories.accounts import AccountRepository
from gateway.usecases.repositories.attempts import AttemptRepository
from gateway.usecases.repositories.audit import AuditRepository
from gateway.usecases.repositories.automations import AutomationRepository
from gateway.usecases.repositories.bindings import BindingRepository
from gateway.usecases.repositories.certificates import CertificateRepository
from gateway.usecases.repositories.closures import ClosureRepository
from gateway.usecases.repositories.commands import CommandRepository
from gateway.usecases.repositories.consents import ConsentRepository
from gateway.usecases.repositories.deletions import DeletionRepository
from gateway.usecases.repositories.devices import DeviceRepository
from gateway.usecases.repositories.disclosures import DisclosureRepository
from gateway.usecases.repositories.erasures import ErasureRepository
from gateway.usecases.repositories.events import EventRepository
from gateway.usecases.repositories.exports import ExportRepository
from gateway.usecases.repositories.guardians import GuardianRepository
from gateway.usecases.repositories.households import HouseholdRepository
from gateway.usecases.repositories.idempotency import IdempotencyRepository
from gateway.usecases.repositories.incidents import IncidentRepository
from gateway.usecases.repositories.notices import NoticeRepository
from gateway.usecases.repositories.pairings import PairingRepository
from gateway.usecases.repositories.policies import PolicyRepository
from gateway.usecases.repositories.received import ReceivedRepository
from gateway.usecases.repositories.requests import RequestRepository
from gateway.usecases.repositories.retention import RetentionRepository
from gateway.usecases.repositories.sessions import SessionRepository
from gateway.usecases.repositories.staff import StaffRepository, StaffSessionRepository
from gateway.usecases.repositories.states import StateRepository
from gateway.usecases.repositories.subject_rows import SubjectRowRepository
from gateway.usecases.repositories.support import SupportRepository
from gateway.usecases.repositories.support_access import SupportAccessRepository
from gateway.usecases.repositories.throttles import ThrottleRepository
from gateway.usecases.repositories.units import UnitRepository
from gateway.usecases.repositories.whereabouts import WhereaboutsRepository

T = TypeVar("T")


class DatabaseUnavailableError(Exception):
    """The database cannot be reached or did not commit. Nothing of the transaction took place; try again later."""


class StaleVersionError(Exception):
    """A row changed between its reading and its writing. `Database.run` starts the whole function again."""


class Transaction(Protocol):
    """What a use case sees. Only valid inside the function that received it."""

    @property
    def units(self) -> UnitRepository: ...  # noqa: D102 - the type says it
    @property
    def devices(self) -> DeviceRepository: ...  # noqa: D102
    @property
    def certificates(self) -> CertificateRepository: ...  # noqa: D102
    @property
    def attempts(self) -> AttemptRepository: ...  # noqa: D102
    @property
    def pairings(self) -> PairingRepository: ...  # noqa: D102
    @property
    def bindings(self) -> BindingRepository: ...  # noqa: D102
    @property
    def accounts(self) -> AccountRepository: ...  # noqa: D102
    @property
    def sessions(self) -> SessionRepository: ...  # noqa: D102
    @property
    def throttles(self) -> ThrottleRepository: ...  # noqa: D102
    @property
    def states(self) -> StateRepository: ...  # noqa: D102
    @property
    def commands(self) -> CommandRepository: ...  # noqa: D102
    @property
    def events(self) -> EventRepository: ...  # noqa: D102
    @property
    def idempotency(self) -> IdempotencyRepository: ...  # noqa: D102
    @property
    def received(self) -> ReceivedRepository: ...  # noqa: D102
    @property
    def retention(self) -> RetentionRepository: ...  # noqa: D102
    @property
    def support(self) -> SupportRepository: ...  # noqa: D102
    @property
    def staff(self) -> StaffRepository: ...  # noqa: D102
    @property
    def staff_sessions(self) -> StaffSessionRepository: ...  # noqa: D102
    @property
    def support_access(self) -> SupportAccessRepository: ...  # noqa: D102
    @property
    def policies(self) -> PolicyRepository: ...  # noqa: D102
    @property
    def consents(self) -> ConsentRepository: ...  # noqa: D102
    @property
    def notices(self) -> NoticeRepository: ...  # noqa: D102
    @property
    def guardians(self) -> GuardianRepository: ...  # noqa: D102
    @property
    def households(self) -> HouseholdRepository: ...  # noqa: D102
    @property
    def whereabouts(self) -> WhereaboutsRepository: ...  # noqa: D102
    @property
    def automations(self) -> AutomationRepository: ...  # noqa: D102
    @property
    def audit(self) -> AuditRepository: ...  # noqa: D102
    @property
    def erasures(self) -> ErasureRepository: ...  # noqa: D102

    @property
    def deletions(self) -> DeletionRepository: ...  # noqa: D102
    @property
    def closures(self) -> ClosureRepository: ...  # noqa: D102
    @property
    def disclosures(self) -> DisclosureRepository: ...  # noqa: D102
    @property
    def exports(self) -> ExportRepository: ...  # noqa: D102
    @property
    def incidents(self) -> IncidentRepository: ...  # noqa: D102
    @property
    def requests(self) -> RequestRepository: ...  # noqa: D102
    @property
    def subject_rows(self) -> SubjectRowRepository: ...  # noqa: D102

    def publish(self, topic: str, payload: bytes, now: datetime, *, expires_at: datetime | None = None) -> None:
        """Have one message published after the commit, at least once, unless it has expired by then."""

    def evict(self, common_name: str, now: datetime) -> None:
        """Have the live connection of this identity ended after the commit."""

    def emit(
        self,
        account_id: AccountId,
        kind: str,
        data: Mapping[str, Any],
        now: datetime,
        *,
        device_id: DeviceId | None = None,
        epoch: int | None = None,
        pairing_id: PairingId | None = None,
    ) -> None:
        """Write one event for the app's streams. Events of a device are shown only to its present (device, epoch)."""

    def hush(self, account_id: AccountId) -> None:
        """Write no event for an account: neither what this transaction emitted already nor what it emits from now on.

        For the transaction that closes it, before its rows are removed: changes that were put off are written now. Its
        streams are told to look once more all the same, and so end.
        """

    def touch(self, account_id: AccountId) -> None:
        """Tell the account's streams after the commit that there is something new (a state), without an event row."""

    def next_revision(self) -> int:
        """The next number in the order of all changes. Holds a lock until the commit: take it last.

        The lock is why a reader that saw number n never later meets a smaller one.
        """

    def count(self, what: Counted, *labels: str) -> None:
        """Have a fact counted after the commit. Labels have few values, and none names anybody."""

    def time(self, what: Timed, seconds: float, *labels: str) -> None:
        """Have a duration collected after the commit. Labels as above."""

    def ring_at(self, moment: datetime) -> None:
        """A timer (`usecases.deadlines`) must look again no later than this."""


class Database(Protocol):
    """Runs use cases. Synchronous inside a transaction, asynchronous outside."""

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction on a database thread; return its result after the commit.

        `work` may run more than once (conflict), so it must have no effect besides the transaction's.
        It cannot be cancelled half-way: a cancelled caller only stops waiting.

        Raises:
            DatabaseUnavailableError: nothing was committed.
        """

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on a consistent snapshot that it cannot change.

        Raises:
            DatabaseUnavailableError: the database cannot be reached.
        """

    def on_commit(self, listener: Callable[[Committed], None]) -> None:
        """Call `listener` on the event loop after each commit that left something to do. It must not block."""

    async def take_over(self, now: datetime, at_most: int, *, mine: bool = False) -> list[OutboxRow]:
        """Claim outbox rows whose sender died (claim ran out), oldest first, for this gateway.

        With `mine` also those that this gateway itself claimed: at its start, when they are a former life's.
        """

    async def sent(self, rows: list[int]) -> None:
        """Remove outbox rows that were published (or have expired)."""
