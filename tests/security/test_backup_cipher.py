"""A backup opens whole and unchanged with its key, or not at all."""

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.security import backup_cipher
from gateway.security.backup_cipher import MAGIC, BackupError, decrypt, encrypt
from gateway.security.keys import KeyRing, MasterKey

KEYS = KeyRing(MasterKey(bytes(range(32))))
CONTENT = [bytes([n]) * 30 for n in range(10)]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_cipher, "PIECE_BYTES", 64)


def made(content: list[bytes]) -> bytes:
    into = io.BytesIO()
    assert encrypt(content, into, KEYS) == len(into.getvalue())
    return into.getvalue()


def opened(backup: bytes, keys: KeyRing = KEYS) -> bytes:
    return b"".join(decrypt(io.BytesIO(backup), keys))


@given(st.lists(st.binary(max_size=200), max_size=12))
def test_what_went_in_comes_out(content: list[bytes]) -> None:
    assert opened(made(content)) == b"".join(content)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 127, 128, 129])
def test_at_the_edges_of_a_piece(size: int) -> None:
    assert opened(made([b"x" * size])) == b"x" * size


def test_nothing_of_it_can_be_read_and_none_is_like_another() -> None:
    one, two = made(CONTENT), made(CONTENT)
    assert one != two
    assert not any(each in one for each in CONTENT)


def test_another_master_key_opens_nothing() -> None:
    with pytest.raises(BackupError, match="another master key"):
        opened(made(CONTENT), KeyRing(MasterKey(bytes(range(1, 33)))))


def test_wherever_it_is_cut_off_it_is_refused() -> None:
    whole = made(CONTENT)
    for size in range(len(whole)):
        with pytest.raises(BackupError):
            opened(whole[:size])


def test_whichever_byte_is_changed_it_is_refused() -> None:
    whole = made(CONTENT)
    for place in range(len(whole)):
        with pytest.raises(BackupError):
            opened(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])


PIECE = 4 + 64 + 16
BEGIN = len(MAGIC) + 16


def _swap(whole: bytes) -> bytes:
    one, two = whole[BEGIN : BEGIN + PIECE], whole[BEGIN + PIECE : BEGIN + 2 * PIECE]
    return whole[:BEGIN] + two + one + whole[BEGIN + 2 * PIECE :]


def _take_out(whole: bytes) -> bytes:
    return whole[:BEGIN] + whole[BEGIN + PIECE :]


def _end_early(whole: bytes) -> bytes:
    """The first piece is made the last one."""
    return whole[:BEGIN] + bytes([whole[BEGIN] | 0x80]) + whole[BEGIN + 1 : BEGIN + PIECE]


def _go_on(whole: bytes) -> bytes:
    return whole + whole[BEGIN:]


def _of_another_file(whole: bytes) -> bytes:
    return whole[:BEGIN] + made(CONTENT)[BEGIN:]


def _huge(whole: bytes) -> bytes:
    return whole[:BEGIN] + b"\x7f\xff\xff\xff" + whole[BEGIN + 4 :]


@pytest.mark.parametrize("harm", [_swap, _take_out, _end_early, _go_on, _of_another_file, _huge])
def test_put_together_differently_it_is_refused(harm: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BackupError):
        opened(harm(made(CONTENT)))


@pytest.mark.parametrize("text", [b"", b"SQLite format 3\0" * 10, MAGIC, MAGIC + bytes(16)])
def test_what_is_no_backup_is_refused(text: bytes) -> None:
    with pytest.raises(BackupError):
        opened(text)
