"""What every request passes on its way to a page: trace, limits, who, from where, may they; refusals become pages."""

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import structlog
from aiohttp import web

from gateway.console import cookies
from gateway.console.dependencies import ConsoleDependencies
from gateway.console.forms import FORM_AT_MOST, read_form
from gateway.console.headers import BEGUN
from gateway.console.navigation import navigation_of
from gateway.console.origins import from_our_page
from gateway.console.refusal import Refusal
from gateway.console.rendering import Pages
from gateway.console.roles import require
from gateway.console.routes import Open, Route
from gateway.console.visit import Answered, Moved, Shown, Visit
from gateway.domain.addresses import counted_as
from gateway.domain.staff import Action
from gateway.observability.logging import logger
from gateway.usecases.audit import AuditUnavailableError
from gateway.usecases.services import PasswordBusyError
from gateway.usecases.staff_sessions import (
    MayNotError,
    authenticate,
    csrf_fits,
    csrf_token,
)
from gateway.usecases.transaction import DatabaseUnavailableError

_log = logger(__name__)

Handling = Callable[[web.Request], Awaitable[web.StreamResponse]]

VISIT: Final = web.RequestKey("visit", Visit)


class Gate:
    """The checks before a page, and how its answer becomes bytes."""

    def __init__(self, deps: ConsoleDependencies) -> None:
        self._deps: Final = deps
        self._pages: Final = Pages()

    @web.middleware
    async def answer_everything(self, request: web.Request, handler: Handling) -> web.StreamResponse:
        """The outermost: a trace id, every exception as a page, metrics."""
        deps = self._deps
        visit = Visit(
            request=request,
            deps=deps,
            trace_id=deps.identifiers.trace_id(),
            now=deps.clock(),
            language=cookies.chosen_language(request),
            address=counted_as(request.remote),
            began=deps.monotonic(),
        )
        if not cookies.read_cookie(request, cookies.SESSION):
            self._is_nobody(visit)
        request[VISIT] = visit
        structlog.contextvars.bind_contextvars(trace_id=visit.trace_id)
        try:
            wait = deps.admit(visit.address)
            if wait:
                raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", retry_after_s=wait)  # noqa: TRY301 - one place makes pages of refusals
            if request.match_info.http_exception is not None:
                await self._recognise(visit)  # no route will: the page that says so is one of theirs all the same
            answer = await handler(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person gets a page and the log the rest
            if isinstance(error, AuditUnavailableError):
                deps.metrics.audit_failures.inc()
            refused = self._refuse(visit, error)
            # A stream that fails after its head just ends: a page would be read as more of it.
            answer = request.get(BEGUN, refused)
        finally:
            structlog.contextvars.unbind_contextvars("trace_id")
        resource = request.match_info.route.resource
        route = "unknown" if resource is None else f"console:{resource.canonical}"
        method = request.method if request.method in {"GET", "HEAD", "POST"} else "other"
        deps.metrics.http_requests.labels(method, route, str(answer.status)).inc()
        return answer

    def handling(self, route: Route) -> Handling:
        """The handler that aiohttp calls for a route of the table."""

        async def handle(request: web.Request) -> web.StreamResponse:
            visit = request[VISIT]
            await self._recognise(visit)
            if route.method == "POST":
                await self._take_form(visit, route)
            if visit.who is None and route.needs is not Open.EVERYBODY:
                return self._move(visit, Moved("/log-in"))
            if visit.who is not None and isinstance(route.needs, Action):
                await require(visit, route.needs)
            if route.costs_password and (wait := self._deps.admit_password(visit.address)):
                raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", retry_after_s=wait)
            return await self._respond(visit, await route.page(visit))

        return handle

    async def _recognise(self, visit: Visit) -> None:
        """Who shows the session's cookie, and what their forms carry."""
        token = cookies.read_cookie(visit.request, cookies.SESSION)
        if not token:
            return
        tokens, sealer, database = self._deps.tokens, self._deps.sealer, self._deps.database
        by_script = visit.request.headers.get("Sec-Fetch-Dest") == "empty"  # what our script asks for: nobody is there
        transaction = database.read if by_script else database.run
        visit.who = await transaction(
            lambda tx: authenticate(tx, token, tokens=tokens, sealer=sealer, now=visit.now, prolong=not by_script)
        )
        if visit.who is None:
            self._is_nobody(visit)
        else:
            visit.csrf = csrf_token(tokens, token)

    def _is_nobody(self, visit: Visit) -> None:
        visit.csrf = cookies.read_cookie(visit.request, cookies.FORM) or self._deps.identifiers.new("f")

    async def _take_form(self, visit: Visit, route: Route) -> None:
        """A form counts only if it came from a page of ours."""
        request = visit.request
        if not from_our_page(request):
            raise Refusal(HTTPStatus.FORBIDDEN, "form_from_elsewhere")
        may = isinstance(route.needs, Action) and visit.may(route.needs)
        visit.form = await read_form(request, route.form_at_most if may else FORM_AT_MOST)
        presented = visit.form.text("csrf", at_most=256, required=False)
        if visit.who is not None:
            good = csrf_fits(self._deps.tokens, cookies.read_cookie(request, cookies.SESSION), presented)
        else:
            kept = cookies.read_cookie(request, cookies.FORM)
            good = bool(kept) and hmac.compare_digest(kept.encode(), presented.encode("utf-8", "replace"))
        if not good:
            raise Refusal(HTTPStatus.FORBIDDEN, "form_expired")

    async def _respond(self, visit: Visit, answered: Answered) -> web.StreamResponse:
        match answered:
            case Shown():
                answer = self._draw(visit, answered)
                left = answered.not_before - self._deps.monotonic()
                if left > 0:
                    await self._deps.sleep(left)
                return answer
            case Moved():
                return self._move(visit, answered)
            case web.StreamResponse():
                return answered

    def _draw(self, visit: Visit, shown: Shown) -> web.Response:
        values = {
            "staff": visit.who,
            "csrf": visit.csrf,
            "here": visit.request.path,
            "navigation": navigation_of(visit.who),
            **shown.values,
        }
        content = self._pages.draw(shown.template, visit.language, values)
        answer = web.Response(body=content, status=shown.status, content_type="text/html", charset="utf-8")
        if visit.who is None and visit.csrf and not cookies.read_cookie(visit.request, cookies.FORM):
            cookies.set_cookie(visit.request, answer, cookies.FORM, visit.csrf)
        return answer

    def _move(self, visit: Visit, moved: Moved) -> web.Response:
        answer = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": moved.path})
        if moved.sign_in is not None:
            cookies.set_cookie(visit.request, answer, cookies.SESSION, moved.sign_in)
            cookies.drop_cookie(visit.request, answer, cookies.FORM)
        if moved.sign_out:
            cookies.drop_cookie(visit.request, answer, cookies.SESSION)
        if moved.language is not None:
            cookies.set_cookie(visit.request, answer, cookies.LANGUAGE, moved.language.value)
        return answer

    def _refuse(self, visit: Visit, error: Exception) -> web.StreamResponse:
        refusal = refusal_of(error)
        if refusal.status is HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("console_failed", exc_info=error)
        sentence = visit.say(refusal.words)
        if refusal.field is not None:
            sentence = f"{sentence} ({refusal.field})"
        values = {"sentence": sentence, "retry_after_s": refusal.retry_after_s, "trace_id": visit.trace_id}
        answer = self._draw(visit, Shown("refusal.html", values, refusal.status))
        if refusal.retry_after_s is not None:
            answer.headers["Retry-After"] = str(refusal.retry_after_s)
        return answer


_TOLD: Final[tuple[tuple[type[Exception], HTTPStatus, str, int | None], ...]] = (
    (MayNotError, HTTPStatus.FORBIDDEN, "not_allowed", None),
    (AuditUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE, "audit_unavailable", 5),
    (DatabaseUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable", 5),
    (PasswordBusyError, HTTPStatus.SERVICE_UNAVAILABLE, "busy", 5),
    (web.HTTPNotFound, HTTPStatus.NOT_FOUND, "not_found", None),
    (web.HTTPMethodNotAllowed, HTTPStatus.METHOD_NOT_ALLOWED, "not_found", None),
    (web.HTTPException, HTTPStatus.BAD_REQUEST, "form_unreadable", None),
)
"""Exceptions that have a sentence of their own; the first that fits."""


def refusal_of(error: Exception) -> Refusal:
    """What people are told of an exception; of what is unknown nothing but the trace id."""
    if isinstance(error, Refusal):
        return error
    for kind, status, words, retry_after_s in _TOLD:
        if isinstance(error, kind):
            return Refusal(status, words, retry_after_s=retry_after_s)
    return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "failed")
