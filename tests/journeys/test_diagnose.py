"""`hearthgate diagnose` as an operator runs it, with the faults that do not have to wait for silence, each once."""

import json
import sys
from pathlib import Path

import pytest

from device_sim.faults.table import FAULTS
from tests.journeys.program import ran

SLOW = {"limit", "remote_off", "still_claim"}
"""The first needs two hundred appliances; of the others the verdict is sure only once nothing more was heard."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="every home needs an address of 127.0.0.0/8")


def names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def test_each_fault_is_told_by_its_code_and_nothing_guessed_is_called_observed(tmp_path: Path) -> None:
    quick = [fault.name for fault in FAULTS.values() if not fault.silent and fault.name not in SLOW]
    plan = tmp_path / "plan.toml"
    plan.write_text(f"count = 1\nhomes_at_once = 64\nonly = {json.dumps(quick)}\n")
    code, out, error = await ran("diagnose", "--plan", str(plan), "--seed", "3", "--json")
    result = json.loads(out)
    assert result["caused"] == result["homes"] == len(quick), result["problems"]
    assert result["missed"] == [], result["table"]
    assert (code, error) == (0, "")


async def test_a_plan_that_cannot_be_followed_is_a_mistake_of_its_writer(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text("cuont = 1")
    code, out, error = await ran("diagnose", "--plan", str(plan))
    assert (code, out) == (2, "")
    assert error.startswith("hearthgate: 'cuont' is no key of a plan")


async def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("of somebody")
    code, out, error = await ran("diagnose", "--folder", str(tmp_path))
    assert (code, out) == (2, "")
    assert error == "hearthgate: the folder of a run must be empty: a run starts from nothing\n"
    assert names_in(tmp_path) == ["something"]


async def test_the_list_names_every_fault_and_every_code_that_is_left_out() -> None:
    code, out, _ = await ran("diagnose", "--list", "--json")
    assert code == 0
    listed = json.loads(out)
    assert [row["fault"] for row in listed["faults"]] == list(FAULTS)
    assert all(row["how"] for row in listed["faults"])
    assert listed["left_out"]
