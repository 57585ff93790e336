"""`hearthgate export codes`: pages for people, texts for programs, and the pages in docs/ as they should be."""

import json
import re
from pathlib import Path

from gateway.cli.failure_pages import INDEX, markdown_pages
from gateway.domain.failure_texts import Language, page_of, text_of
from gateway.domain.failures import CATALOGUE, Code
from tests.cli.shell import Shell

FOLDER = Path(__file__).parents[2] / "docs" / "codes"


def test_the_pages_in_docs_are_those_of_the_catalogue() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert there == markdown_pages(), "run: hearthgate export codes --out docs/codes"


def test_every_code_has_a_page_of_its_own_that_says_everything() -> None:
    pages = markdown_pages()
    assert len(pages) == len(Code) + 1
    for failure in CATALOGUE.values():
        (name,) = [name for name in pages if name.startswith(failure.digits)]
        assert re.fullmatch(r"[0-9]{3}-[a-z-]+\.md", name)
        assert name in pages[INDEX]
        shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", pages[name])
        assert shown.startswith(f"# {failure.digits} `{failure.code.value}`\n")
        for language in Language:
            page = page_of(failure.code, language)
            said = (page.title, page.stage, *(part for one in page.sections for part in (one.heading, one.text)))
            assert [part for part in said if part not in shown] == []


def test_the_links_of_the_pages_lead_to_pages() -> None:
    pages = markdown_pages()
    links = {link for text in pages.values() for link in re.findall(r"\]\(([^)]*)\)", text)}
    assert links == set(pages)


def test_the_list_is_shown_and_the_pages_are_written(shell: Shell, tmp_path: Path) -> None:
    assert shell("export", "codes") == markdown_pages()[INDEX].rstrip("\n") + "\n"
    folder = tmp_path / "new" / "codes"
    assert shell("export", "codes", "--out", str(folder)) == f"{folder}: 75 files\n"
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == markdown_pages()
    assert shell.json("export", "codes", "--out", str(folder)) == {"folder": str(folder), "files": 75}


def test_a_file_in_the_way_is_a_sentence_and_nothing_is_written(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    result = shell.run("export", "codes", "--out", str(tmp_path / "taken"))
    assert result.exit_code == 1
    assert result.stderr.startswith("hearthgate: ")
    assert "Traceback" not in result.output
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


def test_an_app_gets_every_text_as_data(shell: Shell) -> None:
    told = json.loads(shell("export", "codes", "--json"))
    assert [each["code"] for each in told] == [code.value for code in CATALOGUE]
    busy = next(each for each in told if each["code"] == "pair.busy")
    assert (busy["digits"], busy["number"], busy["stage"], busy["sources"]) == ("005", 5, "pair", ["A", "G"])
    assert (busy["retry"], busy["retry_after_s"]) == ("after", 180)
    for language in Language:
        assert busy["texts"][language.value]["customer"] == text_of(Code.PAIR_BUSY, language).customer
        assert busy["texts"][language.value]["retry"]
