"""The documentation, held against the code: commands, links, files and settings exist, generated parts are fresh.

`python -m tests.test_docs` writes the generated parts anew. The examples of the guides: `test_guides`.
"""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from typer.main import get_command

from gateway.cli.app import app
from gateway.config import load
from gateway.config.settings import Settings
from tests.generated_docs import fresh, main, metrics, settings_of
from tests.pages import DOCS, GENERATED, PAGES, ROOT, blocks, page_id

MAY_BE_MISSING: Final = {DOCS / "benchmarks.md"}
"""Written by a measurement, which not every checkout has run."""

LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE_PATH: Final = re.compile(r"`((?:gateway|device_sim|tests|certs|deploy|docs)/[A-Za-z0-9_./-]*)`")


# -- operating.md


def test_the_configuration_in_the_operators_page_is_one(tmp_path: Path) -> None:
    (block,) = [block for block in blocks(DOCS / "operating.md", "toml") if block.mark == "settings"]
    file = tmp_path / "hearthgate.toml"
    file.write_text(block.text, encoding="utf-8")
    problems = load(file, {}).problems_of_serving()
    assert tomllib.loads(block.text)["region"]
    assert [problem for problem in problems if "there is no file" not in problem] == []


def commands_of(page: Path) -> Iterator[list[str]]:
    for block in blocks(page, "sh"):
        for line in block.text.splitlines():
            for call in re.findall(r"(?:^|gateway )hearthgate ([a-z][^#<>|]*)", line):
                yield shlex.split(call)
    for call in re.findall(r"`hearthgate ([a-z][^`]*)`", page.read_text(encoding="utf-8")):
        yield shlex.split(call)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_command_in_a_page_exists(page: Path) -> None:
    for words in commands_of(page):
        found: Any = get_command(app)
        left = list(words)
        while hasattr(found, "commands") and left:
            found = found.commands[left.pop(0)]
        known = {name for parameter in found.params for name in parameter.opts}
        assert {word for word in left if word.startswith("--")} <= known, words


def test_every_variable_in_the_operators_page_is_a_setting() -> None:
    text = (DOCS / "operating.md").read_text(encoding="utf-8")
    known = {f"HEARTHGATE_{name.upper().replace('.', '__')}" for name, _ in settings_of(Settings)}
    known |= {f"{name}_FILE" for name in known} | {"HEARTHGATE_CONFIG"}
    assert set(re.findall(r"HEARTHGATE_[A-Z_]+", text)) <= known


def test_every_metric_in_the_operators_page_has_values() -> None:
    text = (DOCS / "operating.md").read_text(encoding="utf-8")
    told = set(re.findall(r"hearthgate_[a-z_]+", GENERATED.sub("", text)))
    assert told <= set(re.findall(r"hearthgate_[a-z_]+", metrics()))


# -- all pages


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists() or path in MAY_BE_MISSING, target
        if anchor:
            assert anchor in anchors(path), target


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    missing = [name for name in CODE_PATH.findall(page.read_text(encoding="utf-8")) if not (ROOT / name).exists()]
    assert missing == []


def test_every_decision_is_in_the_list_and_has_its_three_parts() -> None:
    folder = DOCS / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for path in folder.glob("0*.md"):
        text = path.read_text(encoding="utf-8")
        title = text.splitlines()[0].partition(". ")[2]
        assert f"- [{path.name[:4]}]({path.name}) {title}\n" in index
        assert [text.count(part) for part in ("**Context.**", "**Decision.**", "**Consequence.**")] == [1, 1, 1]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_the_generated_parts_of_a_page_are_fresh(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text == fresh(page, text), "run: python -m tests.test_docs"


if __name__ == "__main__":
    main()
