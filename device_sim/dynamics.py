"""How the appliances of each type behave: plausible, cheap to compute, and the same again for the same seed.

The thermal ones are a body with one time constant: it drifts towards its surroundings, warmed or cooled at a rate.
The rates are of the right order for a home, so that a person who watches a demo believes it, and no more than that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp
from random import Random
from typing import Any, Final

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened once and is reported as an event."""

    name: str
    data: dict[str, Any]


Tick = Callable[[State, float, Random], list[Occurrence]]
"""Let so many seconds pass. Changes the state in place."""
Act = Callable[[State, str, dict[str, Any]], str | None]
"""Do an action whose input was checked. Changes the state in place; a text is the code of a rejection."""


@dataclass(frozen=True, slots=True)
class Dynamics:
    """The behaviour of one type."""

    initial: State
    tick: Tick
    act: Act


def _drift(value: float, towards: float, time_constant_s: float, seconds: float) -> float:
    """Exponential approach (Newton's law of cooling)."""
    return towards + (value - towards) * exp(-seconds / time_constant_s)


def _thermostat(running: bool, measured: float, target: float, band: float = 0.3) -> bool:  # noqa: FBT001 - a state
    """Two-point control with hysteresis, for heating. Cooling passes both temperatures negated."""
    return measured < target + band if running else measured < target - band


