"""The funnel: of all attempts of some days, how many came how far, how long each stage took, and what stopped them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from gateway.domain.attempts import Outcome
from gateway.domain.failures import Code, Stage

_P95: Final = 0.95


@dataclass(frozen=True, slots=True)
class Tally:
    """So many attempts ended (or stand) alike."""

    stage: Stage
    outcome: Outcome
    silent: bool
    """Failed, and nothing but silence says so."""
    many: int


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, both as counts: 3 of 4 is another thing than 300 of 400."""

    part: int
    whole: int

    @property
    def ratio(self) -> float | None:
        """0 to 1; None of nothing."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took."""

    median_s: float
    p95_s: float
    """The 95th percentile by nearest rank (the smallest value that 95 % of all do not exceed)."""
    of: int
    """How many were timed."""


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """One step of the funnel."""

    stage: Stage
    reached: int
    """Attempts that reached this stage or a later one."""
    failed: int
    """Attempts that failed at it."""
    spread: Spread | None
    """From the first sign of this stage to the first sign of a later one; None where no attempt showed both."""


@dataclass(frozen=True, slots=True)
class TopCode:
    """A failure by what it happens to."""

    code: Code
    type_id: str | None
    firmware: str | None
    app_version: str | None
    many: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """What became of the attempts that were opened from `since` until just before `until`."""

    since: datetime
    until: datetime
    attempts: int
    open: int
    succeeded: int
    failed: int
    stages: tuple[FunnelStage, ...]
    """All ten, in order."""
    first_try: Share
    """Of the appliances whose first attempt is among these and has ended: those for whom it was enough. Appliances
    that never came as far as to say who they are cannot be told apart, and are not in it."""
    silent: Share
    """Of the failed attempts: those of which nothing but silence is known at the stage where they stopped."""
    top_codes: tuple[TopCode, ...]
    """Most frequent first."""


def funnel_of(
    tallies: Iterable[Tally],
    seconds: Mapping[Stage, Sequence[float]],
    first_try: Share,
    top_codes: Sequence[TopCode],
    *,
    since: datetime,
    until: datetime,
) -> Funnel:
    """Put the funnel together from what was counted."""
    counted = list(tallies)

    def many(outcome: Outcome) -> int:
        return sum(tally.many for tally in counted if tally.outcome is outcome)

    failed = many(Outcome.FAILED)
    return Funnel(
        since=since,
        until=until,
        attempts=sum(tally.many for tally in counted),
        open=many(Outcome.OPEN),
        succeeded=many(Outcome.SUCCEEDED),
        failed=failed,
        stages=tuple(_stage(stage, counted, seconds.get(stage, ())) for stage in Stage),
        first_try=first_try,
        silent=Share(sum(tally.many for tally in counted if tally.silent), failed),
        top_codes=tuple(top_codes),
    )


def seconds_per_stage(first_signs: Iterable[Mapping[Stage, datetime]]) -> dict[Stage, list[float]]:
    """How long each stage took, in each attempt that showed it and a later one.

    Args:
        first_signs: for each attempt, when each stage was first seen. Evidence may arrive late, or bear the clock of
            an appliance: a stage whose later one was seen before it is not timed.
    """
    found: dict[Stage, list[float]] = {}
    for signs in first_signs:
        seen = sorted(signs.items(), key=lambda sign: sign[0].digit)
        for (stage, began), (_, went_on) in pairwise(seen):
            if went_on >= began:
                found.setdefault(stage, []).append((went_on - began).total_seconds())
    return found


def spread(seconds: Sequence[float]) -> Spread | None:
    """Median and 95th percentile, both by nearest rank: values that were measured, never ones between them."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return Spread(_ranked(ordered, 0.5), _ranked(ordered, _P95), len(ordered))


def _ranked(ordered: Sequence[float], share: float) -> float:
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


def _stage(stage: Stage, tallies: Iterable[Tally], seconds: Sequence[float]) -> FunnelStage:
    reached = failed = 0
    for tally in tallies:
        if tally.stage.digit >= stage.digit:
            reached += tally.many
        if tally.stage is stage and tally.outcome is Outcome.FAILED:
            failed += tally.many
    return FunnelStage(stage, reached, failed, spread(seconds))
