"""The figures of a run: what counts as right, and which thresholds fail it."""

from dataclasses import replace

from device_sim.faults.confusion import Reading, Result, as_json, as_text, confusion, score
from device_sim.faults.table import FAULTS, Fault


def rightly(fault: Fault) -> Result:
    confidence = min(fault.confidences)
    told = Reading(fault.stage, fault.code, confidence, silent=fault.silent)
    return Result(fault, told, later=told)


GOOD = [rightly(fault) for fault in FAULTS.values()]


def missed(results: list[Result]) -> str:
    return "; ".join(score(results).missed())


def test_a_run_in_which_everything_was_told_rightly_misses_nothing() -> None:
    figures = score(GOOD)
    assert figures.missed() == ()
    assert (figures.stage_share, figures.code_share, figures.confidence_share) == (1.0, 1.0, 1.0)
    assert (figures.silence_share, figures.observed_wrongly, figures.changed_later) == (0.0, 0, 0)


def told(name: str, stage: str, code: str | None, confidence: str, *, silent: bool = False) -> Result:
    return Result(FAULTS[name], Reading(stage, code, confidence, silent))


def test_a_wrong_code_of_the_right_stage_counts_for_the_stage_only() -> None:
    wrong = told("busy", "pair", "pair.local_link_lost", "reported_by_app")
    assert wrong.right_stage
    assert not wrong.right_code
    assert "right code 0.0%" in missed([wrong])


def test_the_right_code_of_a_wrong_stage_is_not_right() -> None:
    assert not told("busy", "wifi", "pair.busy", "reported_by_app").right_code


def test_a_code_where_nobody_can_know_one_is_wrong() -> None:
    assert not told("crowd", "pair", "pair.busy", "inferred").right_code


def test_one_guess_called_observed_fails_the_run() -> None:
    assert "1 verdicts called observed" in missed([*GOOD, told("reset", "tls", "tls.reset", "observed")])


def test_one_stage_in_twenty_wrong_fails_the_run() -> None:
    nineteen = [rightly(FAULTS["busy"])] * 19
    assert "right stage 95.0%" in missed([*nineteen, told("busy", "wifi", None, "unknown")])


def test_silence_where_somebody_could_have_spoken_counts_and_where_nobody_could_it_does_not() -> None:
    silence = told("malformed", "pair", None, "unknown", silent=True)
    assert silence.ended_in_silence
    assert Result(FAULTS["malformed"], None).ended_in_silence
    assert not rightly(FAULTS["falls_silent"]).ended_in_silence
    assert "silence 20.0%" in missed([rightly(FAULTS["malformed"])] * 4 + [silence])


def test_faults_that_could_not_be_caused_are_not_judged_but_too_many_of_them_fail_the_run() -> None:
    failed = Result(FAULTS["busy"], None, problem="no answer came")
    assert missed([rightly(FAULTS["busy"])] * 99 + [failed]) == ""
    assert "only 9 of 10 faults could be caused" in missed([rightly(FAULTS["busy"])] * 9 + [failed])
    assert "right stage unknown" in missed([failed])


def test_what_changed_until_the_end_of_the_run_is_counted() -> None:
    first = rightly(FAULTS["busy"])
    later = replace(first, later=Reading("wifi", None, "unknown", silent=True))
    assert score([later]).changed_later == 1
    assert score([later]).later_code_share == 0.0


def test_the_table_has_a_row_for_each_fault_and_says_what_was_told_instead() -> None:
    wrong = told("busy", "wifi", None, "unknown")
    rows = confusion([rightly(FAULTS["busy"]), wrong])
    assert rows["busy"] == {"pair.busy": 1, "wifi, code unknown": 1}
    assert "wifi, code unknown x1" in as_text([wrong])
    assert "as inferred x1" in as_text([told("malformed", "act", "act.malformed", "inferred")])
    assert as_json([wrong])["table"] == [{"fault": "busy", "expected": "pair.busy", "told": {"wifi, code unknown": 1}}]


def test_every_result_names_the_codes_that_are_not_caused() -> None:
    assert "claim.revoked: " in as_text(GOOD)
    assert "claim.revoked" in as_json(GOOD)["left_out"]
