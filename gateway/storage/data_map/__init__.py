"""What is stored, column by column: what for, how sensitive, how long, and who sees it.

A column without an entry fails the tests. The map drives the retention job and renders the pages that people read.
"""

from typing import Final

from gateway.domain.policies import Language
from gateway.storage.data_map import policy_part, record, render
from gateway.storage.data_map.access import ACCOUNTS
from gateway.storage.data_map.automations import AUTOMATIONS
from gateway.storage.data_map.consent import CONSENT
from gateway.storage.data_map.delivery import DELIVERY
from gateway.storage.data_map.entries import Entry, Reader, Sensitivity, TableEntry
from gateway.storage.data_map.erasure import ERASURE
from gateway.storage.data_map.households import HOUSEHOLDS
from gateway.storage.data_map.lifecycle import LIFECYCLE
from gateway.storage.data_map.operation import OPERATION
from gateway.storage.data_map.registry import REGISTRY
from gateway.storage.data_map.rights import RIGHTS
from gateway.storage.data_map.staff import STAFF
from gateway.usecases.processing_record import ProcessingRecord
from gateway.usecases.receipts import Controller
from gateway.usecases.repositories.retention import RetentionClass
from gateway.usecases.retention import PERIODS

__all__ = [
    "DATA_MAP",
    "Entry",
    "Reader",
    "Sensitivity",
    "TableEntry",
    "as_json",
    "as_markdown",
    "ended_by_time",
    "for_person",
    "for_policy",
    "processing_record",
]

DATA_MAP: Final[dict[str, TableEntry]] = {
    **ACCOUNTS,
    **REGISTRY,
    **LIFECYCLE,
    **OPERATION,
    **DELIVERY,
    **STAFF,
    **CONSENT,
    **RIGHTS,
    **ERASURE,
    **HOUSEHOLDS,
    **AUTOMATIONS,
}


def ended_by_time() -> tuple[RetentionClass, ...]:
    """The classes that the map uses and that time ends: what the retention job has to do."""
    used = {
        which
        for table in DATA_MAP.values()
        for classes in (table.retention, *(entry.retention for entry in table.columns.values()))
        for which in classes
    }
    return tuple(which for which in RetentionClass if which in used and which in PERIODS)


def as_json() -> str:
    """The whole map as JSON."""
    return render.as_json(DATA_MAP)


def as_markdown() -> str:
    """The whole map as Markdown, a table for each table."""
    return render.as_markdown(DATA_MAP)


def for_person() -> str:
    """The page that a person reads, as Markdown."""
    return render.for_person(DATA_MAP)


def for_policy(language: Language) -> str:
    """What is stored about a person, and how long: the generated part of the policy."""
    return policy_part.stored(DATA_MAP, language)


def processing_record(controller: Controller, language: Language) -> ProcessingRecord:
    """The record of processing (Art. 30 of the GDPR), with everything that the map knows."""
    return record.processing_record(DATA_MAP, controller, language)
