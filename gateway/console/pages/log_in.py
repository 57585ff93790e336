"""Logging in and out, one's own account, and the language."""

from http import HTTPStatus
from typing import Final

from gateway.console.cookies import chosen_language
from gateway.console.origins import page_left
from gateway.console.visit import Answered, Moved, Shown, Visit
from gateway.domain.failure_texts import Language
from gateway.domain.staff import Action
from gateway.usecases import audit, staff_sessions
from gateway.usecases.staff_sessions import LogInRefused

NAME_AT_MOST: Final = 256
PASSWORD_AT_MOST: Final = 1024


async def show_log_in(visit: Visit) -> Answered:
    """The form."""
    return Moved("/") if visit.who is not None else Shown("log_in.html", {"wrong": None, "retry_after_s": None})


async def log_in(visit: Visit) -> Answered:
    """Name, password and code. What was wrong is not told."""
    deps, form = visit.deps, visit.form
    outcome = await staff_sessions.log_in(
        deps.database,
        form.text("name", at_most=NAME_AT_MOST, required=False),
        form.secret("password", at_most=PASSWORD_AT_MOST),
        form.text("code", at_most=32, required=False),
        passwords=deps.passwords,
        indexes=deps.indexes,
        sealer=deps.sealer,
        tokens=deps.tokens,
        address=visit.address,
        now=visit.now,
    )
    if isinstance(outcome, LogInRefused):
        values = {"wrong": "log_in_refused", "retry_after_s": outcome.retry_after_s}
        return Shown("log_in.html", values, HTTPStatus.UNAUTHORIZED)
    return Moved("/", sign_in=outcome.token)


async def log_out(visit: Visit) -> Answered:
    """End the session."""
    who = visit.staff
    await audit.recorded(visit.deps.database, lambda tx: staff_sessions.log_out(tx, who, visit.now))
    return Moved("/log-in", sign_out=True)


async def show_account(visit: Visit) -> Answered:
    """Who one is here, and what one may."""
    who = visit.staff
    allowed = [visit.say(f"action_{action.value}") for action in Action if who.role_for(action) is not None]
    roles = [visit.say(f"role_{role.value}") for role in sorted(who.roles)]
    return Shown("account.html", {"roles": roles, "allowed": allowed, "ends_at": who.ends_at})


async def set_language(visit: Visit) -> Answered:
    """The language of all pages from now on, and back to the page that was left."""
    asked = visit.form.text("language", at_most=8)
    language = Language(asked) if asked in set(Language) else chosen_language(visit.request)
    return Moved(page_left(visit.request), language=language)
