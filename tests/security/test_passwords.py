"""Passwords: the rules for choosing one, the two schemes, and the bounded pool that does the work."""

import asyncio
import base64
import hashlib
import hmac
import statistics
import threading
import time
from collections.abc import Iterator

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.security.keys import KeyRing, MasterKey
from gateway.security.password_rules import common_passwords, wrong_with
from gateway.security.passwords import BcryptPasswords
from gateway.usecases import services
from gateway.usecases.services import PasswordBusyError, PasswordRecord

GOOD = "plum tractor eleven"
SALT = "8f2c"


@pytest.fixture
def passwords(keys: KeyRing) -> Iterator[BcryptPasswords]:
    made = BcryptPasswords(keys, cost=4, workers=2)
    typed: services.Passwords = made
    assert typed is made
    yield made
    made.close()


def wide(text: str) -> str:
    """The same letters as an East Asian keyboard may type them."""
    return text.translate({letter: letter + 0xFEE0 for letter in range(0x21, 0x7F)})


def old_digest(password: str, *, salt_first: bool = True) -> str:
    text = SALT + password if salt_first else password + SALT
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


# --- rules


@pytest.mark.parametrize(
    "password",
    [GOOD, "12345679", "tr0ub4dor&3", "x" * 255 + "y", "пароль-на-завтра", "😀😁😂🤣😃😄😅😆"],
)
def test_a_long_enough_password_may_be_chosen(password: str) -> None:
    assert wrong_with(password) is None


@pytest.mark.parametrize("password", ["", "a", "sevenab", "😀" * 7])
def test_fewer_than_eight_characters_are_refused(password: str) -> None:
    assert wrong_with(password) == "it is shorter than 8 characters"


@pytest.mark.parametrize("password", ["ab" * 128 + "c", "ab" * 600, "ab" * (512 * 1024), "\ufdfa" * 20])
def test_more_than_256_characters_are_refused(password: str) -> None:
    assert wrong_with(password) == "it is longer than 256 characters"


def test_length_is_counted_after_normalisation() -> None:
    decomposed = "e\u0301" * 7  # seven letters for people, fourteen code points
    assert wrong_with(decomposed) == "it is shorter than 8 characters"
    assert wrong_with("o\u0308xyz" * 64) is None  # 320 code points, 256 letters


@pytest.mark.parametrize(
    "password", ["password", "PassWord1", "qwertyuiop", "woaini1314", wide("password"), "zzzzzzzz"]
)
def test_passwords_that_are_tried_first_are_refused_in_any_spelling(password: str) -> None:
    assert wrong_with(password) == "it is one of the passwords that are tried first"


def test_the_block_list_is_worth_its_name() -> None:
    assert len(common_passwords()) >= 400
    assert all(len(entry) >= 8 for entry in common_passwords())


def test_the_login_name_is_no_password(passwords: BcryptPasswords) -> None:
    assert passwords.check_rules("Anna@Example.com", "anna@example.com") == "it is the login name"
    assert passwords.check_rules("Anna@Example.com", "bob@example.com") is None
    assert passwords.check_rules("Anna@Example.com") is None


def test_a_lone_surrogate_is_not_text() -> None:
    assert wrong_with("plum tractor \ud800") == "it contains something that is not a character"


@given(st.text(alphabet=st.characters(), max_size=40))
def test_whatever_is_wrong_the_answer_never_quotes_the_password(password: str) -> None:
    wrong = wrong_with(password)
    assert wrong is None or len(password) < 8 or password not in wrong


# --- scheme pw1


async def test_the_right_password_passes_and_a_wrong_one_does_not(passwords: BcryptPasswords) -> None:
    record = await passwords.hash(GOOD)
    assert await passwords.verify(GOOD, record)
    assert not await passwords.verify(GOOD + " ", record)
    assert not await passwords.verify("", record)


async def test_a_record_shows_scheme_cost_and_pepper_but_no_secret(passwords: BcryptPasswords, keys: KeyRing) -> None:
    record = await passwords.hash(GOOD)
    assert (record.scheme, record.pepper_id) == ("pw1", keys.pepper_id)
    assert record.hash.startswith("$2b$04$")
    assert record.hash not in repr(record)
    assert (await passwords.hash(GOOD)).hash != record.hash


