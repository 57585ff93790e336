"""Server-sent events, read as the WHATWG HTML standard says (section 9.2.6), from a server that may be hostile.

A parser without I/O: bytes in, events out. What the standard leaves unbounded is bounded here.
"""

import codecs
from dataclasses import dataclass, field
from typing import Final

MAX_EVENT_CHARACTERS: Final = 1 << 20
"""Of one event or one line; more is a server that wants our memory."""

_MAX_RETRY_MS: Final = 3_600_000


class EventTooLargeError(Exception):
    """The stream was given up: one event does not end."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event. `id` is the last id that was seen on the stream, which is what one resumes from."""

    event: str
    data: str = field(repr=False)
    id: str


class SseParser:
    """Feed it whatever arrives, cut wherever the network liked."""

    def __init__(self, last_event_id: str = "") -> None:
        self.last_event_id = last_event_id
        self.retry_ms: int | None = None
        self.comments = 0
        """Keep-alives seen: the stream lives, which says nothing about an appliance."""
        # Bytes that are no UTF-8 become U+FFFD, as the standard wants; an exception would let a server end the client.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._at_start = True
        self._after_cr = False
        self._event = ""
        self._data: list[str] = []
        self._size = 0
        self._id = last_event_id

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events that these bytes complete.

        Raises:
            EventTooLargeError: a line or an event is larger than `MAX_EVENT_CHARACTERS`.
        """
        text = self._decoder.decode(chunk)
        if self._at_start and text:
            self._at_start = False
            text = text.removeprefix("\ufeff")
        if self._after_cr and text:
            self._after_cr = False
            text = text.removeprefix("\n")
        if text.endswith("\r"):
            self._after_cr = True
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        events: list[ServerEvent] = []
        for line in lines:
            whole, self._rest = self._rest + line, ""
            event = self._line(whole)
            if event is not None:
                events.append(event)
        self._rest += rest
        if len(self._rest) > MAX_EVENT_CHARACTERS:
            raise EventTooLargeError
        return events

    def _line(self, line: str) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        if line.startswith(":"):
            self.comments += 1
            return None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._event = value
            case "data":
                self._size += len(value) + 1
                if self._size > MAX_EVENT_CHARACTERS:
                    raise EventTooLargeError
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit() and len(value) <= len(str(_MAX_RETRY_MS)):
                self.retry_ms = min(int(value), _MAX_RETRY_MS)
            case _:
                pass
        return None

    def _dispatch(self) -> ServerEvent | None:
        self.last_event_id = self._id
        data, kind = self._data, self._event or "message"
        self._data, self._event, self._size = [], "", 0
        return ServerEvent(kind, "\n".join(data), self.last_event_id) if data else None
