"""Which types a rule may turn on: what the descriptor allows, what can be turned off again, and nothing that glows."""

import json
from importlib.resources import files
from typing import Any

import pytest

from gateway.usecases.descriptors import DescriptorError, read_descriptor
from gateway.usecases.types import TypeCatalogue, load_catalogue

HEATER = json.loads((files("gateway") / "types" / "heater.panel.s2.json").read_text())


def catalogue(*, without: str = "", **safety: Any) -> TypeCatalogue:
    """The panel heater with another safety part, and without an action."""
    document = json.loads(json.dumps(HEATER))
    document["safety"] |= safety
    document["actions"].pop(without, None)
    return TypeCatalogue([read_descriptor("heater.json", json.dumps(document).encode())])


@pytest.mark.parametrize(
    ("type_id", "may"),
    [
        ("heater.panel.s2", True),
        ("heater.water.w1", True),
        ("airconditioner.split.a1", True),
        ("purifier.water.p1", True),
        ("washer.front.m1", False),
        ("refrigerator.r1", False),
        ("no.such.type", False),
    ],
)
def test_of_our_own_types(type_id: str, may: bool) -> None:  # noqa: FBT001 - a table
    assert load_catalogue().may_start(type_id) is may


def test_what_only_a_person_may_turn_on_is_not_turned_on_by_a_rule() -> None:
    assert catalogue().may_start("heater.panel.s2")
    assert not catalogue(automatic_on=False).may_start("heater.panel.s2")
    assert not catalogue(remote_on=False).may_start("heater.panel.s2")


def test_what_cannot_be_turned_off_again_is_not_turned_on() -> None:
    assert not catalogue(without="off").may_start("heater.panel.s2")


def test_what_glows_is_never_turned_on_by_a_rule_and_a_descriptor_cannot_say_otherwise() -> None:
    radiant = catalogue(radiant=True, automatic_on=False)
    safety = radiant.safety("heater.panel.s2")
    assert safety is not None
    assert safety.radiant
    assert safety.remote_on, "a person may"
    assert not radiant.may_start("heater.panel.s2")
    with pytest.raises(DescriptorError, match="safety/automatic_on") as refused:
        catalogue(radiant=True)
    assert "glowing" in str(refused.value)
