"""Staff: who they are, which roles they hold, and what each role may do.

Nobody may do everything. Whoever decides on roles sees no personal data, whoever reads the audit does nothing else, and
a customer's device opens to agents and leads alone, each time by a decision of its own (`domain.support_access`).
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final, NewType

StaffId = NewType("StaffId", str)

IDLE_LIFE: Final = timedelta(minutes=30)
"""A session that nobody uses ends after so long (security.md)."""
LONGEST_LIFE: Final = timedelta(hours=12)
"""A session ends after so long, however busy: one working day."""
NOTED_AFTER: Final = timedelta(minutes=1)
"""Use of a session is written down no more often than this; the idle time is exact to it."""
NAME_AT_MOST: Final = 64


@unique
class StaffRole(StrEnum):
    """What somebody is at work. One person may hold several, within `wrong_together`."""

    VIEWER = "viewer"
    """The unit view: no personal data."""
    AGENT = "agent"
    """The customer view of one device, with the customer's own code."""
    LEAD = "lead"
    """An agent who may also be the second person of a break-glass."""
    ENGINEER = "engineer"
    """Traces of activations, by trace id. No customer view."""
    PRIVACY_OFFICER = "privacy_officer"
    """Requests, incidents, consents."""
    AUDITOR = "auditor"
    """The audit, and nothing else."""
    ADMIN = "admin"
    """Roles and settings. No personal data."""


@unique
class Action(StrEnum):
    """What the console does. Each route names one, and each audit row one."""

    LOG_IN = "log_in"
    LOG_OUT = "log_out"
    VIEW_UNIT = "view_unit"
    """Look up an appliance by its MAC address or machine code, with its verdict. No personal data."""
    VIEW_FUNNEL = "view_funnel"
    """Figures about nobody."""
    RUN_CHECK = "run_check"
    READ_TRACE = "read_trace"
    """One attempt with its evidence, by trace id."""
    VIEW_ATTEMPT = "view_attempt"
    """The page of an attempt that a look-up led to. Its random id cannot be guessed, so it is no look-up itself."""
    USE_CODE = "use_code"
    """Open a customer's device with the code they read out."""
    VIEW_CUSTOMER = "view_customer"
    """The customer view of one device that is open to this person."""
    ASK_BREAK_GLASS = "ask_break_glass"
    APPROVE_BREAK_GLASS = "approve_break_glass"
    """As the second person. Declining is the same action."""
    REVIEW_BREAK_GLASS = "review_break_glass"
    """Say afterwards whether it was right."""
    LIST_GRANTS = "list_grants"
    """See what is open, to whom, why."""
    END_GRANT = "end_grant"
    HANDLE_REQUESTS = "handle_requests"
    HANDLE_INCIDENTS = "handle_incidents"
    SEE_CONSENTS = "see_consents"
    SEE_PROCESSING = "see_processing"
    """What the gateway does with data, about nobody: policy versions, retention, erasures, the record of processing."""
    READ_AUDIT = "read_audit"
    LIST_STAFF = "list_staff"
    MANAGE_STAFF = "manage_staff"
    """Make, change, disable accounts of staff, and their recovery."""
    CHANGE_SETTINGS = "change_settings"
    RESTORE_BACKUP = "restore_backup"
    """At the command line only: what was written after the backup is gone, the audit's own rows among it."""


_EVERYBODY: Final = frozenset({Action.LOG_IN, Action.LOG_OUT})
_UNIT: Final = frozenset({Action.VIEW_UNIT, Action.VIEW_FUNNEL})
_TRACES: Final = frozenset({Action.RUN_CHECK, Action.READ_TRACE, Action.VIEW_ATTEMPT})
_CUSTOMER: Final = frozenset({Action.USE_CODE, Action.VIEW_CUSTOMER, Action.ASK_BREAK_GLASS, Action.LIST_GRANTS})

