"""Each type behaves plausibly, stays inside its own descriptor, and does the same again for the same seed."""

import json
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest

from device_sim.descriptor import Descriptor
from device_sim.models import Applied, Model, Rejected

TYPES = Path(__file__).parents[2] / "gateway" / "types"
ALL = sorted(path.stem for path in TYPES.glob("*.json"))


def made(type_id: str, seed: int = 7, settings: dict[str, Any] | None = None) -> Model:
    return Model(Descriptor.of(TYPES / f"{type_id}.json"), Random(seed), settings)  # noqa: S311 - a simulation


@pytest.mark.parametrize("type_id", ALL)
def test_a_day_stays_within_the_descriptor(type_id: str) -> None:
    model = made(type_id)
    declared = json.loads((TYPES / f"{type_id}.json").read_text("utf-8"))
    checks = {name: jsonschema_rs.validator_for(dict(schema)) for name, schema in model.descriptor.properties.items()}
    if "power" in model.state:
        model.apply("on", {})
    events = []
    for minute in range(24 * 60):
        events += model.tick(60.0)
        if minute == 60 and type_id.startswith("washer"):
            assert isinstance(model.apply("start", {"program": "quick"}), Applied)
        bad = {name: value for name, value in model.state.items() if not checks[name].is_valid(value)}
        assert bad == {}
    for event in events:
        data = declared["events"][event.name].get("data")
        assert data is None or jsonschema_rs.is_valid(data, event.data)


@pytest.mark.parametrize("type_id", ALL)
def test_the_same_seed_lives_the_same_life(type_id: str) -> None:
    def life(seed: int) -> list[dict[str, Any]]:
        model = made(type_id, seed)
        states = []
        for _ in range(50):
            model.tick(600.0)
            states.append(model.state)
        return states

    assert life(1) == life(1)
    assert life(1) != life(2)


def test_a_heater_warms_its_room_to_the_set_point_and_lets_it_cool() -> None:
    model = made("heater.panel.s2")
    model.apply("set", {"power": "on", "target_c": 24})
    assert model.state["heating"]
    for _ in range(600):
        model.tick(60.0)
    assert model.state["room_c"] == pytest.approx(24, abs=1)
    model.apply("off", {})
    assert not model.state["heating"]
    for _ in range(600):
        model.tick(60.0)
    assert model.state["room_c"] < 15


def test_a_timer_turns_the_heater_off() -> None:
    model = made("heater.panel.s2")
    model.apply("set", {"power": "on", "off_after_min": 2})
    happened = [event.name for _ in range(13) for event in model.tick(10.0)]
    assert (model.state["power"], model.state["off_after_min"], happened) == ("off", 0, ["off_by_timer"])


def test_an_air_conditioner_cools() -> None:
    model = made("airconditioner.split.a1")
    model.apply("set", {"power": "on", "mode": "cool", "target_c": 20})
    for _ in range(600):
        model.tick(60.0)
    assert model.state["room_c"] == pytest.approx(20, abs=1.5)


def test_a_water_heater_says_when_the_water_is_ready() -> None:
    model = made("heater.water.w1")
    model.apply("boost", {"minutes": 60})
    assert model.state["boost"]
    assert "water_ready" in [event.name for _ in range(120) for event in model.tick(60.0)]
    assert not model.state["boost"]


def test_a_washing_machine_runs_its_program_to_the_end() -> None:
    model = made("washer.front.m1")
    assert isinstance(model.apply("start", {"program": "quick"}), Applied)
    assert (model.state["status"], model.state["door"], model.state["remaining_min"]) == ("running", "locked", 30)
    assert isinstance(model.apply("pause", {}), Applied)
    model.tick(3600.0)
    assert model.state["remaining_min"] == 30
    assert isinstance(model.apply("resume", {}), Applied)
    names = [event.name for _ in range(31) for event in model.tick(60.0)]
    assert names == ["finished"]
    assert model.state["status"] == "finished"


@pytest.mark.parametrize(
    ("type_id", "before", "action", "params", "code"),
    [
        ("washer.front.m1", [("start", {})], "start", {}, "already_running"),
        ("washer.front.m1", [("start", {})], "set", {"program": "wool"}, "already_running"),
        ("washer.front.m1", [], "pause", {}, "not_running"),
        ("washer.front.m1", [("off", {})], "start", {}, "power_off"),
        ("heater.water.w1", [("off", {})], "boost", {"minutes": 20}, "power_off"),
        ("purifier.water.p1", [("off", {})], "flush", {}, "power_off"),
        ("purifier.water.p1", [], "reset_filter", {"filter": "post", "more": 1}, "invalid_params"),
        ("refrigerator.r1", [], "on", {}, "unsupported_action"),
        ("heater.panel.s2", [], "set", {"target_c": 20.3}, "invalid_params"),
    ],
)
def test_what_is_not_possible_now_is_rejected_and_changes_nothing(
    type_id: str, before: list[tuple[str, dict[str, Any]]], action: str, params: dict[str, Any], code: str
) -> None:
    model = made(type_id)
    for step in before:
        model.apply(*step)
    state = model.state
    assert model.apply(action, params) == Rejected(code)
    assert model.state == state


def test_with_remote_control_off_nothing_is_turned_on_but_everything_off() -> None:
    model = made("heater.panel.s2")
    model.apply("on", {})
    model.set_remote(enabled=False)
    assert isinstance(model.apply("off", {}), Applied)
    assert model.apply("on", {}) == Rejected("remote_off")
    assert model.apply("set", {"power": "on"}) == Rejected("remote_off")
    assert isinstance(model.apply("set", {"target_c": 10}), Applied)


def test_settings_survive_and_a_wipe_ends_them() -> None:
    model = made("heater.panel.s2")
    model.apply("set", {"target_c": 26, "mode": "eco"})
    again = made("heater.panel.s2", settings=model.settings)
    assert (again.state["target_c"], again.state["mode"]) == (26, "eco")
    again.wipe()
    assert (again.state["target_c"], again.state["mode"]) == (20, "comfort")


def test_without_a_descriptor_it_is_a_thing_that_is_on_or_off() -> None:
    model = Model(Descriptor.generic("lamp.x1"), Random(1))  # noqa: S311 - a simulation
    assert model.apply("on", {}) == Applied({"power": "on"})
    assert model.state == {"power": "on"}
    assert model.apply("set", {"brightness": 3}) == Rejected("invalid_params")


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"type_id": 5},
        {"type_id": "x", "actions": {"a": {"input": {"properties": {"p": {"tm:ref": "#/properties/none"}}}}}},
        {"type_id": "x", "actions": {"a": {"input": {"type": "nonsense"}}}},
    ],
)
def test_a_broken_descriptor_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Descriptor.of(broken)
