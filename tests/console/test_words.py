"""The console says the same in both languages, and only what its pages ask for."""

import re
from string import Formatter

from gateway.console.rendering import TEMPLATES
from gateway.console.words import WORDS
from gateway.domain.failure_texts import Language
from gateway.domain.staff import Action, StaffRole
from gateway.domain.support_access import NotDecided, NotOpened
from gateway.usecases.run_check import Judged, Point

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_both_languages_have_the_same_keys_and_the_same_blanks() -> None:
    english, chinese = WORDS[Language.EN], WORDS[Language.ZH]
    assert english.keys() == chinese.keys()
    assert {key: blanks(text) for key, text in english.items()} == {key: blanks(text) for key, text in chinese.items()}


def test_chinese_is_chinese_and_english_is_not() -> None:
    without = {key for key, text in WORDS[Language.ZH].items() if CHINESE.search(text) is None}
    assert without <= {"seconds"}
    assert not [key for key, text in WORDS[Language.EN].items() if CHINESE.search(text)]


def test_every_sentence_that_a_template_asks_for_exists() -> None:
    asked = {
        key
        for path in TEMPLATES.glob("*.html")
        for key in re.findall(r"""say\(["']([a-z_0-9]+)["'][,)]""", path.read_text(encoding="utf-8"))
    }
    assert len(asked) > 100
    assert asked <= WORDS[Language.EN].keys()


def test_every_value_of_the_domain_has_its_word() -> None:
    words = WORDS[Language.EN].keys()
    assert {f"action_{one.value}" for one in Action} <= words
    assert {f"role_{one.value}" for one in StaffRole} <= words
    assert {f"check_{one.value}" for one in (*Point, *Judged)} <= words
    assert {f"not_opened_{one.value}" for one in NotOpened} <= words
    assert {f"not_decided_{one.value}" for one in NotDecided} <= words
