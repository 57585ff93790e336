"""What the data map says of a column, and short ways to say it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique

from gateway.usecases.repositories.retention import RetentionClass


@unique
class Sensitivity(StrEnum):
    """What knowing a value would tell, least first."""

    NONE = "none"
    """Nothing: a count, a version, a state of our own."""
    TECHNICAL = "technical"
    """Something about an appliance, nothing about people."""
    IDENTIFIER = "identifier"
    """Names an appliance, a person's account or a session, so that rows can be joined."""
    PERSONAL = "personal"
    """Something about a person or what happens in their home."""
    SECRET = "secret"  # noqa: S105 - the name of a sensitivity
    """Opens something, even if only as a digest or sealed. Leaves the database for nobody."""


@unique
class Reader(StrEnum):
    """Who may come to see a value."""

    GATEWAY = "gateway"
    """The program itself, to do its work."""
    PERSON = "person"
    """The person whom it concerns, in the app and in a copy of their data."""
    APPLIANCE = "appliance"
    """The appliance that it concerns."""
    VIEWER = "viewer"
    """Support, unit view: no personal data."""
    AGENT = "agent"
    """Support with the customer's own code, for one device and 24 hours."""
    LEAD = "lead"
    """The second person of a break-glass."""
    ENGINEER = "engineer"
    """Traces of activations, by trace id."""
    OFFICER = "privacy_officer"
    """Requests, incidents, reviews."""
    AUDITOR = "auditor"
    """The audit, and nothing else."""
    ADMIN = "admin"
    """Accounts of staff."""
    OPERATOR = "operator"
    """Whoever runs the installation, as a figure."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One column."""

    purpose: str
    sensitivity: Sensitivity
    readers: tuple[Reader, ...]
    retention: tuple[RetentionClass, ...] = ()
    """The column's own, where it differs from its table's."""
    told: str = ""
    """The sentence for the person, where the table's does not fit."""
    sealed_at: str = ""
    """Sealed under the person's key at this place, with the row's columns in braces: `notes.text:{note_id}`. A copy for
    the person holds what is inside."""
    is_json: bool = False
    """The text is JSON; a copy for the person holds it as such."""


@dataclass(frozen=True, slots=True)
class Path:
    """How a row that names no account belongs to a person: by what it has in common with a row of another table."""

    column: str
    """Of this table."""
    table: str
    """The other, which names the account or has a path of its own."""
    other: str = ""
    """Its column, where that has another name."""
    same: tuple[str, ...] = ()
    """Further columns that must be equal in both."""
    form: tuple[str, str] | None = None
    """The column holds the other's value between these two texts, and anything after them."""


@dataclass(frozen=True, slots=True)
class TableEntry:
    """One table."""

    purpose: str
    told: str
    """What a person reads about it: one sentence without terms of the trade."""
    retention: tuple[RetentionClass, ...]
    """More than one where rows of a table end differently; each row ends by the first that applies."""
    columns: Mapping[str, Entry]
    subject: str | None = None
    """The column that names the account concerned."""
    also: str = ""
    """A second column that names an account: the row is about both, and in the copies of both."""
    path: Path | None = None
    """Where no column does: how its rows are reached from those of a person."""
    nobody: str = ""
    """Where there is neither: why no row can be said to be about a person. One of the three is always given."""


def plain(purpose: str, *readers: Reader) -> Entry:
    """Nothing that tells anything."""
    return Entry(purpose, Sensitivity.NONE, (Reader.GATEWAY, *readers))


def technical(purpose: str, *readers: Reader) -> Entry:
    """About an appliance."""
    return Entry(purpose, Sensitivity.TECHNICAL, (Reader.GATEWAY, *readers))


def identifier(purpose: str, *readers: Reader) -> Entry:
    """A name by which rows are joined."""
    return Entry(purpose, Sensitivity.IDENTIFIER, (Reader.GATEWAY, *readers))


def personal(purpose: str, *readers: Reader) -> Entry:
    """About a person. The person may always see it."""
    return Entry(purpose, Sensitivity.PERSONAL, (Reader.GATEWAY, Reader.PERSON, *readers))


def secret(purpose: str) -> Entry:
    """For the gateway alone."""
    return Entry(purpose, Sensitivity.SECRET, (Reader.GATEWAY,))
