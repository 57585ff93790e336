"""Rules, what they are about to do, and why they did or did not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique
from typing import Final, Protocol

from gateway.domain.automations import Automation, AutomationId, Reason
from gateway.domain.firings import Firing, FiringId
from gateway.domain.households import HomeRef
from gateway.domain.identity import AccountId, DeviceId

LINES_KEPT: Final = 500
"""Lines of one rule; the oldest go first. A phone that is carried about tells some dozens in seven days."""

FIRINGS_KEPT: Final = 100
"""Firings of one rule; of those that are over the oldest go first. A phone may come and go as often as it says."""


@unique
class Did(StrEnum):
    """What a rule did. The value is what travels."""

    ACTED = "acted"
    REMINDED = "reminded"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Line:
    """Why a rule did something, or nothing. Holds no places."""

    automation_id: AutomationId
    account_id: AccountId = field(repr=False)
    at: datetime
    did: Did
    reason: Reason
    dry: bool = False
    number: int = 0
    """In the order of writing; given by the store."""


class AutomationRepository(Protocol):
    """Rules with their firings and their explanation."""

    def add(self, rule: Automation) -> None:
        """Store a new rule."""

    def one(self, account_id: AccountId, automation_id: AutomationId) -> Automation | None:
        """A rule of this account."""

    def put(self, rule: Automation) -> Automation:
        """Store what its owner changed; returns it as it is now. When it fired and how long it rests is not theirs.

        Raises:
            StaleVersionError: it was changed meanwhile.
        """

    def remove(self, automation_id: AutomationId) -> None:
        """Remove a rule with its firings and its explanation."""

    def of_account(self, account_id: AccountId, after: AutomationId | None, at_most: int) -> list[Automation]:
        """Rules of an account in the order of their names, for pages."""

    def many(self, account_id: AccountId) -> int:
        """How many rules an account has."""

    def of_home(self, home_ref: HomeRef) -> list[Automation]:
        """All rules for a home, whosever they are."""

    def fired(self, automation_id: AutomationId, now: datetime) -> None:
        """Note that a rule did something. Not a change of the rule: its version stays."""

    def rest(self, device_id: DeviceId, until: datetime) -> int:
        """Somebody told the appliance something: every rule on it rests. Returns how many there are."""

    def remove_of_device(self, device_id: DeviceId) -> None:
        """Remove every rule on a device, whosever it was (its epoch ended)."""

    def remove_of_account(self, account_id: AccountId) -> None:
        """Remove every rule of an account."""

    def add_firing(self, firing: Firing) -> None:
        """Store a firing; of those of its rule that are over only the newest `FIRINGS_KEPT` stay."""

    def firing(self, account_id: AccountId, firing_id: FiringId) -> Firing | None:
        """A firing of this account's rules."""

    def put_firing(self, firing: Firing) -> None:
        """Store what became of a firing.

        Raises:
            StaleVersionError: it was changed meanwhile.
        """

    def due(self, now: datetime, at_most: int) -> list[Firing]:
        """Firings with which something is to happen."""

    def next_due(self) -> datetime | None:
        """When the next of them falls due."""

    def open_of_account(self, account_id: AccountId) -> list[Firing]:
        """Firings of an account's rules with which something more will happen."""

    def open_of_home(self, home_ref: HomeRef) -> list[Firing]:
        """The same, of all rules for a home."""

    def open_of_device(self, device_id: DeviceId) -> list[Firing]:
        """The same, of all rules on a device."""

    def forget_firings(self, account_id: AccountId, *, starting: bool | None = None) -> None:
        """Remove the firings of an account's rules: those that turn something on, those that do not, or all."""

    def explain(self, lines: Sequence[Line]) -> None:
        """Write lines; of each rule only the newest `LINES_KEPT` stay."""

    def lines(self, automation_id: AutomationId, before: int | None, at_most: int) -> list[Line]:
        """Lines of a rule, newest first, beginning before that number."""

    def forget_lines(self, account_id: AccountId) -> None:
        """Remove the explanation of an account's rules."""

    def forget_events(self, account_id: AccountId) -> None:
        """Remove what rules told the app of this account and the app did not read yet."""
