"""A plan: which faults how often, how many homes at once, from which seed. A TOML file, every key checked."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from device_sim.faults.table import FAULTS

FULL: Final = 200
"""Appliances that an account may own."""
MOST_OF_A_FAULT: Final = 1_000
_OF_ONE_ACCOUNT: Final = "owned"
"""The fault in which one account gets an appliance each time and keeps it."""
MOST_HOMES_AT_ONCE: Final = 2_000
MOST_CAUSING_AT_ONCE: Final = 64
_LARGEST_SEED: Final = 2**53
_LARGEST_FILE: Final = 65_536


class PlanError(Exception):
    """A plan that cannot be followed. The text is for who wrote it, and names the key."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does. Without changes: every fault twenty times."""

    seed: int = 1
    count: int = 20
    """How often each fault is caused."""
    homes_at_once: int = 160
    """Homes whose verdict is waited for."""
    causing_at_once: int = 12
    """Homes in which something is going wrong right now."""
    only: tuple[str, ...] = tuple(FAULTS)
    """The faults that are caused."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How often one of them is caused, where that differs; 0 leaves it out."""

    def homes(self) -> list[str]:
        """The name of each home's fault, in the order in which they begin: the same ones for the same seed."""
        names = [name for name in self.only for _ in range(self.counts.get(name, self.count))]
        Random(f"plan:{self.seed}").shuffle(names)  # noqa: S311 - an order, no secret
        return names


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        PlanError: it cannot be read, or has a key or a value that makes no sense. Names the first one.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_FILE + 1).decode()
    except OSError as error:
        raise PlanError(f"the plan cannot be read: {error.strerror}") from None
    except ValueError:
        raise PlanError("the plan is not UTF-8") from None
    if len(text) > _LARGEST_FILE:
        raise PlanError(f"the plan is longer than {_LARGEST_FILE} bytes")
    try:
        return plan_of(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PlanError(f"the plan is no TOML: {error}") from None


def plan_of(given: Mapping[str, Any]) -> Plan:
    """The plan that these keys make.

    Raises:
        PlanError: see `read_plan`.
    """
    bounds = {
        "seed": (0, _LARGEST_SEED),
        "count": (1, MOST_OF_A_FAULT),
        "homes_at_once": (1, MOST_HOMES_AT_ONCE),
        "causing_at_once": (1, MOST_CAUSING_AT_ONCE),
    }
    for key in given:
        if key not in bounds and key not in {"only", "counts"}:
            raise PlanError(f"{key!r} is no key of a plan; known are {', '.join((*bounds, 'only', 'counts'))}")
    numbers = {key: _whole(key, given[key], *bounds[key]) for key in bounds if key in given}
    only = _names(given.get("only", list(FAULTS)))
    plan = Plan(**numbers, only=only, counts=_counts(given.get("counts", {}), only))
    if not plan.homes():
        raise PlanError("the plan causes no fault at all")
    if plan.homes().count(_OF_ONE_ACCOUNT) > FULL:
        raise PlanError(f"{_OF_ONE_ACCOUNT} can be caused {FULL} times at most: one account keeps all its appliances")
    return plan


def _whole(key: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise PlanError(f"{key} must be a whole number between {least} and {most}")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise PlanError("only must be a list of names of faults")
    for name in value:
        _known("only", name)
    if len(set(value)) < len(value):
        raise PlanError("only names a fault twice")
    return tuple(value)


def _counts(value: object, only: tuple[str, ...]) -> dict[str, int]:
    if not isinstance(value, dict):
        raise PlanError("counts must be a table of numbers by the name of the fault")
    for name in value:
        _known("counts", name)
        if name not in only:
            raise PlanError(f"counts names {name}, which only leaves out")
    return {name: _whole(f"counts.{name}", many, 0, MOST_OF_A_FAULT) for name, many in value.items()}


def _known(key: str, name: str) -> None:
    if name not in FAULTS:
        raise PlanError(f"{key} names {name[:48]!r}, which is no fault; `hearthgate diagnose --list` shows all")
