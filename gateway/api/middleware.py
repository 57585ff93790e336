"""What every request passes on its way to a handler, from the outside in: trace, problems, limits, who, what, once."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from gateway.api.answer import Answer
from gateway.api.buckets import Buckets, Taken, headers_of
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.decoding import decode, read_body
from gateway.api.dependencies import ApiDependencies
from gateway.api.problem import FieldError, Problem, fields_of, problem_of
from gateway.api.routes import Cost, Route
from gateway.api.sse import Streams
from gateway.domain.addresses import counted_as
from gateway.observability.logging import logger
from gateway.usecases.idempotency import Conflict, Replay, identify, look_up, once
from gateway.usecases.idempotency import WholeAnswer as Whole
from gateway.usecases.persons import PersonKeyGoneError
from gateway.usecases.services import TokenPurpose
from gateway.usecases.sessions import authenticate
from gateway.usecases.transaction import DatabaseUnavailableError

_log = logger(__name__)

TRACE: Final = web.RequestKey("trace", str)
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
LONGEST_TARGET: Final = 4096

SECURITY_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
_HSTS: Final = "max-age=31536000"

_BEARER: Final = re.compile(r"Bearer ([A-Za-z0-9._~+/-]{16,512}=*)", re.IGNORECASE)
_KEY: Final = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{8,128})"|([\x21\x23-\x5b\x5d-\x7e]{8,128})')

Handling = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """The checks before and after a handler, with what they remember between requests."""

    def __init__(self, deps: ApiDependencies, streams: Streams) -> None:
        self._deps: Final = deps
        self._streams: Final = streams
        limits = deps.limits
        self._by_account: Final = Buckets("account", limits.per_account, deps.monotonic)
        self._by_address: Final = Buckets("address", limits.per_address, deps.monotonic)
        self._by_password: Final = Buckets("password", limits.password_per_address, deps.monotonic)
        self._by_work: Final = Buckets("work", limits.work_per_account, deps.monotonic)
        self._running: Final[set[bytes]] = set()

    @web.middleware
    async def answer_everything(self, request: web.Request, handler: Handling) -> web.StreamResponse:
        """The outermost: a trace id, every exception as a problem, headers, metrics."""
        trace_id = self._deps.identifiers.trace_id()
        request[TRACE] = trace_id
        began = self._deps.monotonic()
        structlog.contextvars.bind_contextvars(trace_id=trace_id)
        try:
            answer = await handler(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a problem and the log the rest
            answer = refuse(error, trace_id)
        finally:
            structlog.contextvars.unbind_contextvars("trace_id")
        route = _template(request)
        self._deps.metrics.http_requests.labels(_method(request), route, str(answer.status)).inc()
        if answer.content_type != "text/event-stream":
            self._deps.metrics.http_seconds.labels(route).observe(self._deps.monotonic() - began)
        return answer

    @web.middleware
    async def limit_address(self, request: web.Request, handler: Handling) -> web.StreamResponse:
        """The address's bucket, for everything, also for paths that do not exist."""
        taken = self._by_address.take(counted_as(request.remote))
        request[_TAKEN] = [taken]
        self._admit([taken])
        return await handler(request)

    def handling(self, route: Route) -> Handling:
        """The handler that aiohttp calls for a route of the table."""

        async def handle(request: web.Request) -> web.StreamResponse:
            call = Call(
                request=request,
                deps=self._deps,
                streams=self._streams,
                trace_id=request[TRACE],
                now=self._deps.clock(),
                address=counted_as(request.remote),
            )
            taken = request[_TAKEN]
            if route.auth:
                await self._authenticate(call)
                taken.append(self._by_account.take(call.account_id))
            if route.cost is Cost.PASSWORD:
                taken.append(self._by_password.take(call.address))
            if route.cost is Cost.WORK:
                taken.append(self._by_work.take(call.account_id))
            self._admit(taken)
            content = await self._read_models(call, route)
            try:
                outcome = await self._once(call, route, content)
            except (DatabaseUnavailableError, PersonKeyGoneError):
                # Their account may have been closed since they were let in: then they are told what anybody is.
                if route.auth:
                    await self._authenticate(call)
                raise
            return respond(outcome, call.trace_id)

        return handle

    def _admit(self, taken: list[Taken]) -> None:
        refused = [one for one in taken if not one.allowed]
        if refused:
            for one in refused:
                self._deps.metrics.http_limited.labels(one.name).inc()
            wait = max(one.wait_s for one in refused)
            raise Problem(ApiCode.RATE_LIMITED, retry_after_s=max(1, wait))

    async def _authenticate(self, call: Call) -> None:
        sent = call.request.headers.getall("Authorization", [])
        if len(sent) != 1:
            raise Problem(ApiCode.UNAUTHENTICATED)
        bearer = _BEARER.fullmatch(sent[0])
        if bearer is None:
            raise Problem(ApiCode.UNAUTHENTICATED, headers=_INVALID_TOKEN)
        digest = self._deps.tokens.digest(TokenPurpose.ACCESS, bearer[1])
        call.authenticated = await call.read(lambda tx: authenticate(tx, digest, call.now))
        if call.authenticated is None:
            raise Problem(ApiCode.UNAUTHENTICATED, headers=_INVALID_TOKEN)

    async def _read_models(self, call: Call, route: Route) -> bytes:
        """Path, query and body into the route's models; every bad field of all three at once."""
        request, limits = call.request, self._deps.limits
        errors: list[FieldError] = []
        _parameters(call, route.parameters, dict(request.match_info), "path", errors)
        query: dict[str, str] = {}
        for name, value in request.query.items():
            if name in query:
                errors.append(FieldError("query", name[:100], "is given twice"))
            query[name] = value
        _parameters(call, route.query, query, "query", errors)
        at_most = min(limits.body_bytes, route.body_bytes or limits.body_bytes)
        content = await read_body(request, at_most=at_most, seconds=limits.body_seconds)
        if route.request is None:
            if content.strip() not in {b"", b"{}"}:
                errors.append(FieldError("body", "", "is not taken here"))
        else:
            try:
                call.models[route.request] = decode(route.request, content)
            except Problem as problem:
                if problem.code is not ApiCode.VALIDATION:
                    raise
                errors += problem.errors
        if errors:
            raise Problem(ApiCode.VALIDATION, errors=errors)
        return content

    async def _once(self, call: Call, route: Route, content: bytes) -> Answer | Problem | web.StreamResponse:
        """Run the handler, unless the same Idempotency-Key was seen before."""
        sent = call.request.headers.getall(IDEMPOTENCY_KEY, [])
        if not route.idempotent or not sent:
            return await route.handler(call)
        key = _KEY.fullmatch(sent[0].strip())
        if key is None or len(sent) > 1:
            raise Problem(
                ApiCode.MALFORMED,
                errors=[FieldError("header", IDEMPOTENCY_KEY, "is not one text of 8 to 128 visible letters")],
            )
        owner = "" if call.authenticated is None else call.authenticated.account_id
        identity = identify(
            self._deps.indexes,
            owner=owner,
            method=call.request.method,
            path=call.request.path_qs,
            key=key[1] or key[2],
            content=content,
        )
        if identity.key in self._running:
            raise Problem(ApiCode.IDEMPOTENCY_RUNNING)
        self._running.add(identity.key)
        try:
            if route.replays_early:
                match await call.read(lambda tx: look_up(tx, identity, self._deps.sealer, call.now)):
                    case Conflict():
                        raise Problem(ApiCode.IDEMPOTENCY_CONFLICT)
                    case Replay(answer=answer):
                        return call.replay(answer)
            call.identity = identity
            outcome = await route.handler(call)
            if isinstance(outcome, Answer) and not call.kept:
                # The handler changed nothing through `commit`; what it answered is kept all the same.
                whole = Whole(int(outcome.status), outcome.content(), outcome.location)
                await self._deps.database.run(
                    lambda tx: once(tx, identity, lambda _: whole, self._deps.sealer, call.now)
                )
            return outcome
        finally:
            self._running.discard(identity.key)


