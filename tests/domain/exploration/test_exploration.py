"""The eight invariants of ownership hold in every world that can be reached, and the checker would notice if not."""

import pytest

from tests.domain.exploration.explorer import explore
from tests.domain.exploration.mutants import MUTANTS, Mutant
from tests.domain.exploration.scenarios import SCENARIOS
from tests.domain.exploration.world import Rules

# Worlds that each scenario must at least visit, a little under what it visits now: it cannot shrink unnoticed.
AT_LEAST = {
    "tokens of two accounts on two appliances": 3_800,
    "commands around releases": 9_600,
    "reports around releases": 5_100,
    "resets by strangers": 8_900,
    "label codes": 5_800,
    "button presses": 21_900,
    "members and transfers": 5_400,
    "commands of members": 3_700,
}

# What must have happened on the way, or the scenario does not test what it is named after.
HAPPENS = {
    "tokens of two accounts on two appliances": ("cancels", "token 1 from 1", "a-bert releases", "eviction"),
    "commands around releases": ("obeys", "relay dies", "publishes for 0 and dies", "answers", "a-bert commands"),
    "reports around releases": ("report 3 of", "a-bert releases", "hello"),
    "resets by strangers": ("reset of", "agrees", "disputes", "72 h over"),
    "label codes": ("label for 0", "a-anna releases", "label for 1"),
    "button presses": ("press on", "joins", "types for"),
    "members and transfers": ("invites", "a-bert accepts", "removes Bert", "takes over"),
    "commands of members": ("a-bert commands", "removes Bert", "obeys"),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_reachable_world_keeps_the_eight_invariants(name: str) -> None:
    explored = explore(Rules(), SCENARIOS[name])

    assert explored.violation is None
    print(f"{name}: {explored.worlds} worlds, {explored.steps} steps, {explored.refusals} refusals")  # noqa: T201 - a result
    assert explored.worlds >= AT_LEAST[name]
    assert explored.refusals > 0
    for part in HAPPENS[name]:
        assert any(part in kind for kind in explored.kinds), part


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=list(MUTANTS))
def test_the_checker_finds_a_seeded_mistake(mutant: Mutant) -> None:
    explored = explore(mutant.rules, SCENARIOS[mutant.scenario])

    assert explored.violation is not None
    assert explored.violation.broken is mutant.broken, explored.violation
