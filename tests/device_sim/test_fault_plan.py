"""Plans of faults: what they do, and what is wrong with them in one clear sentence."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from device_sim.faults.campaign import needs_of
from device_sim.faults.plan import FULL, Plan, PlanError, plan_of, read_plan
from device_sim.faults.table import FAULTS


def test_without_changes_every_fault_comes_twenty_times_in_random_order() -> None:
    homes = Plan().homes()
    assert set(Counter(homes).values()) == {20}
    assert set(homes) == set(FAULTS)
    assert homes != sorted(homes, key=list(FAULTS).index)


def test_the_same_seed_gives_the_same_order_and_another_one_another() -> None:
    assert Plan(seed=7).homes() == Plan(seed=7).homes()
    assert Plan(seed=7).homes() != Plan(seed=8).homes()


def test_a_file_says_which_and_how_often(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('seed = 5\ncount = 3\nonly = ["busy", "crowd"]\n[counts]\ncrowd = 1\n')
    plan = read_plan(path)
    assert plan.seed == 5
    assert Counter(plan.homes()) == {"busy": 3, "crowd": 1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sed = 5", "'sed' is no key of a plan"),
        ('seed = "5"', "seed must be a whole number"),
        ("seed = -1", "seed must be a whole number"),
        ("count = true", "count must be a whole number"),
        ("count = 0", "count must be a whole number between 1 and"),
        ("homes_at_once = 100000", "homes_at_once must be"),
        ("causing_at_once = 65", "causing_at_once must be"),
        ('only = "busy"', "only must be a list"),
        ("only = [1]", "only must be a list"),
        ('only = ["busy", "busy"]', "only names a fault twice"),
        ('only = ["bussy"]', "only names 'bussy', which is no fault"),
        ("only = []", "causes no fault at all"),
        ("counts = 3", "counts must be a table"),
        ("[counts]\nbussy = 1", "counts names 'bussy', which is no fault"),
        ('only = ["busy"]\n[counts]\ncrowd = 1', "counts names crowd, which only leaves out"),
        ("[counts]\nbusy = -1", "counts.busy must be a whole number"),
        ('only = ["busy"]\n[counts]\nbusy = 0', "causes no fault at all"),
        ('count = 201\nonly = ["owned"]', "owned can be caused 200 times at most"),
        ("[counts]\nowned = 201", "owned can be caused 200 times at most"),
        ("seed = ", "the plan is no TOML"),
        ("# " + "x" * 70_000, "the plan is longer than"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_by_its_key(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(PlanError, match=says):
        read_plan(path)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        read_plan(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PlanError, match="not UTF-8"):
        read_plan(tmp_path / "binary.toml")


def test_units_are_made_for_every_home_and_its_neighbour_and_for_the_full_household() -> None:
    small = needs_of(plan_of({"count": 2, "only": ["busy", "bad_signature", "unknown_machine_code"]}))
    assert (small.listed, small.batch, small.old_batch, small.unlisted) == (2 + 6, 2, 0, 2)
    assert needs_of(plan_of({"count": 1, "only": ["limit"]})).listed == 2 + FULL


def test_the_plan_in_the_documentation_is_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "diagnose.md").read_text("utf-8")
    plan = plan_of(tomllib.loads(page.partition("```toml\n")[2].partition("```")[0]))
    assert Counter(plan.homes()) == {"client_cert_missing": 5, "crowd": 5, "falls_silent": 2}
