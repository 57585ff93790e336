import re

import pytest

from gateway.domain.failures import CATALOGUE, Code, Retry, Stage, number_of, stage_of


def test_every_code_stands_once_in_the_catalogue() -> None:
    assert set(CATALOGUE) == set(Code)
    assert len({failure.number for failure in CATALOGUE.values()}) == len(Code)


@pytest.mark.parametrize("code", Code)
def test_the_first_digit_and_the_first_word_name_the_same_stage(code: Code) -> None:
    assert code.value.split(".")[0] == stage_of(code).value
    assert number_of(code) // 100 == stage_of(code).digit
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", code.value)


@pytest.mark.parametrize("code", Code)
def test_a_time_to_wait_is_given_exactly_where_waiting_is_the_advice(code: Code) -> None:
    failure = CATALOGUE[code]
    assert (failure.retry is Retry.AFTER) == (failure.retry_after_s is not None)
    assert failure.retry_after_s is None or 0 < failure.retry_after_s <= 600


def test_stages_are_ten_in_their_order() -> None:
    assert [stage.digit for stage in Stage] == list(range(10))


def test_small_numbers_are_shown_with_three_digits() -> None:
    assert CATALOGUE[Code.PAIR_PROOF_MISMATCH].digits == "003"


def test_numbers_that_other_pages_name_stay_what_they_are() -> None:
    known = {
        "act.unknown_machine_code": 502,
        "act.secret_not_wanted": 512,
        "claim.duplicate_id": 405,
        "cert.not_delivered": 605,
        "opconn.never": 701,
        "bind.owned": 803,
        "first.remote_off": 906,
    }
    assert {code: number_of(Code(code)) for code in known} == known
