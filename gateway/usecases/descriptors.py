"""Type descriptors: what a file in `gateway/types/` may say, and what is read out of it.

A descriptor is a W3C Thing Model with a few terms of our own. Its form is `gateway/types/schema/descriptor.json`;
what a JSON Schema cannot say (a reference leads somewhere, a command changes only what may be changed) is checked here.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum, unique
from functools import cache
from importlib.resources import files
from typing import Any, Final

import jsonschema_rs

MAX_DESCRIPTOR_BYTES: Final = 262_144
"""Bytes of one descriptor file. The largest of ours has 9,000."""

_ANNOTATIONS: Final = frozenset({"@type", "titles", "descriptions", "component", "unit", "readOnly"})
"""What a schema says to people; a validator has no use for it."""

_PROBLEMS_SHOWN: Final = 20


@unique
class CredentialKind(StrEnum):
    """How a unit of a type may prove at its first activation that the factory made it."""

    UNIT_CERTIFICATE = "unit_certificate"
    BATCH_PROOF = "batch_proof"


@unique
class SafetyClass(StrEnum):
    """What can go wrong when an appliance runs with nobody near."""

    HEATING = "heating"
    COOLING = "cooling"
    WATER = "water"
    MOTION = "motion"
    HARMLESS = "harmless"


@dataclass(frozen=True, slots=True)
class Safety:
    """What may be asked of an appliance from afar."""

    safety_class: SafetyClass
    remote_on: bool
    """A person who is away may turn it on."""
    automatic_on: bool
    """A schedule or a rule may turn it on."""
    longest_run_s: int | None
    """Seconds it may run after one order; None for what always runs."""
    radiant: bool = False
    """It heats by glowing: what stands before it can burn, so nobody but a person may turn it on."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One type, read and checked. Schemas are plain JSON Schema (2020-12) with all references resolved."""

    type_id: str
    version: int
    titles: dict[str, str]
    credentials: frozenset[CredentialKind]
    safety: Safety
    properties: dict[str, dict[str, Any]]
    actions: dict[str, dict[str, Any]]
    """The schema of each action's parameters."""
    turns_on: dict[str, dict[str, Any]]
    """For actions that can turn something on: the schema of the parameters that do."""
    events: dict[str, dict[str, Any]]
    """The schema of each event's data."""
    faults: dict[str, dict[str, str]]
    """The sentences for each fault, by language."""
    document: dict[str, Any] = field(repr=False)
    """The whole descriptor with references resolved, as the app gets it."""


@dataclass(frozen=True, slots=True)
class DescriptorProblem:
    """One thing that is wrong in a descriptor."""

    where: str
    """A path such as `properties/target_c/unit`; empty for the whole."""
    says: str


class DescriptorError(Exception):
    """A descriptor cannot be used. `problems` holds everything that is wrong, not only the first."""

    def __init__(self, source: str, problems: list[DescriptorProblem]) -> None:
        shown = "; ".join(f"{problem.where or 'the file'}: {problem.says}" for problem in problems[:_PROBLEMS_SHOWN])
        super().__init__(f"{source} is no type descriptor: {shown}")
        self.source = source
        self.problems = problems


def read_descriptor(source: str, content: bytes) -> Descriptor:
    """Read one descriptor file.

    Args:
        source: the name to show in errors.
        content: UTF-8 JSON, at most `MAX_DESCRIPTOR_BYTES`.

    Raises:
        DescriptorError: with all its problems.
    """
    if len(content) > MAX_DESCRIPTOR_BYTES:
        raise DescriptorError(source, [DescriptorProblem("", f"it is larger than {MAX_DESCRIPTOR_BYTES} bytes")])
    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_no_repeated_names)
    except (ValueError, RecursionError) as broken:
        says = "it is nested too deeply" if isinstance(broken, RecursionError) else f"it is no UTF-8 JSON ({broken})"
        raise DescriptorError(source, [DescriptorProblem("", says)]) from None
    problems = _problems_of_form(document)
    if not problems:
        problems = _problems_of_sense(document)
    if problems:
        raise DescriptorError(source, problems)
    return _descriptor(document)


def _no_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name appears twice in one object")
    return names


@cache
def _form() -> jsonschema_rs.Draft202012Validator:
    text = (files("gateway") / "types" / "schema" / "descriptor.json").read_text(encoding="utf-8")
    return jsonschema_rs.Draft202012Validator(json.loads(text), pattern_options=jsonschema_rs.RegexOptions())


