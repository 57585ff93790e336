"""One request as a handler sees it: who asks, what was asked, and the one way to change something."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from aiohttp import web
from pydantic import BaseModel

from gateway.api.answer import Answer, response
from gateway.api.codes import ApiCode
from gateway.api.conditions import preferred_wait
from gateway.api.dependencies import ApiDependencies
from gateway.api.problem import MEDIA_TYPE, Problem
from gateway.api.sse import Opener, Source, Streams
from gateway.domain.identity import AccountId
from gateway.usecases.idempotency import Conflict, First, Replay, RequestIdentity, WholeAnswer, once
from gateway.usecases.sessions import Authenticated
from gateway.usecases.transaction import Transaction

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=BaseModel)

REPLAYED: Final = "Idempotency-Replayed"


@dataclass(slots=True)
class Call:
    """One request."""

    request: web.Request = field(repr=False)
    deps: ApiDependencies = field(repr=False)
    streams: Streams = field(repr=False)
    trace_id: str
    now: datetime
    """When the request arrived."""
    address: str = field(repr=False)
    """Where it came from: an IPv4 address or an IPv6 /64. For limits only, never stored readable."""
    authenticated: Authenticated | None = field(default=None, repr=False)
    identity: RequestIdentity | None = field(default=None, repr=False)
    """Set when the request carries an Idempotency-Key."""
    kept: bool = False
    """The answer was stored with its effect."""
    models: dict[type[BaseModel], BaseModel] = field(default_factory=dict, repr=False)

    @property
    def account_id(self) -> AccountId:
        """Who asks. Only on routes with `auth`."""
        return self.session.account_id

    @property
    def session(self) -> Authenticated:
        """Account and session of who asks. Only on routes with `auth`."""
        if self.authenticated is None:
            raise Problem(ApiCode.UNAUTHENTICATED)
        return self.authenticated

    def get(self, model: type[ModelT]) -> ModelT:
        """The body, query or path parameters: whichever of the route's models this is."""
        found = self.models[model]
        if not isinstance(found, model):
            raise TypeError(model)
        return found

    def wait_s(self) -> float | None:
        """Seconds that the client prefers to wait for the end, bounded; None when it does not."""
        return preferred_wait(self.request, self.deps.limits.wait_at_most)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Read from a consistent snapshot."""
        return await self.deps.database.read(work)

    async def commit(self, work: Callable[[Transaction], Answer | Problem]) -> Answer | Problem | web.Response:
        """Change something, in one transaction, once for each Idempotency-Key.

        `work` returns the answer, which is stored in the same transaction when the client gave a key; on a repeated
        request `work` does not run and the stored answer comes back. A `Problem` that is returned (not raised) commits
        too: a refusal that must be remembered. One that says "try again" is not kept for a repetition.
        """
        identity = self.identity
        if identity is None:
            return await self.deps.database.run(work)
        outcome: list[Answer | Problem] = []

        def kept(tx: Transaction) -> WholeAnswer | None:
            answer = work(tx)
            outcome[:] = [answer]
            return self._whole(answer)

        known = await self.deps.database.run(lambda tx: once(tx, identity, kept, self.deps.sealer, self.now))
        match known:
            case First():
                self.kept = True
                return outcome[0]
            case Conflict():
                return Problem(ApiCode.IDEMPOTENCY_CONFLICT)
            case Replay(answer=answer):
                return self.replay(answer)

    def replay(self, answer: WholeAnswer) -> web.Response:
        """An earlier answer, sent again."""
        self.kept = True
        self.deps.metrics.http_replayed.inc()
        again = response(answer.status, answer.content, answer.location, None, {REPLAYED: "true"})
        if answer.status >= 400:  # noqa: PLR2004 - problems
            again.content_type = MEDIA_TYPE
        return again

    async def stream(self, source: Source) -> web.StreamResponse:
        """Answer with an event stream until the source ends, the client leaves, or the gateway stops."""
        if self.streams.full or self.streams.stopping:
            raise Problem(ApiCode.STOPPING if self.streams.stopping else ApiCode.BUSY)
        session = self.session
        seconds = max(0.0, (session.expires_at - self.now).total_seconds())
        opener = Opener(session.account_id, session.session_id, seconds)
        return await self.streams.serve(self.request, opener, source, self.trace_id)

    def _whole(self, answer: Answer | Problem) -> WholeAnswer | None:
        match answer:
            case Answer():
                return WholeAnswer(int(answer.status), answer.content(), answer.location)
            case Problem() if answer.retryable or answer.status >= 500:  # noqa: PLR2004 - server errors
                return None
            case Problem():
                return WholeAnswer(answer.status, answer.content(self.trace_id))
