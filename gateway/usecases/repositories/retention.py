"""Removing what was kept long enough."""

from datetime import datetime
from enum import StrEnum, unique
from typing import Protocol


@unique
class RetentionClass(StrEnum):
    """What is kept for one reason and ends in one way."""

    HARDWARE = "hardware"
    """For the life of the appliance. Nothing about people."""
    INSTALLATION = "installation"
    """For the life of the installation: its own bookkeeping."""
    ACCOUNT = "account"
    """Until the account closes."""
    BINDING = "binding"
    """Until the appliance is released."""
    UNTIL_SENT = "until_sent"
    """Until it has left the gateway, seconds as a rule; then the row is removed by its sender."""
    ATTEMPT = "attempt"
    ATTEMPT_SUCCEEDED = "attempt_succeeded"
    EVIDENCE_WAITING = "evidence_waiting"
    """Evidence that belongs to no attempt yet."""
    PAIRING = "pairing"
    """After the last moment at which it could be used."""
    PAIRING_TOKEN = "pairing_token"  # noqa: S105 - the name of a class
    """After the last moment at which it could be used: so long the same proof, delivered again, gets its answer."""
    PAIRING_ADDRESS = "pairing_address"
    """After the pairing was opened: so long a failed connection of the same network may be the appliance's."""
    COMMAND = "command"
    """Then only counted, by day and result."""
    COMMAND_VALUES = "command_values"
    """Until the command ends; whoever stores its end forgets them."""
    MESSAGE_ID = "message_id"
    EVENT = "event"
    SESSION = "session"
    """After its end, or its last use."""
    SESSION_TOKEN = "session_token"  # noqa: S105 - the name of a class
    """Until it expires; a used one as long, because its second use must be noticed."""
    THROTTLE = "throttle"
    KEPT_ANSWER = "kept_answer"
    STAFF = "staff"
    """After the account was disabled: so long the audit may name it."""
    STAFF_SESSION = "staff_session"
    """After its end, or its last use."""
    SUPPORT_CODE = "support_code"
    """Until it expires."""
    SUPPORT_GRANT = "support_grant"
    """After its end."""
    BREAK_GLASS = "break_glass"
    """After its review; after the question where it was not approved."""
    EXPORT = "export"
    """Until seven days after it was ready; the copy itself goes when it was fetched."""
    REQUEST = "request"
    """After its end. One that is open is kept until it has one."""
    DISCLOSURE = "disclosure"
    INCIDENT = "incident"
    CLOSURE = "closure"
    """Until its token expires."""
    CONSENT_CLOSED = "consent_closed"
    """After the account closed: the limitation period, under a destroyed key."""
    CONSENT_NOTICE = "consent_notice"
    """After the last moment at which it counted: so long a late answer is told that it is late."""
    NOTICE = "notice"
    GUARDIAN_CODE = "guardian_code"
    """Until it expires."""
    HOME = "home"
    """Until its last member leaves, or closes their account."""
    HOME_INVITATION = "home_invitation"
    """Until it expires, or is used."""
    PRESENCE = "presence"
    """Until the consent is withdrawn or the home left; without a word from the phone so long."""
    AUTOMATION = "automation"
    """Until its owner removes it, withdraws the consent, leaves the home, or the appliance is released."""
    FIRING = "firing"
    EXPLANATION = "explanation"
    ERASURE = "erasure"
    """After it was complete, if nobody fetches the receipt."""
    ERASURE_FETCHED = "erasure_fetched"
    """After the receipt was fetched: so long an answer that was lost can be asked for again."""
    AUDIT = "audit"
    """Up to the newest signed checkpoint that is older than this, so that what is left can still be checked."""


class RetentionRepository(Protocol):
    """Removing what is old, class by class."""

    def classes(self) -> tuple[RetentionClass, ...]:
        """The classes of the data map that time ends."""

    def remove(self, which: RetentionClass, before: datetime, at_most: int) -> int:
        """Remove rows of a class whose time began at or before that moment; returns how many."""

    def count_removed(self, which: RetentionClass, many: int, at: datetime) -> None:
        """Note, in the transaction that removed them, that so many rows of a class went; added up by day."""

    def removed_since(self, since: datetime) -> dict[RetentionClass, int]:
        """How many rows the job removed since the day (UTC) of that moment; classes of which it removed none are out.

        What went for another reason (a release, a closure, with the row that it belongs to) was not counted.
        """

    def oldest(self, which: RetentionClass) -> datetime | None:
        """When the time of the oldest row of a class began; None when there is no row."""
