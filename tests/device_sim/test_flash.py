"""A power cut at any moment leaves the old content or the new, and nothing else is ever believed."""

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from device_sim.disk import PosixDisk
from device_sim.flash import (
    MAX_REMEMBERED,
    SEEN_COMMANDS,
    Flash,
    FlashContent,
    FlashCorruptError,
    SeenCommand,
    factory_reset,
    wiped,
    with_failure,
    with_seen,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
STEPS = 3
"""Write beside, rename, sync the folder."""


class DyingDisk(PosixDisk):
    """Loses power at the given step; a write that is cut leaves the given part of its bytes."""

    def __init__(self, dies_at: int, *, torn: float) -> None:
        super().__init__(durable=True)
        self._left = dies_at
        self._torn = torn

    def _step(self) -> bool:
        self._left -= 1
        return self._left < 0

    def write(self, path: Path, data: bytes) -> None:
        if self._step():
            super().write(path, data[: int(len(data) * self._torn)])
            raise OSError("power cut")
        super().write(path, data)

    def rename(self, source: Path, target: Path) -> None:
        if self._step():
            raise OSError("power cut")
        super().rename(source, target)

    def sync_folder(self, folder: Path) -> None:
        if self._step():
            raise OSError("power cut")
        super().sync_folder(folder)


@pytest.mark.parametrize("torn", [0.0, 0.3, 0.99, 1.0])
@pytest.mark.parametrize("dies_at", range(STEPS))
def test_a_cut_at_any_step_leaves_the_old_content_or_the_new(
    tmp_path: Path, factory_content: FlashContent, dies_at: int, torn: float
) -> None:
    path = tmp_path / "flash"
    Flash.manufacture(path, factory_content)
    new = replace(factory_content, epoch=5, device_id="d-x")
    flash = Flash.load(path, DyingDisk(dies_at, torn=torn))
    assert flash is not None
    with pytest.raises(OSError, match="power cut"):
        flash.save(new)
    assert flash.content == factory_content
    again = Flash.load(path)
    assert again is not None
    assert again.content == (new if dies_at == STEPS - 1 else factory_content)
    again.save(new)  # and it goes on from there
    loaded = Flash.load(path)
    assert loaded is not None
    assert loaded.content == new


def test_a_cut_while_it_is_made_leaves_no_appliance_at_all(tmp_path: Path, factory_content: FlashContent) -> None:
    with pytest.raises(OSError, match="power cut"):
        Flash.manufacture(tmp_path / "flash", factory_content, DyingDisk(0, torn=0.5))
    assert Flash.load(tmp_path / "flash") is None


def test_everything_that_is_kept_comes_back(tmp_path: Path, factory_content: FlashContent) -> None:
    content = replace(
        with_failure(factory_content, "wifi", "202", NOW),
        candidate=replace(factory_content.claim, not_after=NOW, renew_after=NOW + timedelta(microseconds=1)),
        seen=(SeenCommand("x", 3, "begun"), SeenCommand("y", 4, "rejected", "no", told=True)),
        settings={"target_c": 21.5, "mode": "eco", "nested": [1, None, {"a": True}]},
        bind_token="secret-token",
        paired=True,
    )
    Flash.manufacture(tmp_path / "flash", content)
    loaded = Flash.load(tmp_path / "flash")
    assert loaded is not None
    assert loaded.content == content


def test_a_changed_byte_is_noticed_wherever_it_is(tmp_path: Path, factory_content: FlashContent) -> None:
    path = tmp_path / "flash"
    Flash.manufacture(path, factory_content)
    good = path.read_bytes()
    for place in [*range(0, len(good), 37), len(good) - 1]:
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(FlashCorruptError):
            Flash.load(path)


@pytest.mark.parametrize("kept", [0, 1, 20, 83, 84, 200])
def test_a_truncated_file_is_noticed(tmp_path: Path, factory_content: FlashContent, kept: int) -> None:
    path = tmp_path / "flash"
    Flash.manufacture(path, factory_content)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FlashCorruptError):
        Flash.load(path)


def test_the_file_is_for_its_owner_only(tmp_path: Path, factory_content: FlashContent) -> None:
    Flash.manufacture(tmp_path / "flash", factory_content)
    assert stat.S_IMODE((tmp_path / "flash").stat().st_mode) == 0o600


def test_no_secret_is_shown(factory_content: FlashContent) -> None:
    shown = repr(replace(factory_content, bind_token="secret-token", device_id="d-x"))
    assert "PRIVATE KEY" not in shown
    assert "secret-token" not in shown
    assert "d-x" not in shown


def test_the_ring_of_commands_forgets_the_oldest_but_never_the_highest_number(factory_content: FlashContent) -> None:
    content = factory_content
    for number in range(SEEN_COMMANDS + 5):
        content = with_seen(content, SeenCommand(f"c{number}", number, "applied"))
    assert len(content.seen) == SEEN_COMMANDS
    assert content.seen[0].command_id == "c5"
    content = with_seen(content, SeenCommand("late", 1, "rejected"))
    assert content.last_command_seq == SEEN_COMMANDS + 4


def test_an_outcome_replaces_its_beginning(factory_content: FlashContent) -> None:
    content = with_seen(factory_content, SeenCommand("c", 1, "begun"))
    content = with_seen(content, SeenCommand("c", 1, "applied"))
    assert content.seen == (SeenCommand("c", 1, "applied"),)


def test_failures_are_counted_and_bounded(factory_content: FlashContent) -> None:
    content = factory_content
    for number in range(MAX_REMEMBERED + 4):
        content = with_failure(content, "net", f"code{number}", NOW)
    content = with_failure(content, "net", f"code{MAX_REMEMBERED}", NOW + timedelta(seconds=1))
    assert len(content.failures) == MAX_REMEMBERED
    assert content.failures[-1].count == 2
    assert content.failures[-1].at == NOW + timedelta(seconds=1)


def test_a_wipe_leaves_nothing_of_a_person_and_keeps_the_identity(factory_content: FlashContent) -> None:
    owned = replace(
        factory_content,
        device_id="d-x",
        epoch=4,
        paired=True,
        bind_token="t",
        settings={"target_c": 25},
        last_command_seq=90,
        operational=factory_content.claim,
    )
    left = wiped(owned, 5)
    assert (left.paired, left.bind_token, left.settings, left.epoch, left.last_command_seq) == (False, None, {}, 5, -1)
    assert left.operational == owned.operational


def test_a_factory_reset_keeps_only_what_the_factory_gave_and_counts(factory_content: FlashContent) -> None:
    used = replace(
        factory_content,
        device_id="d-x",
        operational=factory_content.claim,
        reset_counter=3,
        starts=9,
        settings={"a": 1},
    )
    assert factory_reset(used, "b9") == replace(factory_content, reset_counter=4, starts=9, boot="b9")
