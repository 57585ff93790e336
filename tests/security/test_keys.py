"""The master key and what derives from it."""

import base64
import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.security.files import MAX_SECRET_FILE, UnsafeFileError, create_private, read_private, replace_private
from gateway.security.keys import KeyRing, MasterKey, MasterKeyError, WrongMasterKeyError
from gateway.usecases.services import IndexedField

KEY = bytes(range(32))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_makes_a_key_file_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "data" / "master.key"
    key = MasterKey.from_file_or_new(path)
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700
    assert len(key.value) == 32
    assert [entry.name for entry in path.parent.iterdir()] == ["master.key"]


def test_a_wide_open_umask_does_not_open_the_key_file(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        MasterKey.from_file_or_new(tmp_path / "master.key")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "master.key") == 0o600


def test_the_second_start_reads_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    assert MasterKey.from_file_or_new(path) == MasterKey.from_file_or_new(path) == MasterKey.from_file(path)


def test_two_first_starts_get_different_keys(tmp_path: Path) -> None:
    assert MasterKey.from_file_or_new(tmp_path / "a") != MasterKey.from_file_or_new(tmp_path / "b")


def test_of_several_first_starts_at_once_all_get_the_same_key(tmp_path: Path) -> None:
    program = (
        "import hashlib, pathlib, sys; from gateway.security.keys import MasterKey; sys.stdin.read(1);"
        "print(hashlib.sha256(MasterKey.from_file_or_new(pathlib.Path(sys.argv[1])).value).hexdigest())"
    )
    starts = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-c", program, str(tmp_path / "master.key")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    answers = {start.communicate("x", timeout=60)[0] for start in starts}
    assert len(answers) == 1
    assert len(answers.pop().strip()) == 64
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_file_that_others_can_use_is_refused_and_the_remedy_named(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    MasterKey.from_file_or_new(path)
    path.chmod(mode)
    with pytest.raises(UnsafeFileError, match="chmod 600"):
        MasterKey.from_file_or_new(path)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_key_file_of_its_owner_alone_is_read(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    key = MasterKey.from_file_or_new(path)
    path.chmod(mode)
    assert MasterKey.from_file(path) == key


@pytest.mark.parametrize(
    "content",
    [
        KEY,
        KEY.hex().encode(),
        KEY.hex().upper().encode() + b"\n",
        base64.b64encode(KEY),
        base64.b64encode(KEY) + b"\r\n",
        base64.urlsafe_b64encode(KEY).rstrip(b"="),
    ],
)
def test_a_key_file_may_hold_raw_bytes_hexadecimal_or_base64(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    create_private(path, content)
    assert MasterKey.from_file(path).value == KEY


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"short", KEY[:31], KEY + b"\x80", base64.b64encode(KEY[:31]), KEY.hex()[:-2].encode(), b"\xff" * 40],
)
def test_a_key_file_of_another_length_or_form_is_refused_without_quoting_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    create_private(path, content)
    with pytest.raises(MasterKeyError) as refusal:
        MasterKey.from_file_or_new(path)
    assert str(path) in str(refusal.value)
    assert "short" not in str(refusal.value)
    assert read_private(path) == content


def test_a_key_of_one_repeated_byte_is_refused() -> None:
    with pytest.raises(MasterKeyError, match="repeated"):
        MasterKey(bytes(32))


def test_a_folder_in_place_of_the_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "master.key").mkdir(mode=0o700)
    with pytest.raises((UnsafeFileError, IsADirectoryError)):
        MasterKey.from_file_or_new(tmp_path / "master.key")


def test_a_pipe_in_place_of_the_key_file_is_refused_and_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "master.key", 0o600)
    with pytest.raises(UnsafeFileError, match="plain file"):
        MasterKey.from_file(tmp_path / "master.key")


def test_an_enormous_secret_file_is_refused(tmp_path: Path) -> None:
    create_private(tmp_path / "master.key", b"a" * (MAX_SECRET_FILE + 1))
    with pytest.raises(UnsafeFileError, match="larger"):
        MasterKey.from_file(tmp_path / "master.key")


def test_a_private_file_is_created_once_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert create_private(path, b"first")
    assert not create_private(path, b"second")
    assert path.read_bytes() == b"first"
    replace_private(path, b"third")
    assert path.read_bytes() == b"third"
    assert mode_of(path) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_no_repr_shows_a_secret(keys: KeyRing) -> None:
    shown = repr(keys) + repr(MasterKey(KEY))
    secrets = [KEY, keys.pepper, keys.token_key, keys.wrapping_key, keys.ca_passphrase]
    for secret in secrets:
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown


def test_a_key_ring_cannot_be_pickled(keys: KeyRing) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(keys)


def test_every_label_has_a_key_of_its_own(keys: KeyRing) -> None:
    derived = [keys.pepper, keys.token_key, keys.wrapping_key, keys.ca_passphrase]
    derived += [keys.blind_index_key(which) for which in IndexedField]
    assert len(set(derived)) == len(derived)


def test_the_derivation_never_changes() -> None:
    """Pinned: another value here would make every existing installation unreadable."""
    ring = KeyRing(MasterKey(KEY))
    assert ring.derive("pepper") == ring.pepper
    assert ring.pepper_id == "e3c07dfb"
    assert ring.blind_index_key(IndexedField.MAC).hex()[:16] == "e1e38aed67133236"
    assert ring.token_key.hex()[:16] == "48a6cf0a84a81f59"
    assert ring.wrapping_key.hex()[:16] == "fc0670a32213c4b5"


def test_the_self_test_passes_under_the_same_master_key(keys: KeyRing) -> None:
    KeyRing(MasterKey(KEY)).check(keys.self_test_record())


@pytest.mark.parametrize("record", [b"", b"\x01", b"\x01" + bytes(50), b"\x02" + bytes(80)])
def test_a_damaged_self_test_record_stops_the_start(keys: KeyRing, record: bytes) -> None:
    with pytest.raises(WrongMasterKeyError):
        keys.check(record)


def test_another_master_key_stops_the_start(keys: KeyRing) -> None:
    with pytest.raises(WrongMasterKeyError, match="nothing was changed"):
        KeyRing(MasterKey(KEY[::-1])).check(keys.self_test_record())
