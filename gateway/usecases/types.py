"""The catalogue of appliance types: commands and reports are checked against what a type can do and can say."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import jsonschema_rs

from gateway.usecases.descriptors import (
    CredentialKind,
    Descriptor,
    DescriptorError,
    DescriptorProblem,
    Safety,
    read_descriptor,
)

MAX_REJECTED_NAMES: Final = 16
"""Names of refused properties that are handed on from one report. Enough to see what a firmware does wrong."""

HEATING_ON_KEPT_S: Final = 30
"""Seconds for which a command that turns something on may wait for its appliance (api.md): later nobody expects it."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_UNPRINTABLE: Final = "?"
_UNREADABLE: Final = (ValueError, TypeError, RecursionError)
"""What the validator raises for values that came from no JSON text: lone surrogates, names that are no text."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field of what somebody sent."""

    field: str
    """Where, with dots: `params.target_c`."""
    says: str
    """Why, without the value."""


class _Type:
    """A descriptor with its validators compiled."""

    __slots__ = ("actions", "descriptor", "events", "properties", "report", "turns_on")

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor = descriptor
        self.report = _compiled(
            {"type": "object", "properties": descriptor.properties, "additionalProperties": False},
        )
        self.properties = {name: _compiled(schema) for name, schema in descriptor.properties.items()}
        self.actions = {name: _compiled(schema) for name, schema in descriptor.actions.items()}
        self.turns_on = {name: _compiled(schema) for name, schema in descriptor.turns_on.items()}
        self.events = {name: _compiled(schema) for name, schema in descriptor.events.items()}


