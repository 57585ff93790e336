"""`hearthgate types`."""

import json
from importlib.resources import files
from pathlib import Path

from tests.cli.shell import Shell, Write


def heater() -> str:
    return (files("gateway") / "types" / "heater.panel.s2.json").read_text(encoding="utf-8")


def test_types_are_listed_in_both_languages(shell: Shell) -> None:
    assert "Panel heater / 电暖器" in shell("types", "list")
    rows = [json.loads(line) for line in shell("types", "list", "--json").splitlines()]
    assert len(rows) == 6
    assert rows[1]["credentials"] == ["batch_proof", "unit_certificate"]


def test_own_types_are_listed_too(shell: Shell, tmp_path: Path) -> None:
    own = tmp_path / "types"
    own.mkdir()
    (own / "heater.own.json").write_text(heater().replace("heater.panel.s2", "heater.own"), encoding="utf-8")
    shell.environment["HEARTHGATE_TYPES_FOLDER"] = str(own)
    assert "heater.own" in shell("types", "list")
    assert "heater.own" in shell("types", "validate")


def test_a_good_descriptor_is_called_good(shell: Shell, written: Write) -> None:
    path = written("x.json", heater())
    assert shell("types", "validate", path) == "good: heater.panel.s2\n"
    assert shell.json("types", "validate", path) == {"ok": True, "types": ["heater.panel.s2"]}


def test_a_bad_descriptor_has_all_its_problems_listed(shell: Shell, written: Write) -> None:
    path = written("x.json", heater().replace('"heating"', '"warming"').replace('"enum": [', '"enumeration": ['))
    assert len(shell("types", "validate", path, code=1).splitlines()) > 1
    answer = shell.json("types", "validate", path, code=1)
    assert answer["ok"] is False
    assert "safety/class" in {problem["where"] for problem in answer["problems"]}


def test_a_missing_file_is_a_sentence(shell: Shell) -> None:
    assert shell.refused("types", "validate", "none.json") == "none.json: No such file or directory"


def test_a_bad_own_type_is_a_sentence_for_other_commands(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    shell.environment["HEARTHGATE_TYPES_FOLDER"] = str(tmp_path)
    assert "bad.json is no type descriptor" in shell.refused("types", "list")
