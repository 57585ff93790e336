"""The links at the top of each page: what somebody's roles open, and nothing else."""

from dataclasses import dataclass
from typing import Final

from gateway.domain.staff import Action
from gateway.usecases.staff_sessions import SignedIn


@dataclass(frozen=True, slots=True)
class Entry:
    """One link."""

    path: str
    words: str
    needs: Action | None = None


ENTRIES: Final = (
    Entry("/", "look_up_short", Action.VIEW_UNIT),
    Entry("/funnel", "funnel", Action.VIEW_FUNNEL),
    Entry("/customers", "customers", Action.LIST_GRANTS),
    Entry("/requests", "requests", Action.HANDLE_REQUESTS),
    Entry("/incidents", "incidents", Action.HANDLE_INCIDENTS),
    Entry("/policies", "policies", Action.SEE_PROCESSING),
    Entry("/retention", "retention", Action.SEE_PROCESSING),
    Entry("/erasures", "erasures", Action.SEE_PROCESSING),
    Entry("/processing-record", "record", Action.SEE_PROCESSING),
    Entry("/audit", "audit", Action.READ_AUDIT),
    Entry("/staff", "staff", Action.LIST_STAFF),
    Entry("/codes", "codes"),
)


def navigation_of(who: SignedIn | None) -> tuple[Entry, ...]:
    """The links for somebody."""
    if who is None:
        return ()
    return tuple(entry for entry in ENTRIES if entry.needs is None or who.role_for(entry.needs) is not None)