class TypeCatalogue:
    """All types that this gateway knows. Made once at start; nothing in it changes afterwards."""

    __slots__ = ("_types",)

    def __init__(self, descriptors: Iterable[Descriptor]) -> None:
        """Compile all validators. Of two descriptors with one type_id the later one counts."""
        self._types: Final = {descriptor.type_id: _Type(descriptor) for descriptor in descriptors}

    def __contains__(self, type_id: str) -> bool:
        return type_id in self._types

    def type_ids(self) -> list[str]:
        """All known types, sorted."""
        return sorted(self._types)

    def get(self, type_id: str) -> Descriptor | None:
        """What is known of a type."""
        known = self._types.get(type_id)
        return None if known is None else known.descriptor

    def accepts(self, type_id: str, credential: CredentialKind) -> bool:
        """True when units of this type may prove themselves in this way. False for an unknown type."""
        known = self._types.get(type_id)
        return known is not None and credential in known.descriptor.credentials

    def safety(self, type_id: str) -> Safety | None:
        """What may be asked of this type from afar; None for an unknown type."""
        known = self._types.get(type_id)
        return None if known is None else known.descriptor.safety

    def may_start(self, type_id: str) -> bool:
        """True when a rule may turn on appliances of this type while nobody looks, and can turn them off again.

        Never what glows: its descriptor may not even say `automatic_on`.
        """
        known = self._types.get(type_id)
        if known is None:
            return False
        safety = known.descriptor.safety
        allowed = safety.remote_on and safety.automatic_on and not safety.radiant
        return allowed and not self.check_command(type_id, "off", {})

    def check_command(self, type_id: str, action: str, params: Mapping[str, Any] | None) -> list[FieldError]:
        """Everything that is wrong with a command, by field; empty when the appliance can be asked to do it.

        The texts name limits of the descriptor, never the value that was sent.
        """
        known = self._types.get(type_id)
        if known is None:
            return [FieldError("type_id", "this gateway has no descriptor of this type")]
        validator = known.actions.get(action)
        if validator is None:
            return [FieldError("action", f"this type can do: {', '.join(sorted(known.actions)) or 'nothing'}")]
        return _errors(validator, "params", dict(params or {}))

    def turns_on(self, type_id: str, action: str, params: Mapping[str, Any] | None) -> bool:
        """True when the command starts something that heats, moves or flows.

        Such a command is never kept longer than `HEATING_ON_KEPT_S` for an appliance that is away.
        What is unknown counts as turning on.
        """
        known = self._types.get(type_id)
        if known is None or action not in known.actions:
            return True
        validator = known.turns_on.get(action)
        if validator is None:
            return False
        try:
            return validator.is_valid(dict(params or {}))
        except _UNREADABLE:
            return True

    def check_report(self, type_id: str, state: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
        """Split a report into the properties that the descriptor allows and the names of those that it does not.

        A good report costs one look (about 3 us for six properties) and comes back as it is. Names that are none
        (see `_NAME`) are handed on as `?`: they may be anything, and go into evidence. Of an unknown type nothing
        passes.
        """
        known = self._types.get(type_id)
        if known is None:
            return {}, _named(state)
        try:
            if known.report.is_valid(state):
                return state, ()
        except _UNREADABLE:
            pass
        accepted = {}
        for name, value in state.items():
            validator = known.properties.get(name)
            if validator is not None and _passes(validator, value):
                accepted[name] = value
        return accepted, _named(name for name in state if name not in accepted)

    def check_event(self, type_id: str, name: str, data: Mapping[str, Any] | None) -> list[FieldError]:
        """Everything that is wrong with an appliance's event; empty when the descriptor allows it."""
        known = self._types.get(type_id)
        if known is None:
            return [FieldError("type_id", "this gateway has no descriptor of this type")]
        validator = known.events.get(name)
        if validator is None:
            return [FieldError("name", "this type has no such event")]
        return _errors(validator, "data", dict(data or {}))


def load_catalogue(own_folder: Path | None = None) -> TypeCatalogue:
    """The types that come with the gateway, and those in the user's own folder, which win over them.

    Raises:
        DescriptorError: a file is no descriptor, or its name is not `<type_id>.json`.
        OSError: the folder cannot be read.
    """
    descriptors = list(_read_folder(files("gateway") / "types"))
    if own_folder is not None:
        descriptors.extend(_read_folder(own_folder))
    return TypeCatalogue(descriptors)


def _read_folder(folder: Traversable) -> Iterable[Descriptor]:
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json") and file.is_file():
            descriptor = read_descriptor(file.name, file.read_bytes())
            if file.name != f"{descriptor.type_id}.json":
                says = f"the file must be called {descriptor.type_id}.json"
                raise DescriptorError(file.name, [DescriptorProblem("type_id", says)])
            yield descriptor


def _compiled(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    # RegexOptions: a linear-time engine; a pattern can never be made to take long by what an appliance sends.
    return jsonschema_rs.Draft202012Validator(schema, pattern_options=jsonschema_rs.RegexOptions())


def _passes(validator: jsonschema_rs.Draft202012Validator, value: Any) -> bool:
    try:
        return validator.is_valid(value)
    except _UNREADABLE:
        return False


def _named(names: Iterable[str]) -> tuple[str, ...]:
    clean = {name if isinstance(name, str) and _NAME.fullmatch(name) else _UNPRINTABLE for name in names}
    return tuple(sorted(clean)[:MAX_REJECTED_NAMES])


def _errors(validator: jsonschema_rs.Draft202012Validator, place: str, value: dict[str, Any]) -> list[FieldError]:
    try:
        if validator.is_valid(value):
            return []
        return [found for error in validator.iter_errors(value) for found in _field_errors(place, error)]
    except _UNREADABLE:
        return [FieldError(place, "holds text that is no Unicode, or nesting without end")]


def _field_errors(place: str, error: jsonschema_rs.ValidationError) -> list[FieldError]:
    """Our own sentence: the library's would show the value."""
    path = ".".join([place, *(str(part) for part in error.instance_path)])
    limits = error.kind.as_dict()
    match error.kind.name:
        case "required":
            return [FieldError(f"{path}.{limits['property']}", "is required")]
        case "additionalProperties":
            return [FieldError(f"{path}.{name}", "has no place here") for name in _named(limits["unexpected"])]
        case "type":
            return [FieldError(path, f"must be of type {' or '.join(limits['types'])}")]
        case "enum":
            return [FieldError(path, f"must be one of {json.dumps(limits['options'], ensure_ascii=False)}")]
        case rule:
            return [FieldError(path, _SENTENCES.get(rule, "is not allowed by this type").format_map(limits))]


_SENTENCES: Final = {
    "const": "must be {expected_value!r}",
    "minimum": "must be at least {limit}",
    "maximum": "must be at most {limit}",
    "exclusiveMinimum": "must be more than {limit}",
    "exclusiveMaximum": "must be less than {limit}",
    "multipleOf": "must be a multiple of {multiple_of}",
    "minLength": "must have at least {limit} characters",
    "maxLength": "must have at most {limit} characters",
    "minItems": "must have at least {limit} items",
    "maxItems": "must have at most {limit} items",
    "minProperties": "must name at least {limit}",
    "maxProperties": "must name at most {limit}",
    "uniqueItems": "must not repeat an item",
    "pattern": "is not written in the form that this type expects",
}
"""By the keyword of JSON Schema that was broken; the fields are what the library tells of each."""
