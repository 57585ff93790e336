"""The appliance behind the radio module: its properties, what it can be told, and what it does by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from device_sim.descriptor import Descriptor
from device_sim.dynamics import Dynamics, Occurrence, State, dynamics_of

_HIDDEN: Final = "_"
"""Names that begin with this are the behaviour's own memory and never leave the appliance."""


@dataclass(frozen=True, slots=True)
class Applied:
    """Done. `changed` holds what is different now."""

    changed: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not done, and nothing is different."""

    code: str


class Model:
    """One appliance of a type. Everything random comes from the given generator."""

    def __init__(self, descriptor: Descriptor, rng: Random, settings: Mapping[str, Any] | None = None) -> None:
        self.descriptor = descriptor
        self._rng = rng
        self._dynamics: Dynamics = dynamics_of(descriptor.type_id)
        self._state: State = self._initial()
        self._state.update({name: value for name, value in (settings or {}).items() if name in descriptor.writable})
        self.effects = 0
        """How many commands took effect; what a test compares with how many should have."""

    @property
    def state(self) -> dict[str, Any]:
        """All properties as they would be reported, rounded to what a sensor shows."""
        return {
            name: round(value, 1) if isinstance(value, float) else value
            for name, value in self._state.items()
            if not name.startswith(_HIDDEN) and name in self.descriptor.properties
        }

    @property
    def settings(self) -> dict[str, Any]:
        """What the owner chose; kept in the flash, gone after a wipe."""
        return {name: value for name, value in self._state.items() if name in self.descriptor.writable}

    def tick(self, seconds: float) -> list[Occurrence]:
        """Let time pass."""
        happened = self._dynamics.tick(self._state, seconds, self._rng)
        if "wifi_rssi_dbm" in self._state:
            drifted = self._state["wifi_rssi_dbm"] + self._rng.choice((-1, 0, 0, 0, 1))
            self._state["wifi_rssi_dbm"] = max(-88, min(-40, drifted))
        for name, value in self._state.items():
            schema = self.descriptor.properties.get(name)
            if schema is not None and isinstance(value, float):
                self._state[name] = max(schema.get("minimum", value), min(schema.get("maximum", value), value))
        return happened

    def apply(self, action: str, params: Mapping[str, Any]) -> Applied | Rejected:
        """Do what a command says, if it is possible now."""
        known = self.descriptor.actions.get(action)
        given = dict(params)
        if known is None:
            return Rejected("unsupported_action")
        if not known.input.is_valid(given):
            return Rejected("invalid_params")
        if known.turns_on is not None and known.turns_on.is_valid(given) and self._state.get("remote_enabled") is False:
            return Rejected("remote_off")
        before, memory = self.state, dict(self._state)
        code = self._dynamics.act(self._state, action, given)
        if code is not None:
            self._state = memory
            return Rejected(code)
        self.effects += 1
        self._dynamics.tick(self._state, 0.0, self._rng)  # a set-point shows at once in what follows from it
        return Applied({name: value for name, value in self.state.items() if before.get(name) != value})

    def set_remote(self, *, enabled: bool) -> None:
        """Someone at the panel allows or forbids remote control."""
        if "remote_enabled" in self.descriptor.properties:
            self._state["remote_enabled"] = enabled

    def wipe(self) -> None:
        """Forget the owner's settings."""
        self._state = self._initial()

    def _initial(self) -> State:
        given = dict(self._dynamics.initial)
        state = {
            name: given.pop(name) if name in given else _default(name, schema)
            for name, schema in self.descriptor.properties.items()
        }
        for name, value in state.items():
            if isinstance(value, float) and name.endswith("_c"):
                state[name] = value + self._rng.uniform(-1.0, 1.0)
        if "wifi_rssi_dbm" in state:
            state["wifi_rssi_dbm"] = self._rng.randint(-75, -45)
        return state


def _default(name: str, schema: Mapping[str, Any]) -> Any:  # noqa: PLR0911 - one return a kind of value
    """A harmless value that the schema allows."""
    if name == "remote_enabled":
        return True
    kinds = schema.get("type")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if isinstance(kinds, list) and "null" in kinds:
        return None
    if "enum" in schema:
        choices = schema["enum"]
        return "off" if "off" in choices else choices[0]
    match kind:
        case "boolean":
            return False
        case "integer" | "number":
            lowest = schema.get("minimum", 0)
            return max(lowest, min(0, schema.get("maximum", 0))) if lowest <= 0 else lowest
        case "array":
            return []
        case "object":
            return {}
        case _:
            return ""
