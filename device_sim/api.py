"""One account's way to the HTTP API: tokens that are renewed when they run out, problems as exceptions, and streams."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from device_sim.sse import ServerEvent, SseParser

MAX_ANSWER_BYTES: Final = 8 << 20
_UNAUTHORISED: Final = 401
_BAD: Final = 400
_STREAM_IDLE_S: Final = 60.0
"""The API sends a comment every 20 s; three missed mean that nobody is there."""

FINAL_REASONS: Final = frozenset({"ended", "signed_out", "too_many_streams"})
"""Reasons of a `closed` event after which coming back is useless or unwanted."""


class ProblemError(Exception):
    """The API refused (RFC 9457). `code` is its code, `body` the whole problem."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", "unknown"))
        self.body = dict(body)
        super().__init__(f"{status} {self.code}")

    @property
    def retry_after_s(self) -> float | None:
        """When trying again may help, in seconds."""
        value = self.body.get("retry_after_s")
        return float(value) if isinstance(value, int | float) else None

    @property
    def trace_id(self) -> str | None:
        """What to read out to support."""
        value = self.body.get("trace_id")
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)


@dataclass(slots=True)
class Tokens:
    """What proves who we are. The refresh token changes with each use."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


class Api:
    """Requests of one account over a shared aiohttp session."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, tls: ssl.SSLContext | None = None) -> None:
        self._session = session
        self._base = base_url.rstrip("/")
        self._tls: ssl.SSLContext | bool = tls if tls is not None else True
        self._refreshing = asyncio.Lock()
        self.tokens: Tokens | None = None

    async def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
    ) -> Answer:
        """One request; an access token that ran out is renewed once.

        Raises:
            ProblemError: the API refused.
            aiohttp.ClientError: no answer.
            TimeoutError: no answer in time.
        """
        used = self.tokens
        try:
            return await self._once(method, path, body, headers or {}, timeout_s)
        except ProblemError as problem:
            if problem.status != _UNAUTHORISED or used is None:
                raise
        await self._renew(used)
        return await self._once(method, path, body, headers or {}, timeout_s)

    async def events(self, path: str, *, last_event_id: str = "") -> AsyncGenerator[ServerEvent]:
        """Events of a stream, over reconnections, until the API says that there is nothing more.

        Raises:
            ProblemError: the stream is refused.
            EventTooLargeError: it sends what no client can hold.
        """
        pause_s = 1.0
        while True:
            parser = SseParser(last_event_id)
            used = self.tokens
            try:
                async with contextlib.aclosing(self._stream(path, parser)) as stream:
                    async for event in stream:
                        yield event
                        if event.event == "closed" and any(f'"{reason}"' in event.data for reason in FINAL_REASONS):
                            return
            except ProblemError as problem:
                if problem.status != _UNAUTHORISED or used is None:
                    raise
                await self._renew(used)
            except (aiohttp.ClientError, TimeoutError):
                pass  # the network; what was missed comes after the last id
            last_event_id = parser.last_event_id
            if parser.retry_ms is not None:
                pause_s = parser.retry_ms / 1000
            await asyncio.sleep(pause_s)

    async def _stream(self, path: str, parser: SseParser) -> AsyncGenerator[ServerEvent]:
        headers = {"Accept": "text/event-stream", **self._authorization()}
        if parser.last_event_id:
            headers["Last-Event-ID"] = parser.last_event_id
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=_STREAM_IDLE_S)
        async with self._session.get(self._base + path, headers=headers, timeout=timeout, ssl=self._tls) as answer:
            if answer.status >= _BAD:
                raise ProblemError(answer.status, await _json(answer))
            async for chunk in answer.content.iter_any():
                for event in parser.feed(chunk):
                    yield event

    async def _once(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str], timeout_s: float
    ) -> Answer:
        async with self._session.request(
            method,
            self._base + path,
            json=body,
            headers={**self._authorization(), **headers},
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            ssl=self._tls,
            allow_redirects=False,
        ) as answer:
            content = await _json(answer)
            if answer.status >= _BAD:
                raise ProblemError(answer.status, content)
            return Answer(
                answer.status, answer.headers.copy(), content
            )  # copied as it is: names in any case find theirs

    async def _renew(self, used: Tokens) -> None:
        """Take the refresh token to the API, once for all who noticed: a second use of one ends the session."""
        async with self._refreshing:
            if self.tokens is not used:
                return
            self.tokens = None  # a refresh needs no access token, and a failed one leaves none that is good
            answer = await self._once("POST", "/v1/sessions/refresh", {"refresh_token": used.refresh}, {}, 30.0)
            self.take_tokens(answer.body)

    def take_tokens(self, body: Mapping[str, Any]) -> None:
        """Use the tokens of an answer from now on."""
        self.tokens = Tokens(str(body["access_token"]), str(body["refresh_token"]))

    def _authorization(self) -> dict[str, str]:
        return {} if self.tokens is None else {"Authorization": f"Bearer {self.tokens.access}"}


async def _json(answer: aiohttp.ClientResponse) -> Any:
    """The body, or an empty object when there is none, it is no JSON, or larger than anything we ask for."""
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.content.iter_any():
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            return {}
        pieces.append(piece)
    try:
        return json.loads(b"".join(pieces)) if "json" in answer.content_type else {}
    except ValueError:
        return {}
