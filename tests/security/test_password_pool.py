"""The bounded pool that checks passwords."""

import asyncio
import threading

import pytest

from gateway.security.keys import KeyRing
from gateway.security.passwords import BcryptPasswords
from gateway.usecases.services import PasswordBusyError

GOOD = "plum tractor eleven"


async def test_the_event_loop_runs_on_while_passwords_are_hashed(keys: KeyRing) -> None:
    passwords = BcryptPasswords(keys, cost=9, workers=1)
    turns = 0
    async with asyncio.TaskGroup() as group:
        jobs = [group.create_task(passwords.verify("x", None)) for _ in range(4)]
        while not all(job.done() for job in jobs):
            await asyncio.sleep(0)
            turns += 1
    passwords.close()
    assert turns > 100


class Gate:
    """Holds the pool's threads until opened, so that a full queue needs no luck."""

    def __init__(self, passwords: BcryptPasswords, workers: int) -> None:
        self.opened = threading.Event()
        self.entered = threading.Semaphore(0)
        for _ in range(workers):
            passwords._pool.submit(self._wait)
        for _ in range(workers):
            assert self.entered.acquire(timeout=10)

    def _wait(self) -> None:
        self.entered.release()
        assert self.opened.wait(timeout=30)


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(keys: KeyRing) -> None:
    passwords = BcryptPasswords(keys, cost=4, workers=1, queue=3)
    gate = Gate(passwords, 1)
    async with asyncio.TaskGroup() as group:
        jobs = [group.create_task(passwords.verify("x", None)) for _ in range(3)]
        await asyncio.sleep(0)
        for refused in (
            passwords.verify("x", None),
            passwords.hash(GOOD),
            passwords.wrap_md5("0" * 32, "", salt_first=True),
        ):
            with pytest.raises(PasswordBusyError) as busy:
                await refused
            assert busy.value.retry_after_s >= 1
        gate.opened.set()
    assert [job.result() for job in jobs] == [False] * 3
    assert not await passwords.verify("x", None)
    passwords.close()


def test_the_advice_grows_with_the_queue_and_the_cost(keys: KeyRing) -> None:
    async def advice(queue: int) -> int:
        passwords = BcryptPasswords(keys, cost=12, workers=2, queue=queue)
        passwords._pending = queue
        with pytest.raises(PasswordBusyError) as busy:
            await passwords.verify("x", None)
        passwords.close()
        return busy.value.retry_after_s

    assert asyncio.run(advice(8)) == 1
    assert asyncio.run(advice(256)) == 32


async def test_one_who_leaves_gives_the_place_back(keys: KeyRing) -> None:
    passwords = BcryptPasswords(keys, cost=4, workers=1, queue=1)
    gate = Gate(passwords, 1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await passwords.verify("x", None)
    gate.opened.set()
    assert not await passwords.verify("x", None)
    assert passwords._pending == 0
    passwords.close()


async def test_who_waits_while_the_pool_closes_is_told_busy_not_cancelled(keys: KeyRing) -> None:
    passwords = BcryptPasswords(keys, cost=4, workers=1)
    gate = Gate(passwords, 1)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(_busy(passwords))
        await asyncio.sleep(0)
        closing = group.create_task(asyncio.to_thread(passwords.close))
        await waiting
        gate.opened.set()
        await closing
    assert waiting.result()
    assert await _busy(passwords)
    passwords.close()


async def _busy(passwords: BcryptPasswords) -> bool:
    try:
        await passwords.verify("x", None)
    except PasswordBusyError:
        return True
    return False
