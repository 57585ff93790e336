"""A bare HTTP/1.1 client for load: the app's side of one account, over connections that stay open.

A client library would be a good part of what is measured, as on the MQTT side (`wire`). This one is for our own API
only, on loopback: it trusts what it reads.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_LONGEST_LINE: Final = 1 << 20


class RefusedError(Exception):
    """The API answered with a problem."""


class AppWire:
    """One account's app."""

    def __init__(self, url: str, login_name: str, password: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._host: Final[str] = parts.hostname
        self._port: Final[int] = parts.port
        self._credentials: Final = {"login_name": login_name, "password": password}
        self._authorization = b""
        self._idle: Final[deque[_Connection]] = deque()
        self._keys = 0
        self.account_id = ""

    async def sign_up(self) -> None:
        """Register and log in."""
        await self.post("/v1/accounts", {**self._credentials, "adult": True})
        session = await self.post("/v1/sessions", self._credentials)
        self.account_id = session["account_id"]
        self._authorization = f"Authorization: Bearer {session['access_token']}\r\n".encode()

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST once, under a key of its own; the answer's object.

        Raises:
            RefusedError: any status but 2xx.
        """
        self._keys += 1
        content = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\nIdempotency-Key: {id(self):016x}-{self._keys}\r\n"
        )
        connection = await self._connection()
        reader, writer = connection
        writer.write(head.encode() + self._authorization + b"\r\n" + content)
        status, length = _head(await reader.readuntil(b"\r\n\r\n"))
        answer: dict[str, Any] = json.loads(await reader.readexactly(length))
        self._idle.append(connection)
        if status // 100 != 2:
            raise RefusedError(f"{status} {answer.get('code')}")
        return answer

    async def events(self) -> AsyncGenerator[tuple[str, str]]:
        """(kind, data) of everything that the account may see, from a snapshot on, until closed."""
        reader, writer = await self._connect()
        try:
            head = f"GET /v1/events HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            writer.write(head.encode() + self._authorization + b"\r\n")
            await reader.readuntil(b"\r\n\r\n")
            kind = ""
            while line := await reader.readline():  # the sizes of chunks are lines of their own, of no interest
                if line.startswith(b"event: "):
                    kind = line[7:].decode().strip()
                elif line.startswith(b"data: "):
                    yield kind, line[6:].decode()
        finally:
            writer.close()

    def close(self) -> None:
        """End the connections that are not in use."""
        while self._idle:
            self._idle.pop()[1].close()

    async def _connection(self) -> _Connection:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()  # the gateway ended it: it was idle for too long
        return await self._connect()

    async def _connect(self) -> _Connection:
        return await asyncio.open_connection(self._host, self._port, limit=_LONGEST_LINE)


def _head(head: bytes) -> tuple[int, int]:
    """Status and length of the body."""
    first, *fields = head.split(b"\r\n")
    lengths = [int(line[15:]) for line in fields if line[:15].lower() == b"content-length:"]
    return int(first.split()[1]), lengths[0]