def test_the_default_cost_is_twelve(keys: KeyRing) -> None:
    made = BcryptPasswords(keys)
    made.close()
    assert made._dummy.startswith(b"$2b$12$")


async def test_the_hash_is_exactly_the_published_construction(passwords: BcryptPasswords, keys: KeyRing) -> None:
    record = await passwords.hash("Stra\u00dfe im " + wide("wide"))
    prehash = hmac.new(keys.pepper, b"pw1\0" + "Stra\u00dfe im wide".encode(), "sha384").digest()
    assert len(base64.b64encode(prehash)) == 64
    assert bcrypt.checkpw(base64.b64encode(prehash), record.hash.encode())


async def test_one_password_typed_on_two_keyboards_is_one_password(passwords: BcryptPasswords) -> None:
    record = await passwords.hash("caf\u00e9 caf\u00e9")
    assert await passwords.verify("cafe\u0301 cafe\u0301", record)


async def test_bytes_past_the_72nd_count(passwords: BcryptPasswords) -> None:
    record = await passwords.hash("x" * 72 + "1")
    assert await passwords.verify("x" * 72 + "1", record)
    assert not await passwords.verify("x" * 72 + "2", record)
    assert not await passwords.verify("x" * 72, record)


async def test_characters_past_a_nul_count(passwords: BcryptPasswords) -> None:
    record = await passwords.hash("plum\0tractor")
    assert await passwords.verify("plum\0tractor", record)
    assert not await passwords.verify("plum\0tractoR", record)
    assert not await passwords.verify("plum", record)


async def test_emoji_are_characters_like_any_other(passwords: BcryptPasswords) -> None:
    record = await passwords.hash("😀😁😂🤣😃😄😅😆")
    assert await passwords.verify("😀😁😂🤣😃😄😅😆", record)
    assert not await passwords.verify("😀😁😂🤣😃😄😅😇", record)


@pytest.mark.parametrize("hostile", ["a" * (1 << 20), "\ufdfa" * (1 << 20), "\ud800 plum tractor", "\0" * 1000])
async def test_enormous_or_broken_passwords_are_simply_wrong(passwords: BcryptPasswords, hostile: str) -> None:
    record = await passwords.hash(GOOD)
    assert not await passwords.verify(hostile, record)
    assert not await passwords.verify(hostile, None)


@pytest.mark.parametrize("hostile", ["a" * (1 << 20), "\ud800 plum tractor"])
async def test_what_cannot_be_a_password_is_not_hashed_and_not_quoted(passwords: BcryptPasswords, hostile: str) -> None:
    with pytest.raises(ValueError, match="cannot be a password") as refusal:
        await passwords.hash(hostile)
    assert "plum" not in str(refusal.value)
    assert refusal.value.__cause__ is None


async def test_a_hash_is_worth_nothing_under_another_pepper(passwords: BcryptPasswords) -> None:
    record = await passwords.hash(GOOD)
    elsewhere = BcryptPasswords(KeyRing(MasterKey(bytes(range(1, 33)))), cost=4, workers=1)
    try:
        assert not await elsewhere.verify(GOOD, record)
        forged = PasswordRecord(record.scheme, record.hash, elsewhere._pepper_id)
        assert not await elsewhere.verify(GOOD, forged)
    finally:
        elsewhere.close()


@pytest.mark.parametrize(
    ("scheme", "hashed"),
    [
        ("pw1", ""),
        ("pw1", "$2b$04$short"),
        ("pw1", "\ud800"),
        ("pw1", "$2b$04$\0"),
        ("plain", GOOD),
        ("", ""),
        ("md5s1", ""),
    ],
)
async def test_a_damaged_record_is_a_wrong_password(
    passwords: BcryptPasswords, keys: KeyRing, scheme: str, hashed: str
) -> None:
    assert not await passwords.verify(GOOD, PasswordRecord(scheme, hashed, keys.pepper_id))
    assert not await passwords.verify(GOOD, PasswordRecord(scheme, hashed, keys.pepper_id, salt="\ud800"))


