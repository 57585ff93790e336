"""Accounts of staff, for admins."""

from http import HTTPStatus
from typing import Final

import segno

from gateway.console.pages.log_in import NAME_AT_MOST, PASSWORD_AT_MOST
from gateway.console.refusal import Refusal
from gateway.console.visit import Answered, Moved, Shown, Visit
from gateway.domain.audit import Result
from gateway.domain.staff import Action, StaffId, StaffRole
from gateway.usecases import audit, staff
from gateway.usecases.accounts import BadChoice
from gateway.usecases.staff import Changed, Enrolled, LastAdmin, NoSuchStaff, OwnAccount, StaffNameTaken
from gateway.usecases.staff_sessions import entry_of

_QR_SCALE: Final = 5


async def show_staff(visit: Visit) -> Answered:
    """Everybody, and the form for somebody new."""
    entry = entry_of(visit.staff, Action.LIST_STAFF, Result.GRANTED, visit.now)
    everybody = await audit.audited(visit.deps.database, entry, lambda tx: staff.listed(tx, visit.deps.sealer))
    values = {
        "everybody": everybody,
        "all_roles": list(StaffRole),
        "done": visit.request.query.get("done") == "changed",
        "own_id": visit.staff.staff_id,
        "may_manage": visit.may(Action.MANAGE_STAFF),
    }
    return Shown("staff.html", values)


async def create_staff(visit: Visit) -> Answered:
    """Somebody new; the secret of their authenticator is shown once."""
    deps, form = visit.deps, visit.form
    name, password = form.text("name", at_most=NAME_AT_MOST), form.secret("password", at_most=PASSWORD_AT_MOST)
    roles = _roles(visit)
    checked = staff.check_new_staff(name, password, roles, deps.passwords)
    if not isinstance(checked, str):
        raise Refusal(HTTPStatus.BAD_REQUEST, f"staff_bad_{checked[0].field}")
    new = await staff.prepare_staff(
        checked,
        password,
        roles,
        passwords=deps.passwords,
        indexes=deps.indexes,
        identifiers=deps.identifiers,
        sealer=deps.sealer,
        tokens=deps.tokens,
        now=visit.now,
    )
    made = await audit.recorded(deps.database, lambda tx: staff.create(tx, new, by=visit.staff, now=visit.now))
    if isinstance(made, StaffNameTaken):
        raise Refusal(HTTPStatus.CONFLICT, "staff_name_taken")
    return _enrolled(made)


async def reset_authenticator(visit: Visit) -> Answered:
    """A new secret for somebody who lost theirs."""
    deps, who = visit.deps, visit.staff
    reset = await audit.recorded(
        deps.database,
        lambda tx: staff.reset_totp(tx, _about(visit), by=who, sealer=deps.sealer, tokens=deps.tokens, now=visit.now),
    )
    return _enrolled(reset) if isinstance(reset, Enrolled) else _done(reset)


async def change_roles(visit: Visit) -> Answered:
    """Other roles for somebody else."""
    who, roles = visit.staff, _roles(visit)
    return _done(
        await audit.recorded(
            visit.deps.database, lambda tx: staff.change_roles(tx, _about(visit), roles, by=who, now=visit.now)
        )
    )


async def disable_staff(visit: Visit) -> Answered:
    """Nobody logs in with this account any more."""
    who = visit.staff
    return _done(
        await audit.recorded(visit.deps.database, lambda tx: staff.disable(tx, _about(visit), by=who, now=visit.now))
    )


def _about(visit: Visit) -> StaffId:
    return StaffId(visit.request.match_info["staff_id"])


def _roles(visit: Visit) -> list[StaffRole]:
    ticked = visit.form.many("roles")
    if not all(role in set(StaffRole) for role in ticked):
        raise Refusal(HTTPStatus.BAD_REQUEST, "form_field_unfit", field="roles")
    return [StaffRole(role) for role in ticked]


def _enrolled(enrolled: Enrolled) -> Shown:
    uri = enrolled.otpauth_uri
    return Shown("enrolled.html", {"uri": uri, "qr": segno.make(uri, micro=False).svg_data_uri(scale=_QR_SCALE)})


def _done(outcome: Changed | NoSuchStaff | OwnAccount | LastAdmin | BadChoice) -> Moved:
    match outcome:
        case Changed():
            return Moved("/staff?done=changed")
        case NoSuchStaff():
            raise Refusal(HTTPStatus.NOT_FOUND, "staff_no_such")
        case OwnAccount():
            raise Refusal(HTTPStatus.CONFLICT, "staff_own")
        case LastAdmin():
            raise Refusal(HTTPStatus.CONFLICT, "staff_last_admin")
        case BadChoice():
            raise Refusal(HTTPStatus.BAD_REQUEST, "staff_bad_roles")
