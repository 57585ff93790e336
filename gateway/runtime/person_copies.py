"""Daily copies of the keys of persons, seven of them: enough to get over a lost disk, few enough to forget."""

import asyncio
import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from gateway.observability.logging import logger
from gateway.storage.person_keys import SqlPersonKeys
from gateway.usecases.services import Clock

_log = logger(__name__)

EVERY_S: Final = 600.0
"""How often it is looked whether a day has passed."""

KEPT: Final = 7
"""Copies: a key that was destroyed is gone from the last of them a week later."""

_PREFIX: Final = "persons-"
_SUFFIX: Final = ".db"


class PersonCopies:
    """A service."""

    def __init__(self, persons: SqlPersonKeys, folder: Path, clock: Clock) -> None:
        self._persons: Final = persons
        self._folder: Final = folder
        self._clock: Final = clock

    async def run(self) -> None:
        """Until cancelled. Looks at its start as well: a gateway that is started each morning copies each morning."""
        while True:
            try:
                await asyncio.to_thread(self.look)
            except Exception as trouble:  # noqa: BLE001 - a full disk or a store that is away: the next look tries again
                _log.warning("person_keys_not_copied", reason=type(trouble).__name__)
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        """Copy if there is no copy of this day, and remove those that are older than a week. Blocks."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        today = self._clock().date()
        # One from after tomorrow is of a clock that was wrong, and would be kept until then.
        self._remove(lambda day: not today - timedelta(days=KEPT) < day <= today + timedelta(days=1))
        target = self._folder / f"{_PREFIX}{today.isoformat()}{_SUFFIX}"
        if target.exists():
            return
        half = self._folder / f".{target.name}.half"
        half.unlink(missing_ok=True)
        os.close(os.open(half, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        many = self._persons.copy_to(half)
        _on_disk(half)
        half.replace(target)
        _on_disk(self._folder)
        _log.info("person_keys_copied", keys=many)

    def _remove(self, is_over: Callable[[date], bool]) -> None:
        """Copies of days that are over, and half copies. What is not ours is left alone."""
        for path in self._folder.iterdir():
            day = _day_of(path.name)
            if path.name.startswith(f".{_PREFIX}") or (day is not None and is_over(day)):
                path.unlink()


def _day_of(name: str) -> date | None:
    """The day of a copy; None for any other file."""
    if not (name.startswith(_PREFIX) and name.endswith(_SUFFIX)):
        return None
    try:
        return date.fromisoformat(name.removeprefix(_PREFIX).removesuffix(_SUFFIX))
    except ValueError:
        return None


def _on_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
