"""Breadth first through every reachable world, each held against the eight invariants."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.domain.binding import Role
from gateway.domain.pairing import Pairing, PairingState
from tests.domain.exploration.steps import Steps
from tests.domain.exploration.world import PEOPLE, Broken, Limits, Rules, Step, World, new_world


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant and the shortest way to it."""

    broken: Broken
    way: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explored:
    """What an exploration saw."""

    worlds: int
    steps: int
    refusals: int
    violation: Violation | None
    kinds: frozenset[str]
    """The labels of all steps that were not refused, to show that none of them sleeps."""


def explore(rules: Rules, limits: Limits) -> Explored:
    """Visit every world, or stop at the first violation."""
    steps = Steps(rules, limits)
    start = new_world(limits)
    came_from: dict[World, tuple[World, str] | None] = {start: None}
    queue = deque([start])
    taken = refusals = 0
    kinds: set[str] = set()
    while queue:
        world = queue.popleft()
        for step in steps.of(world):
            taken += 1
            refusals += step.refused is not None
            broken = next(_broken(steps, world, step), None)
            if broken is not None:
                way = (*_way(came_from, world), step.label)
                return Explored(len(came_from), taken, refusals, Violation(broken, way), frozenset(kinds))
            if step.refused is None and step.after is not world:
                kinds.add(step.label)
            if step.after not in came_from:
                came_from[step.after] = (world, step.label)
                queue.append(step.after)
    return Explored(len(came_from), taken, refusals, None, frozenset(kinds))


def _way(came_from: dict[World, tuple[World, str] | None], world: World) -> tuple[str, ...]:
    labels: list[str] = []
    before = came_from[world]
    while before is not None:
        world, label = before
        labels.append(label)
        before = came_from[world]
    return tuple(reversed(labels))


def _broken(steps: Steps, before: World, step: Step) -> Iterator[Broken]:
    yield from step.broken
    if step.refused is not None and not _only_noted(before, step.after):
        yield Broken.REFUSAL_CHANGED
    if step.after is not before:
        yield from _broken_by_change(before, step.after)
        yield from _broken_in(steps, step.after)


def _only_noted(before: World, after: World) -> bool:
    """A refusal may end the pairing that asked, count a try and use up a press. Nothing else."""
    noted = replace(before, pairings=after.pairings, tries=after.tries, presses=after.presses, spent=after.spent)
    return noted == after and all(map(_ended_or_same, before.pairings, after.pairings))


def _ended_or_same(before: Pairing, after: Pairing) -> bool:
    ended = replace(before, state=after.state, code=after.code, device_id=after.device_id)
    over = before.state is PairingState.OPEN and after.state in {PairingState.REFUSED, PairingState.EXPIRED}
    return after == before or (over and after == ended and after.code is not None)


def _broken_by_change(before: World, after: World) -> Iterator[Broken]:
    for at, device in enumerate(after.devices):
        earlier = before.devices[at]
        if device.epoch < earlier.epoch:
            yield Broken.OLD_COMMAND
        if _owners(before, at) != _owners(after, at) and device.epoch <= earlier.epoch:
            yield Broken.FORMER_OWNER


def _owners(world: World, at: int) -> list[str]:
    device = world.devices[at]
    return [one.account_id for one in world.bindings if one.device_id == device.device_id and one.role is Role.OWNER]


def _broken_in(steps: Steps, world: World) -> Iterator[Broken]:
    now = steps.now(world)
    for at, device in enumerate(world.devices):
        rows = [one for one in world.bindings if one.device_id == device.device_id]
        if len(_owners(world, at)) > 1 or len({one.account_id for one in rows}) != len(rows):
            yield Broken.ONE_OWNER
        if any(
            one.device_id == device.device_id and one.epoch < device.epoch and one.under_way for one in world.commands
        ):
            yield Broken.FORMER_OWNER
        ownership, state = steps.owned(world, at), world.states[at]
        for who in PEOPLE:
            binding = steps.rules.binding_of(ownership, who, now)
            if (binding is not None) != (who in world.lawful[at]):
                yield Broken.NOT_BOUND
            visible = binding is not None and state is not None and state.epoch == device.epoch == binding.epoch
            if visible and state is not None and binding is not None and state.origin != binding.epoch:
                yield Broken.FOREIGN_STATE
