"""Whether somebody's roles allow an action; a refusal is in the audit before it is told."""

from http import HTTPStatus

from gateway.console.refusal import Refusal
from gateway.console.visit import Visit
from gateway.domain.staff import Action
from gateway.usecases import audit
from gateway.usecases.staff_sessions import note_refusal


async def require(visit: Visit, action: Action) -> None:
    """Let somebody go on whose roles allow this.

    Raises:
        Refusal: they do not.
        AuditUnavailableError: they do not, and that cannot be written.
    """
    who = visit.staff
    if who.role_for(action) is not None:
        return
    await audit.recorded(visit.deps.database, lambda tx: note_refusal(tx, who, action, visit.now))
    raise Refusal(HTTPStatus.FORBIDDEN, "not_allowed")
