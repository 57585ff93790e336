"""The ten stages of one attempt."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.attempts import Outcome
from gateway.domain.evidence import Evidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.stage_picture import Passing, StageMark, picture
from tests.storage.records import NOW, SECOND, an_attempt

LINES = (
    Evidence(Source.CLAIM, NOW + SECOND, "again", stage=Stage.CLAIM),
    Evidence(Source.APP, NOW, "opened", stage=Stage.PAIR),
    Evidence(Source.CLAIM, NOW, "came", stage=Stage.CLAIM),
    Evidence(Source.GATEWAY, NOW + SECOND, "no", stage=Stage.ACT, code=Code.ACT_BLOCKED),
    Evidence(Source.SILENCE, NOW, "silent", stage=Stage.TLS),
    Evidence(Source.APPLIANCE_LATER, NOW, "remembered", stage=Stage.OPCONN),
    Evidence(Source.BROKER, NOW, "a line"),
)


def test_a_failed_attempt_passed_what_lies_before_and_never_reached_what_lies_behind() -> None:
    stopped = replace(an_attempt(outcome=Outcome.FAILED), closed_at=NOW + timedelta(minutes=1))
    marks = picture(stopped, LINES)
    assert [mark.stage for mark in marks] == list(Stage)
    assert marks[:6] == (
        StageMark(Stage.PAIR, Passing.PASSED, NOW),
        StageMark(Stage.WIFI, Passing.PASSED, None),
        StageMark(Stage.NET, Passing.PASSED, None),
        StageMark(Stage.TLS, Passing.PASSED, None),
        StageMark(Stage.CLAIM, Passing.PASSED, NOW),
        StageMark(Stage.ACT, Passing.FAILED, NOW + timedelta(minutes=1)),
    )
    assert {(mark.passing, mark.at) for mark in marks[6:]} == {(Passing.NOT_REACHED, None)}


def test_an_open_attempt_is_at_a_stage_and_a_good_one_through_all() -> None:
    assert picture(an_attempt(), LINES)[Stage.ACT.digit] == StageMark(Stage.ACT, Passing.HERE, NOW + SECOND)
    done = replace(an_attempt(outcome=Outcome.SUCCEEDED), stage_reached=Stage.FIRST)
    assert {mark.passing for mark in picture(done, ())} == {Passing.PASSED}


def test_the_order_of_the_lines_does_not_matter() -> None:
    assert picture(an_attempt(), LINES) == picture(an_attempt(), LINES[::-1])
