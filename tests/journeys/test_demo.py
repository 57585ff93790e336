"""`hearthgate demo --once` as a new user runs it, twice on the same folder."""

import json
from pathlib import Path

from tests.journeys.program import ran

STEPS = ["keys", "gateway", "units", "account", *["pairing"] * 3, "state", "command", "failure", "consent"]


async def played(folder: Path) -> tuple[int | None, list[dict[str, object]], str]:
    code, out, error = await ran("demo", "--once", "--json", "--folder", str(folder))
    return code, [json.loads(line) for line in out.splitlines()], error


async def test_the_story_is_played_to_its_end_and_goes_on_from_the_same_data(tmp_path: Path) -> None:
    code, steps, error = await played(tmp_path)
    assert (code, error) == (0, "")
    assert [step["step"] for step in steps] == STEPS
    assert all(step["ok"] for step in steps)
    assert steps[STEPS.index("failure")]["code"] == "act.unknown_machine_code"
    assert all(step["milliseconds"] for step in steps)

    code, steps, error = await played(tmp_path)
    assert (code, error) == (0, "")
    assert [step["step"] for step in steps] == STEPS
    assert [str(step["says"]).endswith("still bound (epoch 1)") for step in steps].count(True) == 3


async def test_a_folder_that_is_no_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("something")
    code, steps, error = await played(file)
    assert code == 1
    assert not any(step["ok"] for step in steps)
    assert "Traceback" not in error
