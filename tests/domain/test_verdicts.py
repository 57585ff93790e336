"""Verdicts: what evidence comes to, whatever its order, and what is never claimed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.evidence import APP_JOINED, WEAK_SIGNAL, Confidence, Evidence, Source
from gateway.domain.failures import Code, Stage, stage_of
from gateway.domain.verdicts import REMARKS, stage_reached, verdict

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NOT_SILENT = [source for source in Source if source is not Source.SILENCE]


def seen(stage: Stage, after_s: float = 0, source: Source = Source.GATEWAY) -> Evidence:
    return Evidence(source, START + after_s * SECOND, "seen", stage=stage)


def failed(code: Code, after_s: float = 0, source: Source = Source.GATEWAY, *, probable: bool = False) -> Evidence:
    return Evidence(source, START + after_s * SECOND, "failed", code.value, stage_of(code), code, probable=probable)


def rejected(after_s: float = 0, times: int = 1, source: Source = Source.LOCAL_LINK) -> Evidence:
    return replace(failed(Code.WIFI_PASSWORD_REJECTED, after_s, source), times=times)


def quiet(after_s: float, code: Code | None = None, stage: Stage = Stage.PAIR) -> Evidence:
    at = START + after_s * SECOND
    return Evidence(Source.SILENCE, at, "deadline_passed", stage=stage_of(code) if code else stage, code=code)


moments = st.integers(0, 180).map(lambda seconds: START + seconds * SECOND)
signs = st.builds(
    lambda source, at, stage: Evidence(source, at, "seen", stage=stage),
    st.sampled_from(NOT_SILENT),
    moments,
    st.sampled_from(Stage),
)
failures = st.builds(
    lambda source, at, code, times, probable: Evidence(
        source, at, "failed", code.value, stage_of(code), code, times=times, probable=probable
    ),
    st.sampled_from(NOT_SILENT),
    moments,
    st.sampled_from([code for code in Code if code not in REMARKS]),
    st.integers(1, 4),
    st.booleans(),
)
remarks = st.builds(lambda at, code: replace(failed(code), at=at), moments, st.sampled_from(sorted(REMARKS)))
silences = st.builds(
    lambda at, code: Evidence(Source.SILENCE, at, "deadline_passed", stage=stage_of(code), code=code),
    moments,
    st.sampled_from([Code.OPCONN_NEVER, Code.BIND_TIMEOUT_RETRY, Code.FIRST_NO_TELEMETRY, Code.OPCONN_STILL_CLAIM]),
)
facts = st.builds(
    lambda at, told: Evidence(told[0], at, told[1]),
    moments,
    st.sampled_from([(Source.APP, APP_JOINED), (Source.LOCAL_LINK, WEAK_SIGNAL), (Source.APP, "app_scan")]),
)
evidence = st.lists(st.one_of(signs, failures, remarks, silences, facts), max_size=12)


@given(evidence, st.randoms())
def test_the_order_of_arrival_does_not_matter(lines: list[Evidence], randomly: object) -> None:
    shuffled = list(lines)
    randomly.shuffle(shuffled)  # type: ignore[attr-defined]
    assert verdict(shuffled) == verdict(lines)


@settings(max_examples=500)
@given(evidence, failures)
def test_another_failure_never_makes_the_verdict_less_specific(lines: list[Evidence], more: Evidence) -> None:
    before, after = verdict(lines), verdict([*lines, more])
    assert before.code is None or after.code is not None


@settings(max_examples=500)
@given(evidence, signs)
def test_only_who_is_seen_to_have_gone_on_loses_a_code(lines: list[Evidence], sign: Evidence) -> None:
    before, after = verdict(lines), verdict([*lines, sign])
    # After a silence any sign of life is enough: it takes the silence away, and what explained it.
    if before.code is not None and after.code is None and not any(line.is_silence for line in lines):
        reached = stage_reached([*lines, sign])
        # Being connected is what makes a binding count; until then it counts as having the certificate.
        early = {(Stage.OPCONN, Stage.BIND), (Stage.BIND, Stage.CERT)}
        assert sign.stage is reached or (sign.stage, reached) in early


@given(evidence)
def test_nothing_that_was_inferred_or_reported_is_called_observed(lines: list[Evidence]) -> None:
    found = verdict(lines)
    if found.confidence is Confidence.OBSERVED:
        told = {Code.WIFI_PASSWORD_SUSPECT: {Code.WIFI_PASSWORD_SUSPECT, Code.WIFI_PASSWORD_REJECTED}}
        codes = {found.code} if found.code is None else told.get(found.code, {found.code})
        assert any(
            line.code in codes
            and line.stage is not None
            and not line.probable
            and line.source in {Source.BROKER, Source.CLAIM, Source.GATEWAY}
            for line in lines
        )
    if (
        found.silent
        and found.code is not None
        and not any(line.code is found.code for line in lines if not line.is_silence)
    ):
        assert found.confidence in {Confidence.INFERRED, Confidence.REPORTED_BY_APP, Confidence.REPORTED_BY_APPLIANCE}


@given(st.lists(st.one_of(signs, silences), max_size=12))
def test_silence_alone_is_never_more_than_inferred(lines: list[Evidence]) -> None:
    found = verdict(lines)
    if found.code is not None:
        assert (found.confidence, found.silent) == (Confidence.INFERRED, True)


@given(evidence)
def test_a_wrong_password_is_said_only_after_three_equal_results(lines: list[Evidence]) -> None:
    if verdict(lines).code is Code.WIFI_PASSWORD_REJECTED:
        assert sum(line.times for line in lines if line.code is Code.WIFI_PASSWORD_REJECTED) >= 3
        assert not any(line.says in {APP_JOINED, WEAK_SIGNAL} for line in lines)


def test_without_evidence_nothing_is_known() -> None:
    assert verdict([]).confidence is Confidence.UNKNOWN
    assert (verdict([]).stage, verdict([]).code) == (Stage.PAIR, None)


def test_of_two_failures_the_later_stage_counts() -> None:
    lines = [failed(Code.BIND_OWNED, 0, Source.APP), failed(Code.ACT_BLOCKED, 1)]
    assert verdict(lines).code is Code.BIND_OWNED


def test_at_one_stage_the_surer_source_counts_and_then_the_latest_word() -> None:
    said = failed(Code.CERT_STORE_FAILED, 0, Source.APP)
    observed = failed(Code.CERT_KEY_REJECTED, 0)
    assert verdict([said, observed]).code is Code.CERT_KEY_REJECTED
    assert verdict([said, observed, failed(Code.CERT_STORE_FAILED, 9, Source.APPLIANCE)]).code is Code.CERT_KEY_REJECTED
    assert verdict([said, observed, failed(Code.CERT_CSR_INVALID, 1)]).code is Code.CERT_CSR_INVALID


def test_who_is_seen_at_the_stage_where_it_failed_has_not_passed_it() -> None:
    lines = [failed(Code.ACT_UNKNOWN_MACHINE_CODE), seen(Stage.ACT, 1)]
    assert verdict(lines).code is Code.ACT_UNKNOWN_MACHINE_CODE
    assert verdict([*lines, seen(Stage.CERT, 2)]).code is None


def test_a_connection_that_was_refused_before_it_stood_is_history() -> None:
    assert verdict([failed(Code.OPCONN_ID_MISMATCH), seen(Stage.OPCONN, 1)]).code is None
    assert verdict([seen(Stage.OPCONN, 1), failed(Code.OPCONN_FLAPPING, 1)]).code is Code.OPCONN_FLAPPING


def test_a_binding_counts_once_the_appliance_is_there() -> None:
    assert verdict([seen(Stage.CERT), seen(Stage.BIND)]).stage is Stage.CERT
    assert verdict([seen(Stage.CERT), seen(Stage.BIND), seen(Stage.OPCONN, 1)]).stage is Stage.BIND


def test_what_the_broker_saw_after_the_last_step_explains_the_silence() -> None:
    lines = [seen(Stage.CERT), failed(Code.TLS_CLOCK, 5, Source.BROKER, probable=True)]
    assert verdict(lines).code is None, "probable, and it may still come"
    found = verdict([*lines, quiet(41, Code.OPCONN_NEVER)])
    assert (found.code, found.confidence) == (Code.TLS_CLOCK, Confidence.INFERRED)
    assert verdict(
        [failed(Code.TLS_CLOCK, 0, Source.BROKER), seen(Stage.CERT, 5), quiet(45, Code.OPCONN_NEVER)]
    ).code is (Code.OPCONN_NEVER)


def test_three_equal_results_with_a_good_signal_make_a_wrong_password() -> None:
    assert verdict([rejected(times=3)]).code is Code.WIFI_PASSWORD_REJECTED
    assert verdict([rejected(0), rejected(10), rejected(20)]).code is Code.WIFI_PASSWORD_REJECTED


@pytest.mark.parametrize(
    "lines",
    [
        [rejected(times=2)],
        [rejected(0, 2), rejected(1, 2)],
        [rejected(0, 2, Source.APPLIANCE_LATER), rejected(9, 2)],
        [rejected(times=3), Evidence(Source.APP, START, APP_JOINED)],
        [rejected(times=3), Evidence(Source.LOCAL_LINK, START, WEAK_SIGNAL)],
    ],
)
def test_otherwise_it_is_suspect_and_nobody_is_blamed(lines: list[Evidence]) -> None:
    found = verdict(lines)
    assert (found.stage, found.code) == (Stage.WIFI, Code.WIFI_PASSWORD_SUSPECT)
    assert found.confidence is Confidence.REPORTED_BY_APPLIANCE


@pytest.mark.parametrize(
    "forged",
    [
        replace(rejected(), says=APP_JOINED, code=None, stage=None),
        Evidence(Source.APPLIANCE_LATER, START, APP_JOINED),
        Evidence(Source.APP, START, WEAK_SIGNAL),
        Evidence(Source.APPLIANCE_LATER, START, WEAK_SIGNAL),
    ],
)
def test_a_name_from_somebody_who_cannot_know_changes_nothing(forged: Evidence) -> None:
    found = verdict([rejected(times=3), forged])
    assert (found.code, found.contradictions) == (Code.WIFI_PASSWORD_REJECTED, ())


def test_a_phone_that_joined_with_the_same_password_is_shown_against_the_appliance() -> None:
    joined = Evidence(Source.APP, START, APP_JOINED)
    (contradiction,) = verdict([rejected(times=5), joined]).contradictions
    assert (contradiction.first.code, contradiction.second) == (Code.WIFI_PASSWORD_REJECTED, joined)


def test_two_sources_that_disagree_are_both_shown() -> None:
    said = failed(Code.NET_NO_INTERNET, 1, Source.APP)
    found = verdict([failed(Code.NET_DNS_FAILED, 0, Source.APPLIANCE), said])
    assert found.code is Code.NET_DNS_FAILED
    assert [one.second for one in found.contradictions] == [said]


def test_the_same_contradiction_said_again_is_shown_once_as_it_was_said_last() -> None:
    said = [failed(Code.NET_NO_INTERNET, second, Source.APP) for second in (3, 1, 2)]
    other = failed(Code.NET_CAPTIVE_PORTAL, 0, Source.APP)
    found = verdict([failed(Code.NET_DNS_FAILED, 0, Source.APPLIANCE), *said, other])
    assert [one.second for one in found.contradictions] == [other, said[0]]


def test_a_remark_speaks_when_it_works_or_when_nothing_else_does() -> None:
    skewed = failed(Code.FIRST_CLOCK_SKEW, 1)
    there = [seen(Stage.OPCONN), seen(Stage.BIND)]
    assert verdict([*there, skewed]).code is None
    assert verdict([*there, skewed, seen(Stage.FIRST, 2)]).code is Code.FIRST_CLOCK_SKEW
    assert verdict([*there, skewed, quiet(61, Code.FIRST_NO_TELEMETRY)]).code is Code.FIRST_CLOCK_SKEW
