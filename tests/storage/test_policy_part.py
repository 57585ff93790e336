"""The part of the policy that is made from the data map: everything about people, in every language."""

import pytest

from gateway.domain.policies import Language
from gateway.storage.data_map import DATA_MAP, Sensitivity, for_policy
from gateway.storage.data_map.chinese import ABOUT, ENDS, TOLD
from gateway.storage.data_map.policy_part import stored
from gateway.usecases.repositories.retention import RetentionClass
from gateway.usecases.retention import PERIODS


def about_people() -> set[str]:
    """Tables, and columns with a sentence of their own, that the policy has a line for."""
    places: set[str] = set()
    for name, entry in DATA_MAP.items():
        if entry.nobody or all(one.sensitivity is Sensitivity.NONE for one in entry.columns.values()):
            continue
        places |= {name} | {f"{name}.{column}" for column, one in entry.columns.items() if one.told}
    return places


def test_every_sentence_is_there_in_chinese() -> None:
    """A new table with something about people needs a sentence in `storage/data_map/chinese.py`."""
    assert about_people() - TOLD.keys() == set()


def test_every_way_to_end_is_there_in_chinese() -> None:
    used = {
        which
        for name in {place.partition(".")[0] for place in about_people()}
        for classes in (DATA_MAP[name].retention, *(one.retention for one in DATA_MAP[name].columns.values()))
        for which in classes
    }
    assert {which for which in used if which not in PERIODS} - ENDS.keys() == set()
    until = {which for which in used if which in PERIODS and not PERIODS[which]}
    assert until - ABOUT.keys() == set()


@pytest.mark.parametrize("language", Language)
def test_there_is_a_line_for_each_kind_of_data(language: Language) -> None:
    lines = for_policy(language).splitlines()
    assert all(line.startswith("- ") for line in lines)
    assert len(lines) >= len({DATA_MAP[place.partition(".")[0]].told for place in about_people()})
    assert len(set(lines)) == len(lines)


def test_both_languages_say_the_same_periods() -> None:
    assert "Kept: 30 days." in for_policy(Language.ENGLISH)
    assert "30 天。" in for_policy(Language.CHINESE)
    assert RetentionClass.CONSENT_CLOSED in DATA_MAP["consent_events"].retention
    assert "1095 天" in for_policy(Language.CHINESE)


def test_what_is_about_nobody_is_left_out() -> None:
    assert "policies" not in about_people()
    assert stored({"policies": DATA_MAP["policies"]}, Language.ENGLISH).strip() == ""
