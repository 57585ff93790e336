"""The page of results: its table holds the newest row of every measure, whichever of them were taken this time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.results import Figure, machine, table

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_BEGIN: Final = "<!-- results: written by `python -m benchmarks` -->"
_END: Final = "<!-- end of results -->"


def write(figures: Sequence[Figure], page: Path = PAGE) -> None:
    """Put these figures into the page, in the place of what it held of them.

    Raises:
        ValueError: the page has lost its markers.
    """
    before, begin, rest = page.read_text().partition(_BEGIN)
    held, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError("the page has no place for results")
    page.write_text(before + _BEGIN + "\n\n" + _merged(held, figures) + "\n" + _END + after)


def _merged(held: str, figures: Sequence[Figure]) -> str:
    fresh = table(figures).splitlines()
    renewed = {figure.measure for figure in figures}
    old = [line for line in held.splitlines() if _measure_of(line) not in renewed]
    head, rows = fresh[:2], [line for line in old if _is_row(line)] + [line for line in fresh[2:] if _is_row(line)]
    notes = [line for line in (*old, *fresh) if line.startswith("- ")]
    return "\n".join([*(f"{line}  " for line in machine()), "", *head, *rows, "", *notes]) + "\n"


def _is_row(line: str) -> bool:
    return line.startswith("| ") and not line.startswith("| measure ")


def _measure_of(line: str) -> str | None:
    if _is_row(line):
        return line[2:].partition(" |")[0].strip()
    if line.startswith("- "):
        return line[2:].partition(": ")[0]
    return None
