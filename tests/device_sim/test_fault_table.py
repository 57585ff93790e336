"""The table of faults against the catalogue: no code without a fault or a reason."""

from device_sim.faults.table import FAULTS, LEFT_OUT, Fault
from gateway.domain.evidence import Confidence
from gateway.domain.failures import CATALOGUE, Code, Stage

CAUSED = {fault.code for fault in FAULTS.values() if fault.code is not None}


def test_every_code_is_caused_or_left_out_with_a_reason_and_none_is_both() -> None:
    assert {code.value for code in Code} == CAUSED | set(LEFT_OUT)
    assert not CAUSED & set(LEFT_OUT)
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())


def test_what_is_expected_is_what_the_catalogue_knows() -> None:
    for fault in FAULTS.values():
        assert Stage(fault.stage)
        assert fault.confidences <= {confidence.value for confidence in Confidence}
        if fault.code is not None:
            assert CATALOGUE[Code(fault.code)].stage.value == fault.stage


def test_what_nobody_saw_may_not_be_called_observed() -> None:
    for fault in FAULTS.values():
        if fault.silent or fault.stage in {"pair", "wifi", "net"}:
            assert "observed" not in fault.confidences


def test_a_code_that_nobody_can_know_is_expected_of_silence_only() -> None:
    unknown: list[Fault] = [fault for fault in FAULTS.values() if fault.code is None]
    assert unknown
    assert all(fault.silent for fault in unknown)
