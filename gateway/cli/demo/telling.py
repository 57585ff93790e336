"""What the demo shows: a line for each step, for people or for programs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gateway.cli.command import say, say_json


@dataclass(slots=True)
class Step:
    """A step under way; `says` is filled in while it happens."""

    name: str
    says: str = ""
    facts: dict[str, object] = field(default_factory=dict)


class StepFailedError(Exception):
    """A step did not happen. The text says what was seen instead."""


class Teller:
    """Prints each step as it ends."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._number = 0

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """One step, timed.

        Raises:
            StepFailedError: again, after it was told.
        """
        self._number += 1
        step = Step(name)
        started = time.perf_counter()
        try:
            yield step
        except (StepFailedError, TimeoutError) as failed:
            step.says = str(failed) or "it took too long"
            self._tell(step, started, ok=False)
            raise StepFailedError(step.says) from failed
        self._tell(step, started, ok=True)

    def _tell(self, step: Step, started: float, *, ok: bool) -> None:
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        if self._as_json:
            say_json({"step": step.name, "ok": ok, "milliseconds": milliseconds, "says": step.says, **step.facts})
            return
        mark = "✓" if ok else "✗"
        say(f" {mark} {self._number:>2}  {step.name:<13} {step.says}  ({milliseconds:.0f} ms)")

    def line(self, text: str = "") -> None:
        """A line between the steps; programs do not get it."""
        if not self._as_json:
            say(text)
