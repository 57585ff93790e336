"""Blind indexes, tokens, identifiers, sealing, proofs and command signatures."""

import base64
import hmac
import threading
import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.identity import COMMON_NAME, TRACE_ID
from gateway.security.blind_index import HmacBlindIndexes
from gateway.security.identifiers import RandomIdentifiers
from gateway.security.keys import KeyRing, MasterKey
from gateway.security.private_keys import PrivateKeyError
from gateway.security.sealing import AesGcmSealer, new_sealing_key
from gateway.security.signatures import Ed25519CommandSigner, HmacUnitProofs
from gateway.security.tokens import KeyedTokens
from gateway.usecases import services
from gateway.usecases.services import IndexedField, TokenPurpose

RING = KeyRing(MasterKey(bytes(range(32))))
INDEXES: services.BlindIndexes = HmacBlindIndexes(RING)
TOKENS: services.Tokens = KeyedTokens(RING)
SEALER: services.Sealer = AesGcmSealer(RING.wrapping_key)
PROOFS: services.UnitProofs = HmacUnitProofs()

MAC = "a4:c1:38:00:4f:2a"


@pytest.fixture
def identifiers() -> services.Identifiers:
    return RandomIdentifiers()


# --- blind indexes


def test_the_same_value_has_the_same_index_and_another_value_another() -> None:
    assert INDEXES.index(IndexedField.MAC, MAC) == INDEXES.index(IndexedField.MAC, MAC)
    assert INDEXES.index(IndexedField.MAC, MAC) != INDEXES.index(IndexedField.MAC, MAC[:-1] + "b")
    assert len(INDEXES.index(IndexedField.MAC, MAC)) == 32


def test_one_value_has_another_index_in_each_field() -> None:
    assert len({INDEXES.index(which, MAC) for which in IndexedField}) == len(IndexedField)


def test_an_index_says_nothing_without_the_key() -> None:
    other = HmacBlindIndexes(KeyRing(MasterKey(bytes(range(1, 33)))))
    assert other.index(IndexedField.MAC, MAC) != INDEXES.index(IndexedField.MAC, MAC)


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_any_text_has_an_index_and_different_texts_have_different_ones(one: str, other: str) -> None:
    same = INDEXES.index(IndexedField.LOGIN_NAME, one) == INDEXES.index(IndexedField.LOGIN_NAME, other)
    assert same == (one == other)


# --- tokens


@pytest.mark.parametrize(
    ("purpose", "random_bytes"), [(TokenPurpose.ACCESS, 32), (TokenPurpose.REFRESH, 32), (TokenPurpose.BIND, 16)]
)
def test_a_token_has_its_random_bits_and_travels_in_a_url(purpose: TokenPurpose, random_bytes: int) -> None:
    token, _ = TOKENS.mint(purpose)
    assert len(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))) == random_bytes
    assert len({TOKENS.mint(purpose)[0] for _ in range(100)}) == 100


def test_the_digest_of_a_minted_token_is_found_again() -> None:
    token, digest = TOKENS.mint(TokenPurpose.ACCESS)
    assert TOKENS.digest(TokenPurpose.ACCESS, token) == digest
    assert len(digest) == 32


def test_a_token_of_one_purpose_never_passes_for_another() -> None:
    token, _ = TOKENS.mint(TokenPurpose.REFRESH)
    assert len({TOKENS.digest(purpose, token) for purpose in TokenPurpose}) == len(TokenPurpose)


def test_a_stolen_digest_is_no_token() -> None:
    token, digest = TOKENS.mint(TokenPurpose.ACCESS)
    assert TOKENS.digest(TokenPurpose.ACCESS, digest.hex()) != digest
    assert KeyedTokens(KeyRing(MasterKey(bytes(range(1, 33))))).digest(TokenPurpose.ACCESS, token) != digest


@pytest.mark.parametrize("hostile", ["", "\ud800", "\0", "x" * 100_000])
def test_anything_presented_as_a_token_has_a_digest(hostile: str) -> None:
    assert len(TOKENS.digest(TokenPurpose.ACCESS, hostile)) == 32


# --- identifiers


def test_a_random_name_is_the_shape_of_a_common_name(identifiers: services.Identifiers) -> None:
    names = {identifiers.new("d") for _ in range(1000)}
    assert len(names) == 1000
    assert all(COMMON_NAME.fullmatch(name) and name.startswith("d-") for name in names)


def test_every_bit_of_a_random_name_varies(identifiers: services.Identifiers) -> None:
    columns = zip(*(identifiers.new("d")[2:] for _ in range(2000)), strict=True)
    assert [len(set(column)) for column in columns] == [8] + [32] * 25


def test_a_uuid_says_version_7_and_the_time(identifiers: services.Identifiers, now: datetime) -> None:
    made = uuid.UUID(identifiers.uuid7(now))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == int(now.timestamp() * 1000)


def test_uuids_sort_by_time_even_in_one_millisecond(identifiers: services.Identifiers, now: datetime) -> None:
    made = [identifiers.uuid7(now) for _ in range(5000)] + [identifiers.uuid7(now + timedelta(milliseconds=1))]
    assert all(earlier < later for earlier, later in pairwise(made))


