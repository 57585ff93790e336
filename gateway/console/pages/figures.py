"""The funnel, and the pages of the codes."""

from datetime import timedelta
from http import HTTPStatus
from typing import Final

from gateway.console.refusal import Refusal
from gateway.console.views.codes import all_codes, code_of_digits, code_view
from gateway.console.views.funnel import funnel_view
from gateway.console.visit import Answered, Shown, Visit
from gateway.domain.audit import Result
from gateway.domain.staff import Action
from gateway.usecases import audit, support
from gateway.usecases.staff_sessions import entry_of

SPANS: Final = (1, 6, 24, 72, 168)
"""Hours back from now that can be chosen."""
_DAY: Final = 24


async def show_funnel(visit: Visit) -> Answered:
    """How far the attempts of some hours came."""
    asked = visit.request.query.get("hours", "24")
    hours = next((span for span in SPANS if str(span) == asked), None)
    if hours is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "not_found")
    now = visit.now
    entry = entry_of(visit.staff, Action.VIEW_FUNNEL, Result.GRANTED, now)
    funnel = await audit.audited(
        visit.deps.database, entry, lambda tx: support.funnel(tx, now - timedelta(hours=hours), now, now)
    )
    spans = [{"hours": span, "name": _span_name(visit, span)} for span in SPANS]
    return Shown("funnel.html", {"funnel": funnel_view(funnel, visit.language), "spans": spans, "hours": hours})


def _span_name(visit: Visit, hours: int) -> str:
    if hours == 1:
        return visit.say("span_hour")
    if hours < _DAY:
        return visit.say("span_hours", many=hours)
    return visit.say("span_day") if hours == _DAY else visit.say("span_days", many=hours // _DAY)


async def show_codes(visit: Visit) -> Answered:
    """All codes."""
    return Shown("codes.html", {"stages": all_codes(visit.language)})


async def show_code(visit: Visit) -> Answered:
    """One code."""
    code = code_of_digits(visit.request.match_info["digits"])
    if code is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "not_found")
    return Shown("code.html", {"code": code_view(code, visit.language)})
