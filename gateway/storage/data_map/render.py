"""The data map as JSON and as text, for `hearthgate export data-map` and for the page that a person reads."""

import json
from datetime import timedelta
from typing import Any

from gateway.storage.data_map.entries import Entry, Sensitivity, TableEntry
from gateway.storage.data_map.purposes import read_for
from gateway.usecases.repositories.retention import RetentionClass
from gateway.usecases.retention import PERIODS

_ENDS = {
    RetentionClass.HARDWARE: "life of the appliance",
    RetentionClass.INSTALLATION: "life of the installation",
    RetentionClass.ACCOUNT: "until the account closes",
    RetentionClass.BINDING: "until release",
    RetentionClass.UNTIL_SENT: "until sent",
    RetentionClass.COMMAND_VALUES: "until the command ends",
    RetentionClass.HOME: "until its last member leaves",
    RetentionClass.AUTOMATION: "until you remove it, withdraw the consent, leave the home or release the appliance",
}
"""In words, for the classes that time does not end."""

_ABOUT = {
    RetentionClass.ATTEMPT: "the latest sign of it",
    RetentionClass.ATTEMPT_SUCCEEDED: "its success",
    RetentionClass.EVIDENCE_WAITING: "being seen, while it belongs to no attempt",
    RetentionClass.PAIRING: "its ten minutes are over",
    RetentionClass.PAIRING_TOKEN: "its ten minutes are over",
    RetentionClass.SESSION: "its end or last use",
    RetentionClass.SESSION_TOKEN: "it expires",
    RetentionClass.STAFF: "the account was disabled",
    RetentionClass.STAFF_SESSION: "its end or last use",
    RetentionClass.SUPPORT_CODE: "it expires",
    RetentionClass.SUPPORT_GRANT: "its end",
    RetentionClass.EXPORT: "its seven days are over",
    RetentionClass.REQUEST: "its end",
    RetentionClass.CLOSURE: "it expires",
    RetentionClass.CONSENT_CLOSED: "the account closed, when nobody can read it any more",
    RetentionClass.CONSENT_NOTICE: "its ten minutes are over",
    RetentionClass.GUARDIAN_CODE: "it expires",
    RetentionClass.HOME_INVITATION: "it expires or is used",
    RetentionClass.PRESENCE: "your phone's latest word; at once when you withdraw the consent or leave the home",
    RetentionClass.ERASURE: "it was complete, if the receipt was not fetched",
    RetentionClass.ERASURE_FETCHED: "the receipt was fetched",
    RetentionClass.BREAK_GLASS: "its review, or after the question where it was not approved",
}
"""From when a period counts, where that is not the moment of writing."""


def period_text(which: RetentionClass) -> str:
    """How long a class is kept, for people."""
    period = PERIODS.get(which)
    if period is None:
        return _ENDS[which]
    after = _ABOUT.get(which)
    if period == timedelta(0):
        return f"until {after}"
    return _duration(period) if after is None else f"{_duration(period)} after {after}"


def _duration(period: timedelta) -> str:
    for unit, length in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if period >= length and period % length == timedelta(0):
            many = period // length
            return f"{many} {unit}" + ("" if many == 1 else "s")
    return f"{period.total_seconds():g} seconds"


def as_json(tables: dict[str, TableEntry]) -> str:
    """Everything, in the order of the tables; ends with a line feed."""
    return json.dumps({"tables": [_table(name, entry) for name, entry in tables.items()]}, indent=2) + "\n"


def _table(name: str, entry: TableEntry) -> dict[str, Any]:
    return {
        "table": name,
        "purpose": entry.purpose,
        "told": entry.told,
        "subject": entry.subject,
        "columns": [_column(name, entry, column, one) for column, one in entry.columns.items()],
    }


def _column(table_name: str, table: TableEntry, name: str, entry: Entry) -> dict[str, Any]:
    classes = entry.retention or table.retention
    return {
        "column": name,
        "purpose": entry.purpose,
        "sensitivity": entry.sensitivity.value,
        "retention": [{"class": which.value, "kept": period_text(which)} for which in classes],
        "readers": [reader.value for reader in entry.readers],
        "read_for": sorted(purpose.value for purpose in read_for(table_name, table, name)),
        "told": entry.told or table.told,
    }


def as_markdown(tables: dict[str, TableEntry]) -> str:
    """A table for each table, for the record of processing."""
    lines = ["# What is stored", ""]
    for name, entry in tables.items():
        lines += [f"## {name}", "", f"{_sentence(entry.purpose)} _{entry.told}_", ""]
        lines += ["| column | what for | sensitivity | kept | who sees it |", "|---|---|---|---|---|"]
        for column in _table(name, entry)["columns"]:
            kept = "; ".join(one["kept"] for one in column["retention"])
            cells = (column["column"], column["purpose"], column["sensitivity"], kept, ", ".join(column["readers"]))
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def for_person(tables: dict[str, TableEntry]) -> str:
    """What a person reads: a sentence for each kind of data about them or their appliance, and how long it is kept."""
    lines = ["# What the gateway knows about you and your appliances", ""]
    for entry in tables.values():
        if all(one.sensitivity is Sensitivity.NONE for one in entry.columns.values()):
            continue
        sentences: dict[str, tuple[RetentionClass, ...]] = {entry.told: entry.retention}
        for one in entry.columns.values():
            if one.told:
                sentences.setdefault(one.told, one.retention or entry.retention)
        for told, classes in sentences.items():
            lines.append(f"- {told} Kept: {'; '.join(period_text(which) for which in classes)}.")
    return "\n".join(lines) + "\n"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