_TAKEN: Final = web.RequestKey("taken", list)
_INVALID_TOKEN: Final = {"WWW-Authenticate": 'Bearer realm="hearthgate", error="invalid_token"'}


def respond(outcome: Answer | Problem | web.StreamResponse, trace_id: str) -> web.StreamResponse:
    """The response for what a handler gave back."""
    match outcome:
        case Answer():
            return outcome.response()
        case Problem():
            return outcome.response(trace_id)
        case web.StreamResponse():
            return outcome


def refuse(error: Exception, trace_id: str) -> web.Response:
    """The answer to an exception; what is unknown goes to the log with its trace id."""
    problem = problem_of(error)
    if problem.code is ApiCode.INTERNAL:
        _log.error("request_failed", trace_id=trace_id, exc_info=error)
    return problem.response(trace_id)


async def complete(request: web.Request, answer: web.StreamResponse) -> None:
    """Called by aiohttp right before the head of any answer is written."""
    complete_headers(answer, request, request.get(TRACE, ""))
    if _TAKEN in request:
        answer.headers.update(headers_of(request[_TAKEN]))


def complete_headers(answer: web.StreamResponse, request: web.BaseRequest, trace_id: str) -> None:
    """Headers that every answer carries."""
    for name, value in SECURITY_HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.secure:
        answer.headers["Strict-Transport-Security"] = _HSTS
    if trace_id:
        answer.headers["X-Trace-Id"] = trace_id
    answer.headers["Server"] = "hearthgate"


def _parameters(
    call: Call, model: type[BaseModel] | None, given: dict[str, str], where: str, errors: list[FieldError]
) -> None:
    if model is None:
        errors += [FieldError(where, name[:100], "is not a parameter of this route") for name in given]
        return
    try:
        call.models[model] = model.model_validate(given)
    except ValidationError as error:
        if where == "path":  # an id of the wrong form and one that is not there look the same
            raise Problem(ApiCode.NOT_FOUND) from None
        errors += fields_of(error, where)


def _template(request: web.Request) -> str:
    """The route's path with its parameters unfilled, or one word for all unknown paths: few label values."""
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical


def _method(request: web.Request) -> str:
    return request.method if request.method in _METHODS else "other"


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
