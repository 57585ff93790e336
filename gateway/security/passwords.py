r"""Passwords: bcrypt over a keyed pre-hash, on a bounded pool of threads of its own, never on the event loop.

`bcrypt(base64(HMAC-SHA384(pepper, "pw1\0" + NFKC(password))), cost)`. The pre-hash is 64 letters, so bcrypt's limit of
72 bytes and its stop at NUL cannot bite, and a stolen hash cannot be tried without the pepper. An imported salted md5
is wrapped under another tag, `"md5s1\0" + md5hex`: so a stolen md5 digest, typed as a password, is not one.
"""

import asyncio
import base64
import hashlib
import hmac
import math
import os
import re
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import bcrypt

from gateway.security.keys import KeyRing
from gateway.security.password_rules import normalised, wrong_with
from gateway.usecases.services import PasswordBusyError, PasswordRecord

SCHEME: Final = "pw1"
MD5_SCHEME: Final = "md5s1"
DEFAULT_COST: Final = 12
DEFAULT_QUEUE: Final = 256

_SECONDS_AT_COST_12: Final = 0.25
"""About what one hash takes on one core; only the advice when to try again is made of it."""

_NICE: Final = 10
_MD5_HEX: Final = re.compile(r"[0-9a-fA-F]{32}")
_BCRYPT_LETTERS: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

Result = TypeVar("Result")


class BcryptPasswords:
    """Hashes and checks passwords.

    Args:
        keys: the pepper and its id.
        cost: bcrypt's, 4 to 31. 12 takes about 230 ms.
        workers: threads; as many as the machine has cores if not given.
        queue: how many may wait or be worked on; one more is refused.
    """

    __slots__ = (
        "_closed",
        "_cost",
        "_dummy",
        "_limit",
        "_lock",
        "_pending",
        "_pepper",
        "_pepper_id",
        "_pool",
        "_workers",
    )

    def __init__(
        self, keys: KeyRing, *, cost: int = DEFAULT_COST, workers: int | None = None, queue: int = DEFAULT_QUEUE
    ) -> None:
        self._pepper = keys.pepper
        self._pepper_id = keys.pepper_id
        self._cost = cost
        self._workers = workers if workers is not None else os.cpu_count() or 1
        self._limit = queue
        self._pending = 0
        self._closed = False
        self._lock = threading.Lock()
        # A hash in bcrypt's form that no password is known to have: checking against it costs what a real one costs.
        self._dummy = bcrypt.gensalt(cost) + "".join(secrets.choice(_BCRYPT_LETTERS) for _ in range(31)).encode()
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="password", initializer=_be_polite)

    def check_rules(self, password: str, login_name: str | None = None) -> str | None:
        """None when it may be chosen, else what is wrong with it (never the password itself)."""
        return wrong_with(password, login_name=login_name)

    async def hash(self, password: str) -> PasswordRecord:
        """Hash a new password under scheme `pw1`. The rules are `check_rules`'s business.

        Raises:
            ValueError: it is not text, or longer than the rules allow.
            PasswordBusyError: the queue is full.
        """
        return await self._work(lambda: self._hash_now(password))

    async def verify(self, password: str, record: PasswordRecord | None) -> bool:
        """Check a password. Every answer takes one bcrypt: also no record, an unknown scheme or pepper, and no text.

        Raises:
            PasswordBusyError: the queue is full.
        """
        return await self._work(lambda: self._verify_now(password, record))

    async def wrap_md5(self, md5_hex: str, salt: str, *, salt_first: bool) -> PasswordRecord:
        """Wrap an imported digest; the digest itself is not kept.

        Args:
            md5_hex: 32 hexadecimal digits.
            salt: as text; it was hashed as UTF-8 right before or after the password.
            salt_first: md5(salt + password) if true, md5(password + salt) if false.

        Raises:
            ValueError: `md5_hex` has another form, or the salt is not text.
            PasswordBusyError: the queue is full.
        """
        if _MD5_HEX.fullmatch(md5_hex) is None:
            raise ValueError("an md5 digest is 32 hexadecimal digits")
        if _utf8(salt) is None:
            raise ValueError("the salt is not text")
        digest = self._prehash(MD5_SCHEME, md5_hex.lower().encode())
        hashed = await self._work(lambda: bcrypt.hashpw(digest, bcrypt.gensalt(self._cost)))
        return PasswordRecord(MD5_SCHEME, hashed.decode(), self._pepper_id, salt, salt_first)

    def close(self) -> None:
        """Finish what is being hashed; who waits, or asks afterwards, gets `PasswordBusyError`. Blocks for one hash."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def needs_rehash(self, record: PasswordRecord) -> bool:
        """True when a record that was just verified should be replaced: other scheme, pepper, or lower cost."""
        return (
            record.scheme != SCHEME
            or record.pepper_id != self._pepper_id
            or not record.hash.startswith(f"$2b${self._cost:02d}$")
        )

    def _hash_now(self, password: str) -> PasswordRecord:
        text = normalised(password)
        if text is None:
            raise ValueError("this cannot be a password: not text, or too long")
        hashed = bcrypt.hashpw(self._prehash(SCHEME, text.encode()), bcrypt.gensalt(self._cost))
        return PasswordRecord(SCHEME, hashed.decode(), self._pepper_id)

    def _verify_now(self, password: str, record: PasswordRecord | None) -> bool:
        digest = None if record is None else self._digest_for(password, record)
        if record is None or digest is None:
            bcrypt.checkpw(self._prehash("dummy", b""), self._dummy)
            return False
        try:
            return bcrypt.checkpw(digest, record.hash.encode())
        except ValueError:  # a damaged row is a wrong password, in the usual time
            bcrypt.checkpw(digest, self._dummy)
            return False

    def _digest_for(self, password: str, record: PasswordRecord) -> bytes | None:
        """What bcrypt is asked about; None when no answer can be right."""
        text = normalised(password)
        if text is None or record.pepper_id != self._pepper_id:
            return None
        if record.scheme == SCHEME:
            return self._prehash(SCHEME, text.encode())
        salt = None if record.salt is None else _utf8(record.salt)
        if record.scheme != MD5_SCHEME or salt is None:
            return None
        raw = password.encode()  # as typed: whoever made the digest did not normalise
        md5 = hashlib.md5(salt + raw if record.salt_first else raw + salt, usedforsecurity=False)
        return self._prehash(MD5_SCHEME, md5.hexdigest().encode())

    def _prehash(self, tag: str, value: bytes) -> bytes:
        return base64.b64encode(hmac.digest(self._pepper, tag.encode() + b"\0" + value, "sha384"))

    async def _work(self, job: Callable[[], Result]) -> Result:
        with self._lock:
            if self._pending >= self._limit:
                seconds = _SECONDS_AT_COST_12 * 2.0 ** (self._cost - DEFAULT_COST) * self._pending / self._workers
                raise PasswordBusyError(max(1, math.ceil(seconds)))
            self._pending += 1
        try:
            future = self._pool.submit(job)
        except RuntimeError:  # closed
            self._done()
            raise PasswordBusyError(1) from None
        future.add_done_callback(self._done)  # also when the one who asked has left and the job was cancelled
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and task is not None and not task.cancelling():
                raise PasswordBusyError(
                    1
                ) from None  # the job was dropped by `close`, nobody cancelled the one who asked
            raise

    def _done(self, _future: object = None) -> None:
        with self._lock:
            self._pending -= 1


def _utf8(text: str) -> bytes | None:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None


def _be_polite() -> None:
    """Let the event loop go first. On Linux a thread has a niceness of its own; elsewhere it would be the process's."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
