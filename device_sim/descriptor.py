"""What a simulated appliance is made from: a type descriptor, shaped like a W3C Thing Model.

Read leniently: the simulator takes a dictionary or a file of whoever wrote one, and needs of it only which properties
there are, which of them may be set, and what an action accepts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import jsonschema_rs

_ANNOTATIONS: Final = frozenset({"@type", "titles", "title", "descriptions", "description", "component", "readOnly"})
_REFERENCE: Final = "tm:ref"
_PROPERTY_REFERENCE: Final = "#/properties/"


class Validator(Protocol):
    """What is used of a compiled JSON Schema."""

    def is_valid(self, instance: Any) -> bool:
        """Whether the value keeps the schema."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something an appliance can be told to do."""

    name: str
    input: Validator = field(repr=False)
    turns_on: Validator | None = field(repr=False, default=None)
    """Matches the parameters with which this action makes something run."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A type as far as the simulator needs it."""

    type_id: str
    version: int
    properties: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """JSON Schema of each property, annotations left out."""
    writable: frozenset[str] = field(repr=False)
    actions: Mapping[str, Action] = field(repr=False)

    @classmethod
    def of(cls, source: Mapping[str, Any] | Path) -> "Descriptor":
        """Read a descriptor.

        Raises:
            ValueError: it has no `type_id`, or a schema in it is none.
        """
        data: Mapping[str, Any] = json.loads(source.read_text("utf-8")) if isinstance(source, Path) else source
        if not isinstance(data.get("type_id"), str):
            raise ValueError("a type descriptor needs a type_id")  # noqa: TRY004 - what is wrong is the file
        declared: Mapping[str, Mapping[str, Any]] = data.get("properties", {})
        properties = {
            name: {key: value for key, value in schema.items() if key not in _ANNOTATIONS and key != "unit"}
            for name, schema in declared.items()
        }
        return cls(
            type_id=data["type_id"],
            version=int(data.get("descriptor_version", 0)),
            properties=properties,
            writable=frozenset(name for name, schema in declared.items() if schema.get("readOnly") is False),
            actions={name: _action(name, given, properties) for name, given in data.get("actions", {}).items()},
        )

    @classmethod
    def generic(cls, type_id: str = "generic") -> "Descriptor":
        """A thing that is on or off: what is left where no descriptor is known."""
        power = {"type": "string", "enum": ["on", "off"]}
        return cls.of(
            {
                "type_id": type_id,
                "properties": {"power": {**power, "readOnly": False}},
                "actions": {
                    "on": {"input": {"type": "object", "additionalProperties": False}, "turnsOn": True},
                    "off": {"input": {"type": "object", "additionalProperties": False}},
                    "set": {
                        "input": {
                            "type": "object",
                            "properties": {"power": {_REFERENCE: "#/properties/power"}},
                            "minProperties": 1,
                            "additionalProperties": False,
                        },
                        "turnsOn": {"properties": {"power": {"const": "on"}}, "required": ["power"]},
                    },
                },
            }
        )


def _action(name: str, given: Mapping[str, Any], properties: Mapping[str, Mapping[str, Any]]) -> Action:
    accepted = _resolved(given.get("input", {"type": "object", "additionalProperties": False}), properties)
    turns_on = given.get("turnsOn", False)
    return Action(
        name=name,
        input=jsonschema_rs.validator_for(accepted),
        turns_on=None if turns_on is False else jsonschema_rs.validator_for(_resolved(turns_on, properties)),
    )


def _resolved(schema: Any, properties: Mapping[str, Mapping[str, Any]]) -> Any:
    """The schema with each `tm:ref` to a property replaced by that property's schema."""
    match schema:
        case {"tm:ref": str(reference)} if reference.startswith(_PROPERTY_REFERENCE):
            try:
                return dict(properties[reference.removeprefix(_PROPERTY_REFERENCE)])
            except KeyError:
                raise ValueError("a tm:ref to a property that does not exist") from None
        case Mapping():
            return {key: _resolved(value, properties) for key, value in schema.items()}
        case list():
            return [_resolved(value, properties) for value in schema]
        case _:
            return schema
