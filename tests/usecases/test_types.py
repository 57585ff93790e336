"""Commands and reports against the descriptors that come with the gateway, and against a user's own."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from gateway.usecases.descriptors import CredentialKind, DescriptorError, SafetyClass, read_descriptor
from gateway.usecases.types import MAX_REJECTED_NAMES, FieldError, TypeCatalogue, load_catalogue

HEATER = "heater.panel.s2"
SHIPPED = [
    "airconditioner.split.a1",
    "heater.panel.s2",
    "heater.water.w1",
    "purifier.water.p1",
    "refrigerator.r1",
    "washer.front.m1",
]


@pytest.fixture(scope="module")
def types() -> TypeCatalogue:
    return load_catalogue()


def heater_document() -> dict[str, Any]:
    text = (files("gateway") / "types" / f"{HEATER}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def read(document: Any) -> Any:
    return read_descriptor("own.json", json.dumps(document).encode())


def problems_of(document: Any) -> dict[str, str]:
    with pytest.raises(DescriptorError) as refused:
        read(document)
    return {problem.where: problem.says for problem in refused.value.problems}


def test_the_six_first_types_come_with_the_gateway(types: TypeCatalogue) -> None:
    assert types.type_ids() == SHIPPED


@pytest.mark.parametrize("type_id", SHIPPED)
def test_every_name_and_every_fault_is_said_in_english_and_chinese(types: TypeCatalogue, type_id: str) -> None:
    descriptor = types.get(type_id)
    assert descriptor is not None
    texts = [descriptor.titles, *descriptor.faults.values()]
    for group in ("properties", "actions", "events", "components"):
        texts.extend(entry["titles"] for entry in descriptor.document[group].values())
    assert all(text["en"].isascii() and not text["zh"].isascii() for text in texts)


@pytest.mark.parametrize("type_id", SHIPPED)
def test_the_app_gets_a_descriptor_without_references(types: TypeCatalogue, type_id: str) -> None:
    descriptor = types.get(type_id)
    assert descriptor is not None
    assert "tm:ref" not in json.dumps(descriptor.document)


@pytest.mark.parametrize("type_id", [t for t in SHIPPED if t != "refrigerator.r1"])
def test_turning_on_is_recognised_in_every_type_that_can_be_turned_on(types: TypeCatalogue, type_id: str) -> None:
    assert types.turns_on(type_id, "on", None)
    assert types.turns_on(type_id, "set", {"power": "on"})
    assert not types.turns_on(type_id, "set", {"power": "off"})
    assert not types.turns_on(type_id, "off", {})


def test_a_refrigerator_cannot_be_turned_off_from_afar(types: TypeCatalogue) -> None:
    assert types.check_command("refrigerator.r1", "off", None) == [FieldError("action", "this type can do: set")]


def test_a_new_target_temperature_alone_turns_nothing_on(types: TypeCatalogue) -> None:
    assert not types.turns_on(HEATER, "set", {"target_c": 30})


def test_what_is_unknown_counts_as_turning_on(types: TypeCatalogue) -> None:
    assert types.turns_on("kettle.x9", "off", None)
    assert types.turns_on(HEATER, "fly", None)
    assert types.turns_on(HEATER, "set", {"power": "\ud800"})


def test_a_command_within_the_limits_is_allowed(types: TypeCatalogue) -> None:
    assert types.check_command(HEATER, "set", {"target_c": 21.5, "mode": "eco"}) == []
    assert types.check_command(HEATER, "on", None) == []


def test_all_bad_fields_of_a_command_are_named_at_once_and_no_value_is_repeated(types: TypeCatalogue) -> None:
    errors = types.check_command(
        HEATER, "set", {"target_c": 99.5, "power": "s3cret", "mode": 7, "lat": 48.1, "off_after_min": 1.5}
    )
    assert {error.field for error in errors} == {
        "params.target_c",
        "params.power",
        "params.mode",
        "params.lat",
        "params.off_after_min",
    }
    said = " ".join(error.says for error in errors)
    assert "must be at most 30" in said
    assert not any(value in said for value in ("99", "s3cret", "48.1"))


def test_a_parameter_whose_name_is_no_name_is_not_repeated(types: TypeCatalogue) -> None:
    errors = types.check_command(HEATER, "set", {"48.1, 11.5": True})
    assert errors == [FieldError("params.?", "has no place here")]


def test_a_command_without_its_required_parameter_is_refused(types: TypeCatalogue) -> None:
    assert types.check_command("heater.water.w1", "boost", {}) == [FieldError("params.minutes", "is required")]


def test_a_setting_command_that_sets_nothing_is_refused(types: TypeCatalogue) -> None:
    assert types.check_command(HEATER, "set", {}) == [FieldError("params", "must name at least 1")]


def test_what_is_only_reported_cannot_be_commanded(types: TypeCatalogue) -> None:
    assert types.check_command(HEATER, "set", {"room_c": 20}) == [FieldError("params.room_c", "has no place here")]


def test_a_command_to_an_unknown_type_is_refused(types: TypeCatalogue) -> None:
    assert [error.field for error in types.check_command("kettle.x9", "on", None)] == ["type_id"]


@pytest.mark.parametrize("value", ["\ud800", float("nan"), float("inf"), 10**400, {"deep": [[[[]]]]}, object()])
def test_hostile_parameters_are_refused_without_an_exception(types: TypeCatalogue, value: Any) -> None:
    assert types.check_command(HEATER, "set", {"target_c": value, "power": value}) != []


def test_a_good_report_comes_back_as_it_is(types: TypeCatalogue) -> None:
    state = {"power": "on", "room_c": 20.25, "heating": True, "fault": None}
    accepted, rejected = types.check_report(HEATER, state)
    assert accepted is state
    assert rejected == ()


def test_of_a_mixed_report_the_good_properties_are_taken_and_the_others_named(types: TypeCatalogue) -> None:
    accepted, rejected = types.check_report(HEATER, {"power": "on", "room_c": "warm", "latitude": 48.1})
    assert accepted == {"power": "on"}
    assert rejected == ("latitude", "room_c")


def test_names_that_are_none_are_not_handed_on(types: TypeCatalogue) -> None:
    _, rejected = types.check_report(HEATER, {"48.137, 11.575": 1, "x" * 65: 2, "\ud800": 3})
    assert rejected == ("?",)


def test_the_list_of_rejected_names_is_bounded(types: TypeCatalogue) -> None:
    _, rejected = types.check_report(HEATER, {f"p{n}": n for n in range(3000)})
    assert len(rejected) == MAX_REJECTED_NAMES


@pytest.mark.parametrize("value", ["\ud800", float("nan"), 10**400, {"a": {"b": []}}, object()])
def test_a_hostile_property_costs_only_itself(types: TypeCatalogue, value: Any) -> None:
    accepted, rejected = types.check_report(HEATER, {"power": "off", "target_c": value})
    assert accepted == {"power": "off"}
    assert rejected == ("target_c",)


def test_nesting_without_end_is_rejected(types: TypeCatalogue) -> None:
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    assert types.check_report(HEATER, {"power": nested})[0] == {}


def test_a_report_of_an_unknown_type_passes_nothing(types: TypeCatalogue) -> None:
    assert types.check_report("kettle.x9", {"power": "on"}) == ({}, ("power",))


def test_events_are_checked_against_their_data(types: TypeCatalogue) -> None:
    assert types.check_event("purifier.water.p1", "filter_low", {"filter": "pre", "percent": 4}) == []
    assert types.check_event(HEATER, "window_open", None) == []
    assert [e.field for e in types.check_event(HEATER, "window_open", {"x": 1})] == ["data.x"]
    assert [e.field for e in types.check_event(HEATER, "filter_low", {})] == ["name"]
    assert [e.field for e in types.check_event("kettle.x9", "fault", {})] == ["type_id"]


def test_a_type_says_which_credentials_and_what_safety_it_has(types: TypeCatalogue) -> None:
    assert types.accepts(HEATER, CredentialKind.BATCH_PROOF)
    assert not types.accepts("kettle.x9", CredentialKind.BATCH_PROOF)
    safety = types.safety(HEATER)
    assert safety is not None
    assert safety.safety_class is SafetyClass.HEATING
    assert safety.longest_run_s == 43_200
    assert types.safety("kettle.x9") is None
    assert types.get("kettle.x9") is None
    assert HEATER in types


def test_a_users_own_descriptor_is_added_and_wins_over_ours(tmp_path: Path) -> None:
    own = heater_document()
    own["credentials"] = ["unit_certificate"]
    (tmp_path / f"{HEATER}.json").write_text(json.dumps(own), encoding="utf-8")
    own["type_id"] = "heater.own"
    (tmp_path / "heater.own.json").write_text(json.dumps(own), encoding="utf-8")
    types = load_catalogue(tmp_path)
    assert types.type_ids() == sorted([*SHIPPED, "heater.own"])
    assert not types.accepts(HEATER, CredentialKind.BATCH_PROOF)


def test_a_file_with_another_types_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kettle.json").write_text(json.dumps(heater_document()), encoding="utf-8")
    with pytest.raises(DescriptorError, match=r"must be called heater\.panel\.s2\.json"):
        load_catalogue(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe{}", b"[" * 100_000, b'{"a": 1, "a": 2}', b"[]", b"{}", b'{"id": "\\ud800"}', b" " * 300_000],
)
def test_what_is_no_descriptor_is_refused_with_its_name(content: bytes) -> None:
    with pytest.raises(DescriptorError, match=r"^own\.json is no type descriptor"):
        read_descriptor("own.json", content)


def test_all_problems_of_a_descriptor_are_named_at_once() -> None:
    document = heater_document()
    del document["safety"]["class"]
    document["titles"] = {"en": "Heater"}
    document["colour"] = "red"
    document["properties"]["power"]["$ref"] = "http://169.254.169.254/"
    assert problems_of(document).keys() == {"", "safety", "titles", "properties/power"}


def test_a_component_that_is_not_listed_is_refused() -> None:
    document = heater_document()
    document["properties"]["power"]["component"] = "attic"
    assert problems_of(document).keys() == {"properties/power/component"}


def test_a_property_without_a_type_is_refused() -> None:
    document = heater_document()
    del document["properties"]["power"]["type"]
    assert problems_of(document).keys() == {"properties/power"}


def test_a_reference_that_leads_nowhere_is_refused() -> None:
    document = heater_document()
    document["actions"]["set"]["input"]["properties"]["x"] = {"tm:ref": "#/properties/x"}
    assert problems_of(document).keys() == {"actions/set/input/properties/x"}


def test_a_command_that_would_change_what_is_only_reported_is_refused() -> None:
    document = heater_document()
    document["actions"]["set"]["input"]["properties"]["room_c"] = {"tm:ref": "#/properties/room_c"}
    assert problems_of(document) == {
        "actions/set/input/properties/room_c": "it would change a property that is readOnly",
    }


def test_a_fault_without_its_sentences_is_refused() -> None:
    document = heater_document()
    del document["faults"]["overheat"]
    assert problems_of(document).keys() == {"faults/overheat"}


def test_a_pattern_that_is_no_regular_expression_is_refused() -> None:
    document = heater_document()
    document["properties"]["label"] = {
        "titles": {"en": "Label", "zh": "标签"},
        "component": "main",
        "type": "string",
        "pattern": "(",
        "readOnly": True,
    }
    assert problems_of(document).keys() == {"properties/label"}


def test_what_stands_beside_a_reference_wins_over_it() -> None:
    document = heater_document()
    document["actions"]["set"]["input"]["properties"]["target_c"] = {"tm:ref": "#/properties/target_c", "maximum": 25}
    types = TypeCatalogue([read(document)])
    assert types.check_command(HEATER, "set", {"target_c": 25}) == []
    assert types.check_command(HEATER, "set", {"target_c": 26}) == [FieldError("params.target_c", "must be at most 25")]
