"""The part of the privacy policy that is made from the data map: what is stored about a person, and how long."""

from collections.abc import Mapping
from datetime import timedelta

from gateway.domain.policies import Language
from gateway.storage.data_map.chinese import ABOUT, ENDS, TOLD
from gateway.storage.data_map.entries import Sensitivity, TableEntry
from gateway.storage.data_map.render import period_text
from gateway.usecases.repositories.retention import RetentionClass
from gateway.usecases.retention import PERIODS


def stored(tables: Mapping[str, TableEntry], language: Language) -> str:
    """A line for each kind of data about a person or their appliance, with how long it is kept."""
    lines: list[str] = []
    for name, entry in tables.items():
        if entry.nobody or all(one.sensitivity is Sensitivity.NONE for one in entry.columns.values()):
            continue
        lines += [_line(told, classes, language) for told, classes in sentences(name, entry, language).items()]
    return "\n".join(lines) + "\n"


def sentences(name: str, table: TableEntry, language: Language) -> dict[str, tuple[RetentionClass, ...]]:
    """What a person is told of a table, and of columns that have a sentence of their own, each with what ends it."""
    found = {_sentence(name, table.told, language): table.retention}
    for column, one in table.columns.items():
        if one.told:
            found.setdefault(_sentence(f"{name}.{column}", one.told, language), one.retention or table.retention)
    return found


def periods(classes: tuple[RetentionClass, ...], language: Language) -> tuple[str, ...]:
    """How long each of the classes is kept, in words."""
    match language:
        case Language.ENGLISH:
            return tuple(period_text(which) for which in classes)
        case Language.CHINESE:
            return tuple(_chinese_period(which) for which in classes)


def _sentence(place: str, told: str, language: Language) -> str:
    match language:
        case Language.ENGLISH:
            return told
        case Language.CHINESE:
            return TOLD[place]


def _line(told: str, classes: tuple[RetentionClass, ...], language: Language) -> str:
    kept = periods(classes, language)
    match language:
        case Language.ENGLISH:
            return f"- {told} Kept: {'; '.join(kept)}."
        case Language.CHINESE:
            return f"- {told}保存：{'；'.join(kept)}。"  # noqa: RUF001 - Chinese


def _chinese_period(which: RetentionClass) -> str:
    period = PERIODS.get(which)
    if period is None:
        return ENDS[which]
    about = ABOUT.get(which)
    if period == timedelta(0):
        return f"直到{about}"
    return _duration(period) if about is None else f"{about}后 {_duration(period)}"


def _duration(period: timedelta) -> str:
    for unit, length in (("天", timedelta(days=1)), ("小时", timedelta(hours=1)), ("分钟", timedelta(minutes=1))):
        if period >= length and period % length == timedelta(0):
            return f"{period // length} {unit}"
    return f"{period.total_seconds():g} 秒"
