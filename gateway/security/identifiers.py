"""Random names: ids of 128 bits, time-ordered UUIDs, and trace ids for people to read out."""

import secrets
import threading
import uuid
from datetime import datetime
from typing import Final

from gateway.domain.identity import CROCKFORD, TRACE_ALPHABET

_ID_LETTERS: Final = 26
_COUNTER_BITS: Final = 42
_MAX_MILLISECOND: Final = (1 << 48) - 1


class RandomIdentifiers:
    """Makes names. One object a process: the order of its UUIDs is promised within one object."""

    __slots__ = ("_counter", "_lock", "_millisecond")

    def __init__(self) -> None:
        self._lock = threading.Lock()  # database threads ask too
        self._millisecond = -1
        self._counter = 0

    def new(self, prefix: str) -> str:
        """`prefix-` and 128 random bits as 26 letters of Crockford base32, lower case."""
        number = secrets.randbits(128)
        return f"{prefix}-" + "".join(CROCKFORD[number >> 5 * place & 31] for place in range(_ID_LETTERS - 1, -1, -1))

    def uuid7(self, now: datetime) -> str:
        """A UUID of version 7 (RFC 9562, 5.7) that sorts after every earlier one of this object.

        Layout as in RFC 9562, 6.2, method 1: 48 bits of Unix milliseconds, a 42-bit counter that starts at a random
        value below half its range in each millisecond, 32 random bits. When the clock stands still or goes back,
        the last millisecond is used on and the counter counts.

        Raises:
            ValueError: `now` has no time zone.
        """
        if now.tzinfo is None:
            raise ValueError("a time without a zone")
        asked = min(max(int(now.timestamp() * 1000), 0), _MAX_MILLISECOND)
        with self._lock:
            if asked > self._millisecond:
                self._millisecond, self._counter = asked, secrets.randbits(_COUNTER_BITS - 1)
            else:
                self._counter += 1
                if self._counter >> _COUNTER_BITS:
                    self._millisecond, self._counter = self._millisecond + 1, secrets.randbits(_COUNTER_BITS - 1)
            millisecond, counter = self._millisecond, self._counter
        high, low = counter >> 30, counter & ((1 << 30) - 1)
        number = millisecond << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low << 32 | secrets.randbits(32)
        return str(uuid.UUID(int=number))

    def trace_id(self) -> str:
        """Six letters for people to read out, such as `k7q-4m2` (29 bits: short-lived, looked up with a code)."""
        letters = "".join(secrets.choice(TRACE_ALPHABET) for _ in range(6))
        return f"{letters[:3]}-{letters[3:]}"
