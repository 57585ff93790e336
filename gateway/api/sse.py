"""Event streams: the mechanics of `text/event-stream`. What is told is a source's business.

Each stream has a bounded buffer and one writer. A client that does not read is dropped rather than waited for, because
whoever feeds the stream must not be held up by it; it comes back with `Last-Event-ID`.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, Final

from aiohttp import web

from gateway.domain.identity import AccountId, SessionId
from gateway.observability.logging import logger
from gateway.observability.metrics import Metrics

_log = logger(__name__)

MEDIA_TYPE: Final = "text/event-stream"
LAST_EVENT_ID: Final = "Last-Event-ID"
LONGEST_ID: Final = 64

_GOODBYE_S: Final = 1.0
"""How long a closing stream tries to say why."""
_RETRY_MS: Final = 2000


@unique
class Closed(StrEnum):
    """Why a stream ended; the `reason` of its last event."""

    ENDED = "ended"
    """There is nothing more to tell."""
    TOO_MANY = "too_many_streams"
    """The account opened another and this was the oldest."""
    SLOW = "slow"
    STOPPING = "stopping"
    SIGNED_OUT = "signed_out"
    """The session that opened it ended."""
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a reason, not a token
    """The access token that opened it ran out; go on with the next one and `Last-Event-ID`."""
    FAILED = "failed"
    GONE = "gone"
    """The client left; nobody is told."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event."""

    kind: str
    data: Mapping[str, Any]
    event_id: str | None = None
    """What the client sends back as `Last-Event-ID`."""

    def content(self) -> bytes:
        """The event's lines. JSON has no bare line breaks, so `data` is one line."""
        lines = [f"event: {self.kind}"]
        if self.event_id is not None:
            lines.append(f"id: {self.event_id}")
        lines.append("data: " + json.dumps(self.data, ensure_ascii=False, separators=(",", ":")))
        return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


class StreamOverError(Exception):
    """Raised into a source that tries to tell something to a stream that is over."""

    def __init__(self, reason: Closed) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Opener:
    """Who opened a stream, and how long that counts."""

    account_id: AccountId = field(repr=False)
    session_id: SessionId = field(repr=False)
    seconds: float
    """What is left of the access token's life."""


class Stream:
    """One open stream, as its source sees it."""

    def __init__(self, opener: Opener, *, buffer_bytes: int, last_event_id: str | None) -> None:
        self.opener: Final = opener
        self.last_event_id: Final = last_event_id
        """What the client says it saw last; any text, at most 64 characters."""
        self._buffer_bytes: Final = buffer_bytes
        self._waiting: list[bytes] = []
        self._size = 0
        self._something: Final = asyncio.Event()
        self._nothing: Final = asyncio.Event()
        self._nothing.set()
        self._over: Final = asyncio.Event()
        self._reason: Closed | None = None

    @property
    def reason(self) -> Closed | None:
        """Why the stream is over; None while it is not."""
        return self._reason

    def tell(self, event: ServerEvent) -> None:
        """Queue one event. Never waits.

        Raises:
            StreamOverError: the stream is over, or the client read too slowly and it is over now.
        """
        if self._reason is not None:
            raise StreamOverError(self._reason)
        content = event.content()
        if self._waiting and self._size + len(content) > self._buffer_bytes:
            self.close(Closed.SLOW)
            raise StreamOverError(Closed.SLOW)
        self._waiting.append(content)
        self._size += len(content)
        self._something.set()
        self._nothing.clear()

    async def taken(self, seconds: float) -> None:
        """Return once all that was told is on its way: for a source that has more to tell than the buffer holds.

        Raises:
            StreamOverError: the client did not read for so long, and the stream is over now.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._nothing.wait()
        except TimeoutError:
            self.close(Closed.SLOW)
            raise StreamOverError(Closed.SLOW) from None

    def close(self, reason: Closed) -> None:
        """End the stream; the first reason counts."""
        if self._reason is None:
            self._reason = reason
            self._something.set()
            self._over.set()

    async def wait_over(self, seconds: float) -> None:
        """Return once the stream is over; after so many seconds it is."""
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            self.close(Closed.TOKEN_EXPIRED)

    async def next_bytes(self, seconds: float) -> bytes:
        """What is to be written next: queued events, or a comment when there were none for so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return b": \n\n"
        content = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        self._nothing.set()
        if self._reason is None:
            self._something.clear()
        return content


