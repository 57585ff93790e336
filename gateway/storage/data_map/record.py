"""The record of processing, made from the data map: every table that says something about people, by activity."""

from collections.abc import Mapping

from gateway.domain.policies import Language
from gateway.storage.data_map.entries import Reader, Sensitivity, TableEntry
from gateway.storage.data_map.policy_part import periods, sentences
from gateway.storage.data_map.record_texts import ACTIVITIES, MEASURES, READERS, Described
from gateway.usecases.processing_record import Activity, Kept, ProcessingRecord
from gateway.usecases.receipts import Controller


def processing_record(tables: Mapping[str, TableEntry], controller: Controller, language: Language) -> ProcessingRecord:
    """The whole record, in one language."""
    activities = tuple(_activity(tables, one, language) for one in ACTIVITIES)
    return ProcessingRecord(language, controller, activities, tuple(text[language] for text in MEASURES))


def _activity(tables: Mapping[str, TableEntry], one: Described, language: Language) -> Activity:
    return Activity(
        key=one.key,
        name=one.name[language],
        purpose=one.purpose[language],
        people=one.people[language],
        rests_on=one.rests_on[language],
        data=tuple(
            Kept(told, periods(classes, language))
            for name in one.tables
            for told, classes in sentences(name, tables[name], language).items()
        ),
        seen_by=tuple(READERS[reader][language] for reader in _readers(tables, one)),
        leaves_to="" if one.leaves_to is None else one.leaves_to[language],
    )


def _readers(tables: Mapping[str, TableEntry], one: Described) -> list[Reader]:
    """Who sees anything of it that tells something, in the order of `Reader`."""
    found = {
        reader
        for name in one.tables
        for entry in tables[name].columns.values()
        if entry.sensitivity is not Sensitivity.NONE
        for reader in entry.readers
    }
    return [reader for reader in Reader if reader in found]
