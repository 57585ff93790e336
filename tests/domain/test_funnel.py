"""The funnel of many attempts."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.attempts import Outcome
from gateway.domain.failures import Code, Stage
from gateway.domain.funnel import Share, Spread, Tally, TopCode, funnel_of, seconds_per_stage, spread

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_whoever_reached_a_stage_reached_those_before_it() -> None:
    told = funnel_of(
        [
            Tally(Stage.FIRST, Outcome.SUCCEEDED, silent=False, many=5),
            Tally(Stage.ACT, Outcome.FAILED, silent=False, many=3),
            Tally(Stage.CERT, Outcome.FAILED, silent=True, many=1),
            Tally(Stage.PAIR, Outcome.OPEN, silent=False, many=2),
        ],
        {Stage.ACT: [1.0, 3.0]},
        Share(4, 8),
        [TopCode(Code.ACT_BLOCKED, "heater.panel.s2", "1.2.3", None, 3)],
        since=NOW,
        until=NOW + SECOND,
    )
    assert (told.attempts, told.open, told.succeeded, told.failed) == (11, 2, 5, 4)
    assert [stage.reached for stage in told.stages] == [11, 9, 9, 9, 9, 9, 6, 5, 5, 5]
    assert {stage.stage: stage.failed for stage in told.stages if stage.failed} == {Stage.ACT: 3, Stage.CERT: 1}
    assert told.silent == Share(1, 4)
    assert told.first_try.ratio == 0.5
    assert told.stages[Stage.ACT.digit].spread == Spread(1.0, 3.0, 2)
    assert told.stages[Stage.CERT.digit].spread is None


def test_nothing_has_no_ratio() -> None:
    told = funnel_of([], {}, Share(0, 0), [], since=NOW, until=NOW)
    assert told.attempts == 0
    assert told.silent.ratio is None
    assert told.first_try.ratio is None
    assert all(stage.spread is None for stage in told.stages)


def test_a_stage_takes_until_the_next_one_that_was_seen() -> None:
    signs = {Stage.CLAIM: NOW, Stage.ACT: NOW + SECOND, Stage.OPCONN: NOW + 5 * SECOND}
    assert seconds_per_stage([signs]) == {Stage.CLAIM: [1.0], Stage.ACT: [4.0]}


def test_a_stage_that_was_seen_after_a_later_one_is_not_timed() -> None:
    assert seconds_per_stage([{Stage.WIFI: NOW + SECOND, Stage.CLAIM: NOW}]) == {}


@pytest.mark.parametrize(("many", "median", "p95"), [(1, 1, 1), (2, 1, 2), (20, 10, 19), (100, 50, 95)])
def test_percentiles_are_values_that_were_measured(many: int, median: int, p95: int) -> None:
    assert spread([float(value) for value in range(many, 0, -1)]) == Spread(median, p95, many)
