"""The audit, for auditors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Final

from gateway.console.refusal import Refusal
from gateway.console.visit import Answered, Shown, Visit
from gateway.console.words import WORDS
from gateway.domain.audit import AuditRow, Result
from gateway.domain.staff import Action
from gateway.usecases import audit
from gateway.usecases.staff_sessions import entry_of

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}")
_LETTERS: Final = 8
"""Of a pseudonym: enough to tell colleagues apart, and to find the row again."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row for people."""

    number: int
    at: datetime
    who: str = field(repr=False)
    role: str
    action: str
    result: str
    look: str
    about: str = field(repr=False)
    case: str = field(repr=False)
    reason: str = field(repr=False)


_LOOKS: Final[Mapping[str, str]] = {Result.GRANTED: "good", Result.REFUSED: "bad", Result.NOT_FOUND: "warn"}


async def show_audit(visit: Visit) -> Answered:
    """Some rows, newest first; reading them is a row of its own."""
    asked = visit.request.query.get("before")
    if asked is not None and _NUMBER.fullmatch(asked) is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "not_found")
    before = None if asked is None else int(asked)
    entry = entry_of(visit.staff, Action.READ_AUDIT, Result.GRANTED, visit.now)
    at_most = visit.deps.limits.rows_of_page
    rows, older = await audit.audited(visit.deps.database, entry, lambda tx: audit.page(tx, before, at_most))
    return Shown("audit.html", {"rows": [_row(row, visit) for row in rows], "older": older})


def _row(row: AuditRow, visit: Visit) -> Row:
    entry = row.entry
    about = "" if entry.device_id is None else entry.device_id[: _LETTERS + 2]
    if not about and entry.target is not None:
        about = entry.target.hex()[:_LETTERS]
    return Row(
        number=row.number,
        at=entry.at,
        who=visit.say("somebody") if entry.staff_id is None else entry.staff_id[: _LETTERS + 2],
        role=_word(visit, "role", entry.role),
        action=_word(visit, "action", entry.action),
        result=_word(visit, "result", entry.result),
        look=_LOOKS.get(entry.result, ""),
        about=about,
        case=entry.case,
        reason=entry.reason,
    )


def _word(visit: Visit, kind: str, value: str) -> str:
    """Our word for it; a row of a version that knew more says what it says."""
    key = f"{kind}_{value}"
    return visit.say(key) if key in WORDS[visit.language] else value
