"""A type of appliance made for counting: one property for each report, one for each command.

The gateway keeps the latest state only. So that a lost report shows, each report writes a property of its own, with a
number that only grows; a property that holds less than what was acknowledged tells which report was lost.
"""

import json
from pathlib import Path
from typing import Any

TYPE_ID = "ledger.test.l1"
PAGES = 64
DIALS = 40

_TITLES = {"en": "A page", "zh": "页"}


def page(number: int) -> str:
    """The property that a report writes."""
    return f"page_{number % PAGES:02d}"


def dial(number: int) -> str:
    """The property that a command sets. Neighbours differ, so that no command takes the place of another."""
    return f"dial_{number % DIALS:02d}"


def _property(*, read_only: bool) -> dict[str, Any]:
    return {"titles": _TITLES, "component": "main", "type": "integer", "minimum": 0, "readOnly": read_only}


def descriptor() -> dict[str, Any]:
    """The descriptor, as a gateway's own folder of types holds it."""
    dials = {dial(number): _property(read_only=False) for number in range(DIALS)}
    return {
        "@context": ["https://www.w3.org/2022/wot/td/v1.1", {"hg": "https://hearthgate.example/ns/1#"}],
        "@type": ["tm:ThingModel", "hg:Ledger"],
        "id": f"urn:hearthgate:type:{TYPE_ID}",
        "type_id": TYPE_ID,
        "descriptor_version": 1,
        "titles": {"en": "Ledger", "zh": "账本"},
        "credentials": ["unit_certificate"],
        "components": {"main": {"titles": {"en": "Main", "zh": "主机"}}},
        "safety": {"class": "harmless", "remote_on": True, "automatic_on": True, "longest_run_s": None},
        "properties": {**{page(number): _property(read_only=True) for number in range(PAGES)}, **dials},
        "actions": {
            "set": {
                "titles": {"en": "Set", "zh": "设置"},
                "input": {
                    "type": "object",
                    "properties": {name: {"tm:ref": f"#/properties/{name}"} for name in dials},
                    "minProperties": 1,
                    "additionalProperties": False,
                },
            },
        },
        "events": {},
        "faults": {},
    }


def write_types(folder: Path) -> Path:
    """A folder of types with this one in it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{TYPE_ID}.json").write_text(json.dumps(descriptor(), ensure_ascii=False), "utf-8")
    return folder