def _problems_of_form(document: Any) -> list[DescriptorProblem]:
    try:
        return [
            DescriptorProblem("/".join(map(str, error.instance_path)), error.message)
            for error in _form().iter_errors(document)
        ]
    except ValueError as unreadable:  # a lone surrogate
        return [DescriptorProblem("", f"it holds text that is no Unicode ({type(unreadable).__name__})")]


def _problems_of_sense(document: dict[str, Any]) -> list[DescriptorProblem]:
    """What the form cannot say. Called only when the form is right."""
    problems = _problems_of_safety(document["safety"])
    properties = document["properties"]
    for name, schema in properties.items():
        if schema["component"] not in document["components"]:
            problems.append(DescriptorProblem(f"properties/{name}/component", "this component is not listed"))
        if "type" not in schema:
            problems.append(DescriptorProblem(f"properties/{name}", "it has no type"))
    for name, action in document["actions"].items():
        for parameter, schema in action["input"]["properties"].items():
            where = f"actions/{name}/input/properties/{parameter}"
            if (reference := schema.get("tm:ref")) is None:
                continue
            target = reference.rpartition("/")[2]
            if target not in properties:
                problems.append(DescriptorProblem(where, "its tm:ref names no property"))
            elif properties[target]["readOnly"]:
                problems.append(DescriptorProblem(where, "it would change a property that is readOnly"))
    if "fault" in properties:
        listed = {code for code in properties["fault"].get("enum", []) if code is not None}
        problems.extend(
            DescriptorProblem(f"faults/{code}", "a fault needs its sentences and its place in properties/fault/enum")
            for code in sorted(listed.symmetric_difference(document["faults"]), key=str)
        )
    return problems or _problems_of_schemas(document)


def _problems_of_safety(safety: dict[str, Any]) -> list[DescriptorProblem]:
    if safety.get("radiant", False) and safety["automatic_on"]:
        return [DescriptorProblem("safety/automatic_on", "what heats by glowing is never turned on by a rule")]
    return []


def _problems_of_schemas(document: dict[str, Any]) -> list[DescriptorProblem]:
    """Compile every schema once, so that a bad pattern or bound is found here and not when an appliance reports."""
    problems = []
    described = _descriptor(document)
    for kind, schemas in (
        ("properties", described.properties),
        ("actions", described.actions),
        ("actions", described.turns_on),
        ("events", described.events),
    ):
        for name, schema in schemas.items():
            try:
                jsonschema_rs.Draft202012Validator(schema, pattern_options=jsonschema_rs.RegexOptions())
            except (ValueError, jsonschema_rs.ValidationError):
                problems.append(DescriptorProblem(f"{kind}/{name}", "its schema cannot be used (a pattern, perhaps)"))
    return problems


def _descriptor(document: dict[str, Any]) -> Descriptor:
    resolved = _resolved(document, document["properties"])
    safety = resolved["safety"]
    actions = resolved["actions"]
    return Descriptor(
        type_id=resolved["type_id"],
        version=resolved["descriptor_version"],
        titles=resolved["titles"],
        credentials=frozenset(CredentialKind(kind) for kind in resolved["credentials"]),
        safety=Safety(
            SafetyClass(safety["class"]),
            safety["remote_on"],
            safety["automatic_on"],
            safety["longest_run_s"],
            safety.get("radiant", False),
        ),
        properties={name: _bare(schema) for name, schema in resolved["properties"].items()},
        actions={name: _bare(action["input"]) for name, action in actions.items()},
        turns_on={
            name: {} if action["turnsOn"] is True else _bare(action["turnsOn"])
            for name, action in actions.items()
            if "turnsOn" in action
        },
        events={name: _bare(event.get("data", _NOTHING)) for name, event in resolved["events"].items()},
        faults=resolved["faults"],
        document=resolved,
    )


_NOTHING: Final[dict[str, Any]] = {"type": "object", "properties": {}, "additionalProperties": False}


def _resolved(node: Any, properties: dict[str, Any]) -> Any:
    """A copy in which each `tm:ref` is replaced by the property it names; what stands beside it wins."""
    if isinstance(node, list):
        return [_resolved(item, properties) for item in node]
    if not isinstance(node, dict):
        return node
    rest = {name: _resolved(value, properties) for name, value in node.items() if name != "tm:ref"}
    if isinstance(reference := node.get("tm:ref"), str):
        target = properties.get(reference.rpartition("/")[2], {})
        return {**{name: value for name, value in target.items() if name != "readOnly"}, **rest}
    return rest


def _bare(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without what is meant for people."""
    bare = {name: value for name, value in schema.items() if name not in _ANNOTATIONS}
    if "properties" in bare:
        bare["properties"] = {name: _bare(value) for name, value in bare["properties"].items()}
    if "items" in bare:
        bare["items"] = _bare(bare["items"])
    return bare
