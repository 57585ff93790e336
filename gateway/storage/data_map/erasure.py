"""The data map of erasures, and what becomes of each table's rows when the account that they are about closes."""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from gateway.storage.data_map.entries import Reader as By
from gateway.storage.data_map.entries import TableEntry, identifier, personal, plain, secret
from gateway.usecases.repositories.retention import RetentionClass

ERASURE: Final = {
    "erasures": TableEntry(
        purpose="what is still to be done for an account that was closed, and the receipt of what was",
        told="After you close your account: how far its erasure has come, and the receipt until you have fetched it. "
        "It forgets whose it was before it is complete.",
        retention=(RetentionClass.ERASURE_FETCHED, RetentionClass.ERASURE),
        subject="account_id",
        columns={
            "erasure_id": identifier("random name of the erasure", By.OFFICER),
            "account_id": identifier("whose, for as long as it takes: seconds as a rule"),
            "reason": plain("closed by the person, by the guardian, or closed before", By.OFFICER),
            "begun_at": personal("when the account was closed", By.OFFICER),
            "devices": identifier("appliances that were released with it; forgotten with the account"),
            "rows": plain("how many rows of which table were removed", By.OFFICER),
            "done": plain("which steps are done, with figures", By.OFFICER),
            "next_at": plain("when the next step is due", By.OFFICER),
            "finished_at": plain("when it was complete", By.OFFICER),
            "token_digest": secret("keyed digest of the token that fetches the receipt"),
            "receipt": personal("the signed receipt"),
            "fetched_at": plain("when it was fetched"),
            "version": plain("guards against writing over a change"),
        },
    ),
}


@unique
class Closing(StrEnum):
    """What becomes of a table's rows when the account that they are about closes."""

    REMOVED = "removed"
    CASCADE = "cascade"
    """They refer to rows that are removed, and the database removes them with those."""
    UNLINKED = "unlinked"
    """They stay, without the account."""
    RELEASED = "released"
    """They are about an appliance. What of them is a person's goes when it is released; the appliance's own stays."""
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Fate:
    """It, and why."""

    closing: Closing
    why: str = ""


_APPLIANCE: Final = Fate(Closing.RELEASED, "the appliance's own, for the life of the hardware")

FATES: Final = {
    "attempts": Fate(Closing.REMOVED, "of the account's pairings"),
    "evidence": Fate(Closing.REMOVED, "of those attempts"),
    "session_tokens": Fate(Closing.CASCADE, "with their session"),
    "pairing_steps": Fate(Closing.CASCADE, "with their pairing"),
    "export_pieces": Fate(Closing.CASCADE, "with their copy"),
    "outbox": Fate(Closing.RELEASED, "what was on its way to a released appliance is dropped, but for the verdict"),
    "units": _APPLIANCE,
    "claim_connections": _APPLIANCE,
    "devices": _APPLIANCE,
    "certificate_keys": _APPLIANCE,
    "certificates": _APPLIANCE,
    "verdicts": Fate(Closing.RELEASED, "the latest one says that the appliance is nobody's"),
    "states": Fate(Closing.RELEASED, "the reported values go; counters stay so that late reports are known"),
    "presences": _APPLIANCE,
    "received_messages": Fate(Closing.RELEASED, "numbers of the appliance's messages, for a day"),
    "homes": Fate(Closing.REMOVED, "those in which nobody is left"),
    "incidents": Fate(Closing.KEPT, "about many; that it concerned this account is removed"),
    "consent_events": Fate(
        Closing.UNLINKED, "for the limitation period, sealed under the destroyed key: only a receipt can be matched"
    ),
    "break_glass": Fate(Closing.UNLINKED, "two of the staff opened something: its review takes place all the same"),
    "audit_rows": Fate(Closing.KEPT, "a chain that nobody can edit; the account's random name leads nowhere any more"),
    "erasures": Fate(Closing.KEPT, "the erasure itself, which forgets the account when it no longer needs it"),
}
"""Every table whose rows are not simply removed by their subject. A table about people that has neither a subject nor
a line here fails the tests."""


def fate_of(name: str, entry: TableEntry) -> Fate | None:
    """What becomes of a table's rows; None where none is about a person.

    Raises:
        LookupError: nobody has decided it.
    """
    if name in FATES:
        return FATES[name]
    if entry.subject is not None:
        return Fate(Closing.REMOVED)
    if entry.nobody:
        return None
    raise LookupError(name)
