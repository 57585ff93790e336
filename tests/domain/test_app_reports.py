"""What a report makes: names of ours, whatever the teller calls things."""

from datetime import datetime

import pytest

from gateway.domain.app_reports import Report, Told, evidence_of, failure_line
from gateway.domain.evidence import APP_JOINED, WEAK_SIGNAL, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.silence import CLAIM_CONNECTED, PAIRING_OPENED

SAYS = {
    Source.APP: "app_reports_failure",
    Source.LOCAL_LINK: "appliance_told_app_failure",
    Source.APPLIANCE_LATER: "appliance_remembers_failure",
}


@pytest.mark.parametrize("source", SAYS)
@pytest.mark.parametrize(
    "word", [CLAIM_CONNECTED, "operational_connection", APP_JOINED, WEAK_SIGNAL, PAIRING_OPENED, "first_report"]
)
def test_the_tellers_word_for_a_stage_never_becomes_a_name_of_ours(now: datetime, source: Source, word: str) -> None:
    line = failure_line(source, word, "E-17", 1, now)
    assert (line.says, line.stage, line.code, line.detail) == (SAYS[source], None, None, None)


@pytest.mark.parametrize("stage", Stage)
def test_one_of_the_ten_stages_is_kept_beside_an_unknown_code(now: datetime, stage: Stage) -> None:
    line = failure_line(Source.APP, stage.value, "E-17", 1, now)
    assert (line.stage, line.code, line.raw_code, line.detail) == (None, None, "E-17", stage.value)


def test_a_known_code_brings_its_own_stage(now: datetime) -> None:
    line = failure_line(Source.LOCAL_LINK, "Wifi", "auth_fail", 3, now)
    assert (line.stage, line.code, line.times, line.detail) == (Stage.WIFI, Code.WIFI_PASSWORD_REJECTED, 3, "wifi")


def test_a_report_forges_nothing_that_we_would_have_seen(now: datetime) -> None:
    told = tuple(Told(source, CLAIM_CONNECTED, "x", 1, 0) for source in (Source.APP, Source.LOCAL_LINK))
    lines = evidence_of(Report(told=told), now)
    assert CLAIM_CONNECTED not in {line.says for line in lines}