Source = Callable[[Stream], Awaitable[None]]
"""Tells a stream what there is, until there is nothing more; it is cancelled when the stream is over."""


class Streams:
    """All open streams of this gateway, a few for each account."""

    def __init__(
        self, metrics: Metrics, *, per_account: int, buffer_bytes: int, comment_s: float, most: int = 10_000
    ) -> None:
        self._metrics: Final = metrics
        self._per_account: Final = per_account
        self._buffer_bytes: Final = buffer_bytes
        self._comment_s: Final = comment_s
        self._most: Final = most
        self._open: Final[dict[AccountId, OrderedDict[Stream, None]]] = {}
        self._count = 0
        self._stopping = False

    @property
    def stopping(self) -> bool:
        """True once `close_all` was called."""
        return self._stopping

    def close_all(self) -> None:
        """Tell every stream that this gateway stops; none can be opened any more."""
        self._stopping = True
        for streams in self._open.values():
            for stream in streams:
                stream.close(Closed.STOPPING)

    def sign_out(self, account_id: AccountId, *, only: SessionId | None = None, but: SessionId | None = None) -> None:
        """End the account's streams, or only those of one session, or all but those of one session."""
        for stream in list(self._open.get(account_id, ())):
            session_id = stream.opener.session_id
            if session_id != but and (only is None or session_id == only):
                stream.close(Closed.SIGNED_OUT)

    @property
    def full(self) -> bool:
        """True when this gateway has as many streams as it takes."""
        return self._count >= self._most

    async def serve(self, request: web.Request, opener: Opener, source: Source, trace_id: str) -> web.StreamResponse:
        """Run one stream to its end."""
        last = request.headers.get(LAST_EVENT_ID)
        stream = Stream(
            opener, buffer_bytes=self._buffer_bytes, last_event_id=None if last is None else last[:LONGEST_ID]
        )
        answer = web.StreamResponse(headers={"X-Accel-Buffering": "no"})
        answer.content_type = MEDIA_TYPE
        self._enter(stream)
        try:
            await answer.prepare(request)
            async with asyncio.TaskGroup() as tasks:
                feeding = tasks.create_task(_feed(stream, source, trace_id))
                writing = tasks.create_task(self._write(stream, answer))
                await stream.wait_over(opener.seconds)
                feeding.cancel()
                if stream.reason not in {Closed.SLOW, Closed.GONE}:
                    await asyncio.wait({writing}, timeout=_GOODBYE_S)
                if not writing.done():
                    writing.cancel()
                    if request.transport is not None:
                        request.transport.abort()
        except ConnectionError:
            stream.close(Closed.GONE)
        finally:
            stream.close(Closed.GONE)
            self._leave(stream)
        return answer

    async def _write(self, stream: Stream, answer: web.StreamResponse) -> None:
        try:
            await answer.write(f"retry: {_RETRY_MS}\n\n".encode())
            while stream.reason is None:
                await answer.write(await stream.next_bytes(self._comment_s))
            goodbye = ServerEvent("closed", {"reason": stream.reason.value}).content()
            await answer.write(await stream.next_bytes(0) + goodbye)
            await answer.write_eof()
        except ConnectionError:
            stream.close(Closed.GONE)

    def _enter(self, stream: Stream) -> None:
        mine = self._open.setdefault(stream.opener.account_id, OrderedDict())
        mine[stream] = None
        alive = [each for each in mine if each.reason is None]
        for oldest in alive[: max(0, len(alive) - self._per_account)]:
            oldest.close(Closed.TOO_MANY)
        if self._stopping:
            stream.close(Closed.STOPPING)
        self._count += 1
        self._metrics.streams.inc()

    def _leave(self, stream: Stream) -> None:
        mine = self._open[stream.opener.account_id]
        del mine[stream]
        if not mine:
            del self._open[stream.opener.account_id]
        self._count -= 1
        self._metrics.streams.dec()
        self._metrics.streams_closed.labels((stream.reason or Closed.GONE).value).inc()


async def _feed(stream: Stream, source: Source, trace_id: str) -> None:
    try:
        await source(stream)
    except StreamOverError:
        return
    except Exception:  # noqa: BLE001 - one stream's trouble is not the gateway's; the log has it
        _log.exception("stream_failed", trace_id=trace_id)
        stream.close(Closed.FAILED)
    stream.close(Closed.ENDED)
