"""Run check."""

from dataclasses import replace
from http import HTTPStatus

from gateway.console.refusal import Refusal
from gateway.console.targets import device_of_form
from gateway.console.views.checks import check_rows, check_summary
from gateway.console.visit import Answered, Shown, Visit
from gateway.domain.audit import Result
from gateway.domain.staff import Action
from gateway.usecases import audit
from gateway.usecases.run_check import Check, Judged, run_check
from gateway.usecases.staff_sessions import entry_of
from gateway.usecases.support_access import concerning
from gateway.usecases.transaction import Transaction


async def show_check(visit: Visit) -> Answered:
    """Everything that is known of an appliance now, point by point."""
    attempt_id = visit.form.text("attempt", at_most=64, required=False)
    device_id = visit.form.text("device", at_most=64, required=False)
    entry = entry_of(visit.staff, Action.RUN_CHECK, Result.GRANTED, visit.now)

    def read(tx: Transaction) -> tuple[Check, ...] | None:
        device = device_of_form(tx, device_id, attempt_id)
        if device is None:
            audit.append(tx, replace(entry, result=Result.NOT_FOUND))
            return None
        checks = run_check(tx, device, visit.now)
        audit.append(tx, concerning(tx, entry, device, visit.now))
        return checks

    checks = await audit.recorded(visit.deps.database, read)
    if checks is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "check_no_device")
    values = {
        "checks": check_rows(checks, visit.language),
        "summary": check_summary(checks, visit.language),
        "wrong": any(check.judged is Judged.BAD for check in checks),
        "at": visit.now,
        "attempt_id": attempt_id if visit.may(Action.VIEW_ATTEMPT) else "",
    }
    return Shown("check.html", values)
