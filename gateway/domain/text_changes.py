"""What changed from one text to the next: line by line, and within a line word by word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum, unique
from itertools import zip_longest
from typing import Final

LINES_AT_MOST: Final = 3000
"""Of each text: comparing takes time that grows with the square of it."""
WORDS_AT_MOST: Final = 600
"""Of a line; what is longer is shown as changed altogether."""
PAIRS_AT_MOST: Final = 200
"""Lines that are compared word by word, for the same reason; those after them are shown as changed altogether."""
AROUND: Final = 2
"""Lines that did not change and are shown around those that did."""
_ALIKE: Final = 0.4
"""Two lines that have less than this in common are shown as two, not as one that changed."""
_WORD: Final = re.compile(
    r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]|[^\W\u2e80-\u9fff\uf900-\ufaff]+|\s+|.", re.DOTALL
)
"""Chinese has no blanks between words: there a character is one."""


@unique
class Change(StrEnum):
    """What became of a line."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line."""

    text: str = field(repr=False)
    changed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of either text."""

    change: Change
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """So many lines are the same in both texts, and far from any that is not."""

    lines: int


@dataclass(frozen=True, slots=True)
class TooLongToCompare:
    """One of the texts has more lines than are compared."""


def changes(before: str, after: str) -> tuple[Line | LeftOut, ...] | TooLongToCompare:
    """The lines of two texts in the order of reading; empty when the texts are the same.

    What was removed comes before what was added in its place. Leaving the added lines out gives the first text,
    leaving the removed ones out the second, but for what `LeftOut` stands for.
    """
    first, second = before.splitlines(), after.splitlines()
    if max(len(first), len(second)) > LINES_AT_MOST:
        return TooLongToCompare()
    if first == second:
        return ()
    found: list[Line | LeftOut] = []
    pairs = 0
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
    for number, (what, i1, i2, j1, j2) in enumerate(blocks):
        if what == "equal":
            found += _same(first[i1:i2], is_first=number == 0, is_last=number == len(blocks) - 1)
        else:
            found += _changed(first[i1:i2], second[j1:j2], by_words=pairs < PAIRS_AT_MOST)
            pairs += min(i2 - i1, j2 - j1)
    return tuple(found)


def _same(lines: Sequence[str], *, is_first: bool, is_last: bool) -> Iterator[Line | LeftOut]:
    head = 0 if is_first else AROUND
    tail = 0 if is_last else AROUND
    skipped = len(lines) - head - tail
    if skipped <= 1:
        yield from (_whole(Change.SAME, line) for line in lines)
        return
    yield from (_whole(Change.SAME, line) for line in lines[:head])
    yield LeftOut(skipped)
    yield from (_whole(Change.SAME, line) for line in lines[len(lines) - tail :])


def _changed(removed: Sequence[str], added: Sequence[str], *, by_words: bool) -> Iterator[Line]:
    alike = by_words and min(len(removed), len(added)) <= PAIRS_AT_MOST
    pairs = [_pair(old, new, by_words=alike) for old, new in zip_longest(removed, added)]
    yield from (old for old, _ in pairs if old is not None)
    yield from (new for _, new in pairs if new is not None)


def _pair(old: str | None, new: str | None, *, by_words: bool) -> tuple[Line | None, Line | None]:
    """Both lines, with what differs marked where they are alike."""
    if old is None or new is None:
        removed = None if old is None else _whole(Change.REMOVED, old)
        return removed, None if new is None else _whole(Change.ADDED, new)
    first, second = _WORD.findall(old), _WORD.findall(new)
    if not by_words or max(len(first), len(second)) > WORDS_AT_MOST:
        return _whole(Change.REMOVED, old), _whole(Change.ADDED, new)
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return _whole(Change.REMOVED, old), _whole(Change.ADDED, new)
    blocks = matcher.get_opcodes()
    one = tuple(Piece("".join(first[i1:i2]), what != "equal") for what, i1, i2, _, _ in blocks if i2 > i1)
    other = tuple(Piece("".join(second[j1:j2]), what != "equal") for what, _, _, j1, j2 in blocks if j2 > j1)
    return Line(Change.REMOVED, one), Line(Change.ADDED, other)


def _whole(change: Change, line: str) -> Line:
    return Line(change, (Piece(line, changed=change is not Change.SAME),))