def _off_by_timer(state: State, seconds: float) -> list[Occurrence]:
    """Count `off_after_min` down in minutes; 0 means that no timer runs."""
    if state["power"] != "on" or not state["off_after_min"]:
        state.pop("_timer_s", None)
        return []
    left = state.get("_timer_s", state["off_after_min"] * 60.0) - seconds
    state["_timer_s"] = left
    state["off_after_min"] = max(0, -int(-left // 60))
    if left > 0:
        return []
    state.pop("_timer_s")
    state["power"] = "off"
    return [Occurrence("off_by_timer", {})]


def _switch(state: State, action: str, params: dict[str, Any]) -> str | None:
    """`on`, `off` and `set`, as every type understands them."""
    match action:
        case "on" | "off":
            state["power"] = action
        case "set":
            state.update(params)
            if "off_after_min" in params:
                state.pop("_timer_s", None)
        case _:
            return "unsupported_action"
    return None


def _panel_heater(state: State, seconds: float, _rng: Random) -> list[Occurrence]:
    chosen = float(state["target_c"])
    target = {"eco": chosen - 2.0, "frost_guard": 7.0}.get(state["mode"], chosen)
    happened = _off_by_timer(state, seconds)
    state["heating"] = state["power"] == "on" and _thermostat(state["heating"], state["room_c"], target)
    # 2 kW against a room that loses about 80 W/K: 25 K above the outside at most, within hours.
    state["room_c"] = _drift(state["room_c"], 12.0 + (25.0 if state["heating"] else 0.0), 7200.0, seconds)
    state["power_w"] = 2000 if state["heating"] else 1
    return happened


def _water_heater(state: State, seconds: float, rng: Random) -> list[Occurrence]:
    if state["boost"]:
        state["_boost_s"] = state.get("_boost_s", 0.0) - seconds
        state["boost"] = state["_boost_s"] > 0
    aim = {"eco": state["target_c"] - 5.0, "away": 30.0}.get(state["mode"], float(state["target_c"]))
    target = float(state["target_c"]) if state["boost"] else aim
    was_heating = state["heating"]
    state["heating"] = state["power"] == "on" and _thermostat(was_heating, state["lower_c"], target, 1.0)
    for tank, share in (("lower_c", 1.0), ("upper_c", 0.8)):
        # 2 kW into 60 litres: 0.5 K a minute. Insulated: a day to cool.
        warmed = min(100.0, state[tank] + (seconds / 120.0 * share if state["heating"] else 0.0))
        state[tank] = _drift(warmed, 20.0, 86400.0, seconds)
    if rng.random() < seconds / 14400.0:  # somebody opens a tap now and then
        state["lower_c"] = max(15.0, state["lower_c"] - rng.uniform(3.0, 12.0))
    warm = (state["lower_c"] + state["upper_c"]) / 2 - 20.0
    state["hot_water_percent"] = round(max(0.0, min(100.0, 100.0 * warm / 40.0)))
    return [Occurrence("water_ready", {})] if was_heating and not state["heating"] and state["power"] == "on" else []


def _act_on_water_heater(state: State, action: str, params: dict[str, Any]) -> str | None:
    match action:
        case "boost":
            if state["power"] != "on":
                return "power_off"
            state["boost"] = True
            state["_boost_s"] = params["minutes"] * 60.0
        case "cancel_boost":
            state["boost"] = False
        case _:
            return _switch(state, action, params)
    return None


def _purifier(state: State, seconds: float, rng: Random) -> list[Occurrence]:
    happened: list[Occurrence] = []
    if state["power"] != "on":
        state["status"] = "stopped"
        return happened
    left = state.get("_busy_s", 0.0) - seconds
    if left > 0:
        state["_busy_s"] = left
    else:
        state.pop("_busy_s", None)
        state["status"] = "idle"
        if rng.random() < seconds / 1800.0:
            state["status"], state["_busy_s"] = "purifying", rng.uniform(20.0, 90.0)
    if state["status"] == "purifying":
        state["water_today_l"] = min(10000.0, state["water_today_l"] + seconds * 0.025)  # 1.5 l a minute
        for name in ("pre", "membrane", "post"):
            worn = state.get(f"_{name}", 0.0) + seconds
            steps, state[f"_{name}"] = divmod(worn, 3600.0)  # one percent an hour of use
            before = state[f"{name}_percent"]
            state[f"{name}_percent"] = max(0, before - int(steps))
            if before > 10 >= state[f"{name}_percent"]:  # noqa: PLR2004 - ten percent is what "low" means
                happened.append(Occurrence("filter_low", {"filter": name, "percent": state[f"{name}_percent"]}))
    state["tds_in_ppm"] = 260 + rng.randint(-5, 5)
    state["tds_out_ppm"] = 12 + (100 - state["membrane_percent"]) // 4
    return happened


def _act_on_purifier(state: State, action: str, params: dict[str, Any]) -> str | None:
    match action:
        case "flush":
            if state["power"] != "on":
                return "power_off"
            state["status"], state["_busy_s"] = "flushing", 18.0
        case "reset_filter":
            state[f"{params['filter']}_percent"] = 100
        case _:
            return _switch(state, action, params)
    return None


def _refrigerator(state: State, seconds: float, rng: Random) -> list[Occurrence]:
    happened: list[Occurrence] = []
    for room, fast, floor in (("fridge", "rapid_cool", 2.0), ("freezer", "rapid_freeze", -24.0)):
        target = floor if state["mode"] == fast else float(state[f"{room}_target_c"])
        running = _thermostat(bool(state.get(f"_{room}", False)), -state[f"{room}_c"], -target, 0.5)
        state[f"_{room}"] = running
        open_for = state.get(f"_{room}_open_s", 0.0) + seconds if state[f"{room}_door"] == "open" else 0.0
        if state[f"{room}_door"] == "open":
            if open_for > 20.0 and rng.random() < 0.7:  # noqa: PLR2004 - most people close it after 20 s
                state[f"{room}_door"], open_for = "closed", 0.0
        elif rng.random() < seconds / 7200.0:
            state[f"{room}_door"] = "open"
        leak = 3600.0 if state[f"{room}_door"] == "open" else 36000.0
        cooled = state[f"{room}_c"] - (seconds / 90.0 if running else 0.0)
        state[f"{room}_c"] = max(target - 2.0, _drift(cooled, 22.0, leak, seconds))
        state["energy_today_kwh"] = min(100.0, state["energy_today_kwh"] + (seconds * 70e-3 / 3600 if running else 0))
        if open_for >= 60.0 > open_for - seconds:  # noqa: PLR2004 - the door alarm's minute
            happened.append(Occurrence("door_left_open", {"component": room, "seconds": int(open_for)}))
        state[f"_{room}_open_s"] = open_for
    return happened


def _air_conditioner(state: State, seconds: float, rng: Random) -> list[Occurrence]:
    _off_by_timer(state, seconds)  # its type declares no event for that
    mode = state["mode"]
    if mode == "auto":
        mode = "cool" if state["room_c"] > state["target_c"] else "heat"
    running = bool(state.get("_running", False))
    sign = {"cool": -1.0, "heat": 1.0}.get(mode, 0.0)
    running = state["power"] == "on" and (
        mode == "dry" or (sign != 0.0 and _thermostat(running, sign * state["room_c"], sign * state["target_c"]))
    )
    state["_running"] = running
    strength = {"quiet": 6.0, "low": 8.0, "medium": 12.0, "high": 16.0}.get(state["fan"], 12.0)
    state["room_c"] = _drift(state["room_c"], 27.0 + (sign * strength if running else 0.0), 2400.0, seconds)
    state["humidity_percent"] = _drift(state["humidity_percent"], 45.0 if running else 60.0, 5400.0, seconds)
    fan_only = 25 if state["power"] == "on" else 2
    state["power_w"] = round(strength * 75 + rng.uniform(-20, 20)) if running else fan_only
    return []


_PROGRAM_MIN: Final = {"cotton": 120, "quick": 30, "wool": 45, "delicate": 50, "spin": 12, "drum_clean": 90}


def _washer(state: State, seconds: float, _rng: Random) -> list[Occurrence]:
    if state["status"] != "running":
        return []
    left = state["_left_s"] = state["_left_s"] - seconds
    whole = _PROGRAM_MIN.get(state["program"], 60) * 60.0
    state["remaining_min"] = max(0, -int(-left // 60))
    state["phase"] = "wash" if left > 0.5 * whole else "rinse" if left > 0.15 * whole else "spin"
    if left > 0:
        return []
    state.update(status="finished", phase="none", door="closed", remaining_min=0)
    return [Occurrence("finished", {})]


def _act_on_washer(state: State, action: str, params: dict[str, Any]) -> str | None:  # noqa: C901, PLR0911 - one case an action
    match action:
        case "start":
            if state["power"] != "on":
                return "power_off"
            if state["door"] == "open":
                return "door_open"
            if state["status"] in {"running", "paused"}:
                return "already_running"
            state.update(params)
            minutes = _PROGRAM_MIN.get(state["program"], 60)
            state.update(status="running", phase="wash", door="locked", remaining_min=minutes, _left_s=minutes * 60.0)
        case "pause" | "resume":
            wanted, then = ("running", "paused") if action == "pause" else ("paused", "running")
            if state["status"] != wanted:
                return f"not_{wanted}"
            state["status"] = then
        case "stop" | "off":
            state.update(status="idle", phase="none", door="closed", remaining_min=0)
            if action == "off":
                state["power"] = "off"
        case "set":
            if state["status"] in {"running", "paused"} and set(params) - {"power"}:
                return "already_running"
            if params.get("power") == "off":
                _act_on_washer(state, "stop", {})
            state.update(params)
        case _:
            return _switch(state, action, params)
    return None


def _still(_state: State, _seconds: float, _rng: Random) -> list[Occurrence]:
    return []


GENERIC: Final = Dynamics({}, _still, _switch)

_ROOM: Final = {"power": "off", "room_c": 17.0, "off_after_min": 0}

BY_TYPE: Final[dict[str, Dynamics]] = {
    "heater.panel": Dynamics({**_ROOM, "target_c": 20, "mode": "comfort", "heating": False}, _panel_heater, _switch),
    "heater.water": Dynamics(
        {"power": "on", "target_c": 55, "upper_c": 48.0, "lower_c": 45.0, "heating": False, "anode_percent": 80},
        _water_heater,
        _act_on_water_heater,
    ),
    "purifier.water": Dynamics(
        {"power": "on", "status": "idle", "pre_percent": 62, "membrane_percent": 71, "post_percent": 55},
        _purifier,
        _act_on_purifier,
    ),
    "refrigerator": Dynamics(
        {"fridge_target_c": 4, "freezer_target_c": -18, "fridge_c": 5.0, "freezer_c": -17.5}
        | {"fridge_door": "closed", "freezer_door": "closed", "mode": "normal"},
        _refrigerator,
        _switch,
    ),
    "airconditioner": Dynamics(
        {**_ROOM, "room_c": 27.5, "target_c": 24, "mode": "cool", "fan": "auto", "humidity_percent": 58.0},
        _air_conditioner,
        _switch,
    ),
    "washer": Dynamics(
        {"power": "on", "program": "cotton", "temperature_c": 40, "spin_rpm": 1000, "door": "closed"},
        _washer,
        _act_on_washer,
    ),
}
"""By the beginning of the type id."""


def dynamics_of(type_id: str) -> Dynamics:
    """The behaviour of a type, or the one of a thing that is on or off."""
    return next((found for prefix, found in BY_TYPE.items() if type_id.startswith(prefix)), GENERIC)