ALLOWED: Final[Mapping[StaffRole, frozenset[Action]]] = MappingProxyType(
    {
        StaffRole.VIEWER: _EVERYBODY | _UNIT,
        StaffRole.AGENT: _EVERYBODY | _UNIT | _CUSTOMER | _TRACES | {Action.END_GRANT},
        StaffRole.LEAD: _EVERYBODY
        | _UNIT
        | _CUSTOMER
        | _TRACES
        | {
            Action.END_GRANT,
            Action.APPROVE_BREAK_GLASS,
            Action.REVIEW_BREAK_GLASS,
        },
        StaffRole.ENGINEER: _EVERYBODY | _UNIT | _TRACES,
        StaffRole.PRIVACY_OFFICER: _EVERYBODY
        | {
            Action.HANDLE_REQUESTS,
            Action.HANDLE_INCIDENTS,
            Action.SEE_CONSENTS,
            Action.SEE_PROCESSING,
            Action.LIST_GRANTS,
            Action.REVIEW_BREAK_GLASS,
        },
        StaffRole.AUDITOR: _EVERYBODY | {Action.READ_AUDIT},
        StaffRole.ADMIN: _EVERYBODY | {Action.LIST_STAFF, Action.MANAGE_STAFF, Action.CHANGE_SETTINGS},
    }
)
"""What each role may do; whatever is not here, it may not."""

_ALONE: Final = frozenset({StaffRole.AUDITOR, StaffRole.ADMIN})
"""Roles that one person holds alone: an auditor would audit themselves, an admin hand themselves everything."""


def may(role: StaffRole, action: Action) -> bool:
    """Whether a role allows an action."""
    return action in ALLOWED[role]


def acting_role(roles: Iterable[StaffRole], action: Action) -> StaffRole | None:
    """The role in which somebody with these roles does something: the least of those that allow it; None if none."""
    held = set(roles)
    return next((role for role in StaffRole if role in held and may(role, action)), None)


def wrong_together(roles: Iterable[StaffRole]) -> str | None:
    """What is wrong with a set of roles for one person, in a sentence; None when nothing is."""
    held = set(roles)
    if not held:
        return "needs at least one role"
    alone = sorted(held & _ALONE)
    if alone and len(held) > 1:
        return f"the role {alone[0]} goes with no other; make a second account"
    return None


@dataclass(frozen=True, slots=True)
class BadStaffName:
    """Not a name that can be used, and why."""

    reason: str


def normal_staff_name(text: str) -> str | BadStaffName:
    """The one way to write the name under which somebody of the staff logs in: NFKC, trimmed, case folded."""
    name = unicodedata.normalize("NFKC", text).strip().casefold()
    if not 2 <= len(name) <= NAME_AT_MOST:  # noqa: PLR2004 - one letter is a slip of the finger
        return BadStaffName(f"has 2 to {NAME_AT_MOST} characters")
    if not all(character.isalnum() or character in "._-@+" for character in name):
        return BadStaffName("holds letters, digits and . _ - @ + only")
    return name


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works here."""

    staff_id: StaffId = field(repr=False)
    name_index: bytes = field(repr=False)
    """Finds the person by the name they log in with, keyed digest."""
    name_sealed: bytes = field(repr=False)
    """The name, encrypted: colleagues see it, customers never."""
    roles: frozenset[StaffRole]
    created_at: datetime
    totp_sealed: bytes = field(repr=False)
    """The secret that their authenticator holds, encrypted."""
    totp_step: int = -1
    """The latest step whose code was used; no code of it or an earlier one counts again."""
    disabled_at: datetime | None = None
    version: int = 0
    """For compare and swap in the store."""


@dataclass(frozen=True, slots=True)
class StaffSession:
    """One log-in at the console."""

    digest: bytes = field(repr=False)
    """Keyed digest of the token in the cookie."""
    staff_id: StaffId = field(repr=False)
    opened_at: datetime
    used_at: datetime
    ended_at: datetime | None = None

    @property
    def ends_at(self) -> datetime:
        """When it ends if nobody uses it any more."""
        return min(self.used_at + IDLE_LIFE, self.opened_at + LONGEST_LIFE)


def admits(session: StaffSession, staff: Staff, now: datetime) -> bool:
    """Whether a session still opens anything. Asked on every request."""
    return (
        session.ended_at is None
        and staff.disabled_at is None
        and session.staff_id == staff.staff_id
        and session.opened_at <= now + NOTED_AFTER  # a clock that was set back by more does not prolong a day
        and now < session.ends_at
    )


def used(session: StaffSession, now: datetime) -> StaffSession:
    """The session after a request. The same one when its use was noted less than a minute ago."""
    return session if now - session.used_at < NOTED_AFTER else replace(session, used_at=now)
