"""Tells a story again and again, with the gateway killed at another of its steps each time, until none is left.

The first tellings only listen to what the gateway does. Each further one kills it at a step that was heard and at which
it did not die yet. So no boundary that was heard is left out, whatever is added to the gateway later, and none is
missed because something else came before it this time. A boundary may be passed more often in one telling than in the
next (two batches instead of one): each must kill at least once, but of its passings only those count that come again
within some tries. What was not heard at first is not died at: what timers do, and what only a gateway that comes back
does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import count, islice

from tests.faults.boundaries import Step
from tests.faults.house import House
from tests.faults.residents import PATIENCE_S

LISTENING = 2
"""Tellings that nobody dies in. More than one: what arrives together shares a batch in one and not in another."""

TRIES = 3
"""How often a story is told for one step. One that chance alone brought about (a batch more than usual) may not come
again."""

MOST_TELLINGS = 90

QUIET_S = 0.15
"""Without a further boundary for so long, a story counts as over."""

Story = Callable[[int], Awaitable[None]]
"""Takes the number of the telling, from 0, for those who need something new each time."""


async def every_step(at: House, story: Story, *, least: int, well: Callable[[], Awaitable[None]]) -> set[str]:
    """Tell a story with a death at each of its steps, and look at everything after each.

    Args:
        at: where.
        story: what happens; it may take as long as a gateway that comes back.
        least: at how many steps it dies at least.
        well: returns when everything is as it should be; raises AssertionError when it does not become so.

    Returns:
        The names of the boundaries at which it died.

    Raises:
        AssertionError: something was lost or done twice, and at which step; or the story has too few steps; or there
            is a boundary at which it was heard and never died.
    """
    heard: dict[Step, None] = {}
    for telling in range(LISTENING):
        steps, dead = await _told(at, None, story, telling)
        assert not dead
        await _looked(None, well)
        heard.update(dict.fromkeys(steps))
    tellings = count(LISTENING)
    died = [step for step in heard if await _died_at(at, step, story, tellings, well)]
    assert len(died) >= least, (
        f"died at {len(died)} steps only: {_words(died)}; not at {_words(heard.keys() - set(died))}"
    )
    names = {step.name for step in died}
    missed = {step.name for step in heard} - names
    assert not missed, f"heard and never died at: {', '.join(sorted(missed))}"
    return names


async def _died_at(
    at: House, step: Step, story: Story, tellings: Iterator[int], well: Callable[[], Awaitable[None]]
) -> bool:
    """Tell the story until the gateway dies at this step. Returns whether it did in as many tries as it gets."""
    for telling in islice(tellings, TRIES):
        assert telling < MOST_TELLINGS, "the story does not come to an end"
        _, dead = await _told(at, step, story, telling)
        await _looked(step if dead else None, well)
        if dead:
            return True
    return False


def has(names: set[str], *parts: str) -> None:
    """Assert that each of these is part of a name."""
    for part in parts:
        assert any(part in name for name in names), f"no step is called {part}: {names}"


async def _told(at: House, aim: Step | None, story: Story, telling: int) -> tuple[list[Step], bool]:
    """Tell a story with a death at one step. Returns the steps until then, and whether it died."""
    child = at.gateway.child
    await child.arm(aim)
    async with at.gateway.undying(), asyncio.timeout(PATIENCE_S):
        await story(telling)
        await _quiet(at)
    steps = list(child.steps)
    if child.is_alive:
        await child.arm()
        return steps, False
    assert child.was_killed
    assert steps[-1] == aim
    return steps, True


async def _quiet(at: House) -> None:
    """Return when nothing more happens, or it died."""
    seen = -1
    child = at.gateway.child
    while child.is_alive and seen != len(child.steps):
        seen = len(child.steps)
        await asyncio.sleep(QUIET_S)


async def _looked(killed_at: Step | None, well: Callable[[], Awaitable[None]]) -> None:
    try:
        await well()
    except AssertionError as wrong:
        where = f"killed at {killed_at.name} ({killed_at.time})" if killed_at is not None else "killed nowhere"
        raise AssertionError(f"{where}: {wrong}") from None


def _words(steps: Iterable[Step]) -> str:
    return ", ".join(str(step) for step in steps) or "none"
