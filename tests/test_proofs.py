"""Pages that map clauses to tests: every test that they name exists, and every row has one or says why it has none."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.pages import DOCS, ROOT

PAGES: Final = (DOCS / "policy-map.md", DOCS / "en303645.md")
TEST: Final = re.compile(r"`([^`\s]+\.py)::([^`\s]+)`")
LEFT_OUT: Final = re.compile(r"No test: \S.{20,}")
PROVISIONS: Final = """
5.0-1 5.1-1 5.1-2 5.1-2A 5.1-3 5.1-4 5.1-5 5.2-1 5.2-2 5.2-3 5.3-1 5.3-2 5.3-3 5.3-4A 5.3-4B 5.3-5 5.3-6A
5.3-6B 5.3-7 5.3-8 5.3-9 5.3-10 5.3-11 5.3-12 5.3-13 5.3-14 5.3-15A 5.3-15B 5.3-16 5.4-1 5.4-2 5.4-3 5.4-4
5.5-1 5.5-2 5.5-3 5.5-4 5.5-5 5.5-6 5.5-7 5.5-8 5.6-1 5.6-2 5.6-3 5.6-4A 5.6-4B 5.6-5 5.6-6 5.6-7 5.6-8 5.6-9
5.7-1 5.7-2 5.8-1 5.8-2 5.8-3 5.9-1 5.9-2 5.9-3 5.10-1 5.11-1 5.11-2 5.11-3 5.11-4 5.12-1 5.12-2 5.12-3
5.13-1A 5.13-1B 6-1 6-2 6-3A 6-3B 6-4 6-5 6-6 6-7 6-8
"""
"""Of EN 303 645 V3.1.3, Table B.1."""


def rows(page: Path) -> list[tuple[str, ...]]:
    """The rows of every table of a page whose last column is called proof, without their heads."""
    found: list[tuple[str, ...]] = []
    in_table = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            in_table = False
            continue
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if cells[-1] == "proof":
            in_table = True
        elif in_table and set(cells[-1]) != {"-"}:
            found.append(cells)
    return found


ROWS: Final = [(page, row) for page in PAGES for row in rows(page)]


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of the tests that stand in a file and are run, without running them."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return frozenset(node.name for node in functions if node.name.startswith("test_") and not is_left_out(node))


def is_left_out(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a test is skipped whatever the machine has, or expected to fail."""
    marks = {ast.unparse(mark).partition("(")[0] for mark in test.decorator_list}
    return not marks.isdisjoint({"pytest.mark.skip", "pytest.mark.xfail"})


@pytest.mark.parametrize(("page", "row"), ROWS, ids=[f"{page.stem}: {row[0][:60]}" for page, row in ROWS])
def test_every_row_names_tests_that_exist_or_says_why_it_has_none(page: Path, row: tuple[str, ...]) -> None:
    named = TEST.findall(row[-1])
    assert named or LEFT_OUT.fullmatch(row[-1]), f"{page.name}: {row[-1]}"
    assert [
        f"{path}::{name}" for path, name in named if not (ROOT / path).is_file() or name not in names_in(path)
    ] == []


def test_no_cell_of_proof_holds_anything_but_tests() -> None:
    for page, row in ROWS:
        if not LEFT_OUT.fullmatch(row[-1]):
            assert set(TEST.sub("", row[-1])) <= set(" ,"), f"{page.name}: {row[-1]}"


def test_a_name_that_is_not_there_would_be_noticed() -> None:
    assert "test_no_such_sentence" not in names_in("tests/test_proofs.py")
    assert "test_a_name_that_is_not_there_would_be_noticed" in names_in("tests/test_proofs.py")


@pytest.mark.parametrize("mark", ["pytest.mark.skip", "pytest.mark.skip(reason='x')", "pytest.mark.xfail(strict=True)"])
def test_what_is_not_run_proves_nothing(mark: str) -> None:
    (test,) = ast.parse(f"@{mark}\nasync def test_it(): pass").body
    assert isinstance(test, ast.AsyncFunctionDef)
    assert is_left_out(test)


def test_a_table_is_read_to_its_end(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "| a | proof |\n|---|---|\n| 1 | x |\n| 2 | y |\n\n| a | b |\n|---|---|\n| 3 | z |\n", encoding="utf-8"
    )
    assert rows(page) == [("1", "x"), ("2", "y")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_rows_and_no_clause_twice(page: Path) -> None:
    clauses = [row[0] for row in rows(page)]
    assert len(clauses) > 30
    assert len(clauses) == len(set(clauses))


def test_every_provision_of_the_standard_has_a_row() -> None:
    assert [row[0] for row in rows(DOCS / "en303645.md")] == PROVISIONS.split()


def test_every_provision_says_how_it_stands_here() -> None:
    assert {row[2] for row in rows(DOCS / "en303645.md")} == {"yes", "part", "device", "no"}
