"""The customer view: opened with the customer's code, for one appliance, and looked at with a row for each look."""

import json
from http import HTTPStatus
from typing import Any, Final

from gateway.console.refusal import Refusal
from gateway.console.targets import device_of_form
from gateway.console.views.checks import check_rows
from gateway.console.views.grants import glass_rows, grant_rows
from gateway.console.visit import Answered, Moved, Shown, Visit
from gateway.domain.identity import DeviceId
from gateway.domain.staff import Action
from gateway.domain.support_access import Case, Grant, GrantId, NotOpened, case_of
from gateway.usecases import audit, break_glass, support_access
from gateway.usecases.repositories.states import VisibleState
from gateway.usecases.run_check import Check, run_check
from gateway.usecases.support_access import NoDevice, NoGrant, OpenedDevice
from gateway.usecases.transaction import Transaction

ID_AT_MOST: Final = 64
CODE_AT_MOST: Final = 32
DONE: Final = {"asked": "break_glass_asked", "decided": "decided", "reviewed": "reviewed", "ended": "grant_ended"}
"""What was just done, as addresses name it, and the sentence that says so."""


async def show_customers(visit: Visit) -> Answered:
    """What is open, what waits for a second person, what is to be reviewed; and the forms for one appliance."""
    who, now = visit.staff, visit.now
    waits, reviews = visit.may(Action.APPROVE_BREAK_GLASS), visit.may(Action.REVIEW_BREAK_GLASS)

    def read(tx: Transaction) -> dict[str, Any]:
        waiting = break_glass.break_glass_waiting(tx, who, now) if waits else []
        to_review = break_glass.break_glass_to_review(tx, who, now) if reviews else []
        grants = support_access.open_grants(tx, who, now)
        return {
            "grants": grant_rows(grants, who, visit.language),
            "waiting": glass_rows(waiting),
            "to_review": glass_rows(to_review),
        }

    found = await audit.recorded(visit.deps.database, read)
    target = visit.request.query.get("attempt", "")[:ID_AT_MOST]
    more = {
        "said": DONE.get(visit.request.query.get("done", "")),
        "waits": waits,
        "reviews": reviews,
        "may_view": visit.may(Action.VIEW_CUSTOMER),
        "may_end": visit.may(Action.END_GRANT),
        "may_open": visit.may(Action.USE_CODE) and bool(target),
        "target_name": "attempt",
        "target": target,
    }
    return Shown("customers.html", {**found, **more})


async def open_customer(visit: Visit) -> Answered:
    """Open one appliance with the code that the customer reads out."""
    case, code = case_of_form(visit), visit.form.text("code", at_most=CODE_AT_MOST)
    meant = meant_by_form(visit)
    deps, who = visit.deps, visit.staff

    def work(tx: Transaction) -> Grant | NotOpened | NoDevice:
        device_id = device_of_form(tx, *meant)
        if device_id is None:
            return support_access.no_device(tx, who, Action.USE_CODE, case, visit.now)
        return support_access.open_with_code(
            tx, who, device_id, case, code, tokens=deps.tokens, identifiers=deps.identifiers, now=visit.now
        )

    opened = await audit.recorded(deps.database, work)
    if isinstance(opened, NoDevice):
        raise Refusal(HTTPStatus.NOT_FOUND, "no_device")
    if isinstance(opened, NotOpened):
        raise Refusal(HTTPStatus.CONFLICT, f"not_opened_{opened.value}")
    return Moved(f"/customers/{opened.grant_id}")


async def show_customer(visit: Visit) -> Answered:
    """One appliance that is open to this person: its state and presence, nothing about its people."""
    who, now = visit.staff, visit.now
    grant_id = GrantId(visit.request.match_info["grant_id"])

    def read(tx: Transaction) -> tuple[OpenedDevice, list[VisibleState], tuple[Check, ...]] | NoGrant:
        grant = tx.support_access.grant(grant_id)
        device_id = DeviceId("") if grant is None else grant.device_id
        opened = support_access.view_customer(tx, who, device_id, now)
        if isinstance(opened, NoGrant):
            return opened
        states = tx.states.visible(opened.grant.account_id, device_id, -1)
        return opened, states, run_check(tx, device_id, now) or ()

    found = await audit.recorded(visit.deps.database, read)
    if isinstance(found, NoGrant):
        raise Refusal(HTTPStatus.NOT_FOUND, "no_grant")
    opened, states, checks = found
    state = states[0] if states else None
    values = {
        "grant": opened.grant,
        "grant_id": grant_id,
        "state": [] if state is None else sorted((name, shown(value)) for name, value in state.properties.items()),
        "as_of": None if state is None else state.as_of or state.received_at,
        "checks": check_rows(checks, visit.language),
        "may_end": visit.may(Action.END_GRANT),
    }
    return Shown("customer.html", values)


async def end_customer(visit: Visit) -> Answered:
    """Give a grant back before its time."""
    who, grant_id = visit.staff, GrantId(visit.request.match_info["grant_id"])
    ended = await audit.recorded(visit.deps.database, lambda tx: support_access.give_back(tx, who, grant_id, visit.now))
    if not ended:
        raise Refusal(HTTPStatus.NOT_FOUND, "no_grant")
    return Moved("/customers?done=ended")


def case_of_form(visit: Visit) -> Case:
    """The case and the reason that were typed.

    Raises:
        Refusal: one of them cannot be used.
    """
    case = case_of(
        visit.form.text("case", at_most=200, required=False), visit.form.text("reason", at_most=1000, required=False)
    )
    if isinstance(case, Case):
        return case
    raise Refusal(HTTPStatus.BAD_REQUEST, "bad_case", field=", ".join(wrong.field for wrong in case))


def meant_by_form(visit: Visit) -> tuple[str, str]:
    """The appliance and the attempt that a form names, for `device_of_form`: looked for where the row is written."""
    form = visit.form
    device = form.text("device", at_most=ID_AT_MOST, required=False)
    return device, form.text("attempt", at_most=ID_AT_MOST, required=False)


def shown(value: Any) -> str:
    """A reported value as text: what is no text is JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