@pytest.mark.parametrize("year", [1, 1969, 1970, 2025, 9999])
def test_uuids_sort_when_the_clock_goes_anywhere(identifiers: services.Identifiers, now: datetime, year: int) -> None:
    before = identifiers.uuid7(now)
    there = identifiers.uuid7(datetime(year, 6, 1, tzinfo=UTC))
    after = identifiers.uuid7(now)
    assert before < there < after
    assert uuid.UUID(there).version == 7


def test_an_exhausted_counter_borrows_the_next_millisecond(now: datetime) -> None:
    identifiers = RandomIdentifiers()
    first = identifiers.uuid7(now)
    identifiers._counter = (1 << 42) - 1
    assert identifiers.uuid7(now) > first
    assert uuid.UUID(identifiers.uuid7(now)).int >> 80 == int(now.timestamp() * 1000) + 1


def test_a_time_without_a_zone_makes_no_uuid(identifiers: services.Identifiers, now: datetime) -> None:
    with pytest.raises(ValueError, match="zone"):
        identifiers.uuid7(now.replace(tzinfo=None))


def test_uuids_made_by_several_threads_are_all_different(identifiers: services.Identifiers, now: datetime) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.extend([identifiers.uuid7(now) for _ in range(2000)])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8000


def test_a_trace_id_can_be_read_out(identifiers: services.Identifiers) -> None:
    made = [identifiers.trace_id() for _ in range(500)]
    assert all(TRACE_ID.fullmatch(trace) for trace in made)
    assert len(set(made)) > 490


# --- sealing


def test_what_was_sealed_opens_in_its_place() -> None:
    assert SEALER.open(SEALER.seal(b"Kitchen", place="binding.nickname.7"), place="binding.nickname.7") == b"Kitchen"
    assert SEALER.open(SEALER.seal(b"", place=""), place="") == b""


def test_a_ciphertext_moved_to_another_row_does_not_open() -> None:
    sealed = SEALER.seal(b"Kitchen", place="binding.nickname.7")
    with pytest.raises(ValueError, match="does not open"):
        SEALER.open(sealed, place="binding.nickname.8")


@given(st.integers(min_value=0), st.integers(1, 255))
def test_no_byte_of_a_ciphertext_can_be_changed(position: int, change: int) -> None:
    sealed = bytearray(SEALER.seal(b"Kitchen", place="here"))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(ValueError, match=r"open|sealed"):
        SEALER.open(bytes(sealed), place="here")


@given(st.binary(max_size=100))
def test_what_was_never_sealed_does_not_open(noise: bytes) -> None:
    with pytest.raises(ValueError, match=r"open|sealed"):
        SEALER.open(noise, place="here")


def test_the_same_value_never_looks_the_same_twice() -> None:
    assert len({SEALER.seal(b"Kitchen", place="here") for _ in range(100)}) == 100


def test_another_persons_key_does_not_open() -> None:
    sealed = AesGcmSealer(new_sealing_key()).seal(b"Kitchen", place="here")
    with pytest.raises(ValueError, match="does not open"):
        AesGcmSealer(new_sealing_key()).open(sealed, place="here")


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_sealing_key_has_256_bits(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        AesGcmSealer(bytes(length))


# --- proofs of a batch unit

UNIT_KEY = b"k" * 32


def test_the_right_proof_matches() -> None:
    assert PROOFS.matches(UNIT_KEY, b"request", hmac.digest(UNIT_KEY, b"request", "sha256").hex())


def test_wrong_proofs_do_not_match() -> None:
    right = hmac.digest(UNIT_KEY, b"request", "sha256").hex()
    assert not PROOFS.matches(b"j" * 32, b"request", right)
    assert not PROOFS.matches(UNIT_KEY, b"another request", right)
    for wrong in ("", right.upper(), right[:-1], right + "0", right + "\n", " " + right, "é" * 64, "\ud800", "g" * 64):
        assert not PROOFS.matches(UNIT_KEY, b"request", wrong)


def test_an_empty_unit_key_proves_nothing() -> None:
    assert not PROOFS.matches(b"", b"request", hmac.digest(b"", b"request", "sha256").hex())


# --- command signatures


def test_a_command_signature_verifies_with_the_public_key_and_no_other_bytes(tmp_path: Path) -> None:
    signer: services.CommandSigner = Ed25519CommandSigner.from_file_or_new(tmp_path / "command.key", b"pass")
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(signer.public_key, validate=True))
    signature = base64.b64decode(signer.sign(b"command"), validate=True)
    public.verify(signature, b"command")
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"commanD")


def test_the_command_key_stays_the_same_and_lies_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "command.key"
    first = Ed25519CommandSigner.from_file_or_new(path, b"pass")
    assert Ed25519CommandSigner.from_file_or_new(path, b"pass").public_key == first.public_key
    assert b"ENCRYPTED" in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(PrivateKeyError, match="does not open"):
        Ed25519CommandSigner.from_file_or_new(path, b"another")
