"""The record of processing is made from the data map, and leaves out no table that says something about people."""

from dataclasses import replace

import pytest

from gateway.domain.policies import Language
from gateway.storage.data_map import DATA_MAP, Reader, processing_record
from gateway.storage.data_map import record as records
from gateway.storage.data_map.record_texts import ACTIVITIES, READERS
from gateway.usecases.processing_record import as_json, as_markdown
from gateway.usecases.receipts import Controller

CONTROLLER = Controller("Ann's | House", "1 Hill Road", "ann@example.org", "eu-1")
LISTED = [table for one in ACTIVITIES for table in one.tables]


def test_every_table_about_people_is_in_exactly_one_activity() -> None:
    assert len(LISTED) == len(set(LISTED))
    assert set(LISTED) <= DATA_MAP.keys()
    about_people = {name for name, table in DATA_MAP.items() if not table.nobody}
    assert about_people - set(LISTED) == set()


def test_what_is_left_out_holds_nothing_personal() -> None:
    left_out = [column for name in DATA_MAP.keys() - set(LISTED) for column in DATA_MAP[name].columns.values()]
    assert left_out
    assert [entry.purpose for entry in left_out if entry.sensitivity.value in {"personal", "identifier"}] == []


@pytest.mark.parametrize("language", Language)
def test_the_record_says_of_every_table_what_its_person_is_told_and_how_long_it_is_kept(language: Language) -> None:
    record = processing_record(CONTROLLER, language)
    kept = [one for activity in record.activities for one in activity.data]
    assert len(kept) >= len(LISTED)
    assert all(one.what and one.until and all(one.until) for one in kept)
    page = as_markdown(record)
    assert all(one.what in page for one in kept)


def test_a_table_that_changes_changes_the_record() -> None:
    changed = {**DATA_MAP, "notices": replace(DATA_MAP["notices"], told="Something else.")}
    before, after = (
        as_markdown(records.processing_record(tables, CONTROLLER, Language.ENGLISH)) for tables in (DATA_MAP, changed)
    )
    assert "Something else." not in before
    assert "Something else." in after


def test_support_is_not_among_those_who_see_location() -> None:
    record = processing_record(CONTROLLER, Language.ENGLISH)
    (location,) = [one for one in record.activities if one.key == "location"]
    assert set(location.seen_by) == {READERS[one][Language.ENGLISH] for one in (Reader.GATEWAY, Reader.PERSON)}


def test_only_what_the_person_named_an_address_for_is_given_to_anybody() -> None:
    record = processing_record(CONTROLLER, Language.ENGLISH)
    assert [one.key for one in record.activities if one.leaves_to] == ["disclosures"]


@pytest.mark.parametrize("language", Language)
def test_the_record_names_the_controller_and_no_word_of_theirs_breaks_its_tables(language: Language) -> None:
    record = processing_record(CONTROLLER, language)
    page = as_markdown(record)
    assert "Ann's / House, 1 Hill Road" in page
    assert {line.count("|") for line in page.splitlines() if line.startswith("|")} == {3}
    assert as_json(record)["controller"]["name"] == "Ann's | House"
