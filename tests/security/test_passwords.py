"""Passwords: the two schemes, each against everything that must not pass."""

import base64
import hashlib
import hmac
import statistics
import time
from collections.abc import Iterator

import bcrypt
import pytest

from gateway.security.keys import KeyRing, MasterKey
from gateway.security.passwords import BcryptPasswords
from gateway.usecases import services
from gateway.usecases.services import PasswordRecord

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


def test_the_rules_are_asked_through_the_service(passwords: BcryptPasswords) -> None:
    assert passwords.check_rules(GOOD) is None
    assert passwords.check_rules(GOOD, login_name=GOOD) == "it is the login name"