async def test_no_record_and_an_enormous_password_take_as_long_as_a_wrong_password(keys: KeyRing) -> None:
    passwords = BcryptPasswords(keys, cost=8, workers=1)
    record = await passwords.hash(GOOD)
    cases: list[tuple[str, PasswordRecord | None]] = [
        ("wrong one", record),
        ("wrong one", None),
        ("a" * (1 << 20), record),
    ]

    async def took(password: str, against: PasswordRecord | None) -> float:
        start = time.process_time()
        assert not await passwords.verify(password, against)
        return time.process_time() - start

    rounds = [[await took(*case) for case in cases] for _ in range(15)]
    passwords.close()
    known, *others = (statistics.median(column) for column in zip(*rounds, strict=True))
    assert all(known / 2 < other < known * 2 for other in others)


async def test_a_record_of_old_kind_asks_for_a_new_hash(passwords: BcryptPasswords, keys: KeyRing) -> None:
    assert not passwords.needs_rehash(await passwords.hash(GOOD))
    assert passwords.needs_rehash(await passwords.wrap_md5(old_digest(GOOD), SALT, salt_first=True))
    stronger = BcryptPasswords(keys, cost=5, workers=1)
    assert stronger.needs_rehash(await passwords.hash(GOOD))
    stronger.close()


# --- scheme md5s1


@pytest.mark.parametrize("salt_first", [True, False])
async def test_an_imported_password_passes_and_a_wrong_one_does_not(
    passwords: BcryptPasswords, *, salt_first: bool
) -> None:
    record = await passwords.wrap_md5(old_digest("old one", salt_first=salt_first), SALT, salt_first=salt_first)
    assert record.scheme == "md5s1"
    assert await passwords.verify("old one", record)
    assert not await passwords.verify("another", record)


async def test_the_order_of_salt_and_password_matters(passwords: BcryptPasswords) -> None:
    record = await passwords.wrap_md5(old_digest("old one", salt_first=True), SALT, salt_first=False)
    assert not await passwords.verify("old one", record)


async def test_an_imported_digest_may_be_written_in_capitals(passwords: BcryptPasswords) -> None:
    record = await passwords.wrap_md5(old_digest("old one").upper(), SALT, salt_first=True)
    assert await passwords.verify("old one", record)


async def test_a_stolen_md5_digest_is_no_password(passwords: BcryptPasswords) -> None:
    digest = old_digest("old one")
    record = await passwords.wrap_md5(digest, SALT, salt_first=True)
    for stolen in (
        digest,
        digest.upper(),
        SALT + digest,
        digest + SALT,
        "md5s1\0" + digest,
        bytes.fromhex(digest).hex(),
    ):
        assert not await passwords.verify(stolen, record)
    as_new = PasswordRecord("pw1", record.hash, record.pepper_id)  # the scheme of the row turned by hand
    assert not await passwords.verify(digest, as_new)


async def test_the_digest_itself_is_not_kept(passwords: BcryptPasswords) -> None:
    digest = old_digest("old one")
    record = await passwords.wrap_md5(digest, SALT, salt_first=True)
    assert digest not in (record.hash, record.salt, record.scheme, record.pepper_id)
    assert not bcrypt.checkpw(digest.encode(), record.hash.encode())


@pytest.mark.parametrize("digest", ["", "0" * 31, "0" * 33, "g" * 32, "0" * 31 + "\n", "\ud800" * 32])
async def test_what_is_no_md5_digest_is_not_wrapped(passwords: BcryptPasswords, digest: str) -> None:
    with pytest.raises(ValueError, match="32 hexadecimal"):
        await passwords.wrap_md5(digest, SALT, salt_first=True)


async def test_a_salt_that_is_no_text_is_not_wrapped(passwords: BcryptPasswords) -> None:
    with pytest.raises(ValueError, match="salt"):
        await passwords.wrap_md5(old_digest("x"), "\ud800", salt_first=True)


# --- the pool


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
