"""What the gateway does with data, for privacy officers: retention, erasures, the record. Nothing about anybody."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from gateway.console.views.processing import erasure_rows, retention_rows
from gateway.console.visit import Answered, Shown, Visit
from gateway.domain.audit import AuditEntry, Result
from gateway.domain.erasure import Erasure
from gateway.domain.policies import Language
from gateway.domain.staff import Action
from gateway.usecases import audit, retention
from gateway.usecases.staff_sessions import entry_of
from gateway.usecases.transaction import Transaction

T = TypeVar("T")


async def show_retention(visit: Visit) -> Answered:
    """Each class with its period, its oldest row, and how many rows went."""
    found = await _looked(visit, "retention", lambda tx: retention.status(tx, visit.now))
    values = {
        "rows": retention_rows(found, visit.language),
        "late": sum(1 for one in found if one.late),
        "days": retention.LOOKED_BACK.days + 1,
    }
    return Shown("retention.html", values)


async def show_erasures(visit: Visit) -> Answered:
    """Those under way with their steps, and the newest that are complete."""
    at_most = visit.deps.limits.rows_of_page

    def read(tx: Transaction) -> tuple[list[Erasure], list[Erasure]]:
        return tx.erasures.unfinished(at_most), tx.erasures.page(at_most)

    under_way, newest = await _looked(visit, "erasures", read)
    complete = [one for one in newest if one.finished_at is not None]
    values = {
        "under_way": erasure_rows(under_way, visit.language, visit.now),
        "complete": erasure_rows(complete, visit.language, visit.now),
    }
    return Shown("erasures.html", values)


async def show_record(visit: Visit) -> Answered:
    """The record of processing, made from the data map."""
    await audit.recorded(visit.deps.database, lambda tx: audit.append(tx, looked(visit, "record of processing")))
    record = visit.deps.processing_record(Language(visit.language.value))
    return Shown("processing_record.html", {"record": record})


def looked(visit: Visit, at: str) -> AuditEntry:
    """The entry of a look at what is about nobody."""
    return replace(entry_of(visit.staff, Action.SEE_PROCESSING, Result.GRANTED, visit.now), reason=at)


async def _looked(visit: Visit, at: str, work: Callable[[Transaction], T]) -> T:
    return await audit.audited(visit.deps.database, looked(visit, at), work)
