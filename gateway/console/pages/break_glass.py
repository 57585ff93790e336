"""Break-glass: one person asks, another decides, a third reviews."""

from http import HTTPStatus

from gateway.console.pages.customers import case_of_form, meant_by_form
from gateway.console.refusal import Refusal
from gateway.console.targets import device_of_form
from gateway.console.visit import Answered, Moved, Visit
from gateway.domain.staff import Action
from gateway.domain.support_access import BreakGlass, BreakGlassId, NotDecided
from gateway.usecases import audit, break_glass
from gateway.usecases.break_glass import NoCustomer
from gateway.usecases.support_access import NoDevice, no_device
from gateway.usecases.transaction import Transaction


async def ask(visit: Visit) -> Answered:
    """Ask for a second person."""
    case, meant = case_of_form(visit), meant_by_form(visit)
    deps, who = visit.deps, visit.staff

    def work(tx: Transaction) -> BreakGlass | NoCustomer | NoDevice:
        device_id = device_of_form(tx, *meant)
        if device_id is None:
            return no_device(tx, who, Action.ASK_BREAK_GLASS, case, visit.now)
        return break_glass.ask_break_glass(tx, who, device_id, case, identifiers=deps.identifiers, now=visit.now)

    asked = await audit.recorded(deps.database, work)
    if isinstance(asked, NoDevice):
        raise Refusal(HTTPStatus.NOT_FOUND, "no_device")
    if isinstance(asked, NoCustomer):
        raise Refusal(HTTPStatus.CONFLICT, "break_glass_no_customer")
    return Moved("/customers?done=asked")


async def decide(visit: Visit) -> Answered:
    """Approve or decline what somebody else asked."""
    deps, who, glass_id = visit.deps, visit.staff, BreakGlassId(visit.request.match_info["glass_id"])
    approve = _chosen(visit, "approve", "decline")
    decided = await audit.recorded(
        deps.database,
        lambda tx: break_glass.decide_break_glass(
            tx, who, glass_id, approve=approve, identifiers=deps.identifiers, now=visit.now
        ),
    )
    if isinstance(decided, NotDecided):
        raise Refusal(HTTPStatus.CONFLICT, f"not_decided_{decided.value}")
    return Moved("/customers?done=decided")


async def review(visit: Visit) -> Answered:
    """Say afterwards whether it was right."""
    who, glass_id = visit.staff, BreakGlassId(visit.request.match_info["glass_id"])
    justified = _chosen(visit, "justified", "not_justified")
    reviewed = await audit.recorded(
        visit.deps.database,
        lambda tx: break_glass.review_break_glass(tx, who, glass_id, justified=justified, now=visit.now),
    )
    if isinstance(reviewed, NotDecided):
        raise Refusal(HTTPStatus.CONFLICT, f"not_decided_{reviewed.value}")
    return Moved("/customers?done=reviewed")


def _chosen(visit: Visit, yes: str, no: str) -> bool:
    """Which of two buttons was pressed."""
    pressed = visit.form.text("verdict", at_most=32)
    if pressed not in {yes, no}:
        raise Refusal(HTTPStatus.BAD_REQUEST, "form_field_unfit", field="verdict")
    return pressed == yes
