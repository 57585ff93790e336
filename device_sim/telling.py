"""How a fleet tells what it does: bars on a terminal, one JSON object a line everywhere else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Teller:
    """Steps of a run, each with how far it is."""

    def __init__(self, out: TextIO, progress: Progress | None) -> None:
        self._out = out
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def step(self, name: str, done: float, total: float, **further: Any) -> None:
        """How far a step is."""
        self.line({"step": name, "done": round(done, 1), "total": round(total, 1), **further})
        if self._progress is None:
            return
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(name, total=total)
        self._progress.update(self._bars[name], completed=done, total=total)

    def line(self, content: dict[str, Any]) -> None:
        """One JSON object on a line of its own, for programs only."""
        if self._progress is not None:
            return
        self._out.write(json.dumps(content, separators=(",", ":")) + "\n")
        self._out.flush()


@contextmanager
def telling(out: TextIO, *, as_json: bool | None = None) -> Iterator[Teller]:
    """Bars for a person at a terminal, lines for a program; `as_json` decides where it is given."""
    if as_json if as_json is not None else not out.isatty():
        yield Teller(out, None)
        return
    columns = (TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=out)) as progress:
        yield Teller(out, progress)
