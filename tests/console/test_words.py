"""The console says the same in both languages, and only what its pages ask for."""

import re
from inspect import getsource
from string import Formatter

from gateway.console.application import STATIC
from gateway.console.rendering import TEMPLATES
from gateway.console.views.incident_form import PARTS
from gateway.console.words import WORDS
from gateway.domain.attempts import Outcome
from gateway.domain.audit import CUSTOMER, MACHINE, NOBODY, Result
from gateway.domain.consent import ConsentState
from gateway.domain.devices import DeviceStatus
from gateway.domain.erasure import Reason, Step
from gateway.domain.evidence import Confidence
from gateway.domain.failure_texts import Language
from gateway.domain.incidents import IncidentFault, IncidentStatus
from gateway.domain.policies import ChangeReason, PolicyKind
from gateway.domain.requests import DeletionGround, RefusalGround, RequestKind, RequestStatus
from gateway.domain.staff import Action, StaffRole
from gateway.domain.stage_picture import Passing
from gateway.domain.support_access import NotDecided, NotOpened
from gateway.domain.units import BlockReason
from gateway.usecases import run_check
from gateway.usecases.retention import PERIODS
from gateway.usecases.run_check import Judged, Point

SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted(TEMPLATES.parent.rglob("*"))
    if path.suffix in {".py", ".html"} and not path.name.startswith("words")
)
"""Everything of the console that says something."""

ASKED = set(re.findall(r"""say\((?:[a-z.]+, )?["']([a-z_0-9]+)["'][,)]""", SOURCES)) | set(
    re.findall(r'Refusal\(\s*HTTPStatus\.[A-Z_]+, "([a-z_0-9]+)"', SOURCES)
)
"""Named where it is said."""

KINDS: dict[str, set[str]] = {
    "action": set(Action),
    "blocked": set(BlockReason),
    "change_reason": set(ChangeReason),
    "check": {*Point, *Judged, *(f"status_{one.value}" for one in DeviceStatus)},
    "consent_state": set(ConsentState),
    "deletion_ground": set(DeletionGround),
    "erasure_reason": set(Reason),
    "erasure_step": set(Step),
    "incident_fault": set(IncidentFault),
    "incident_field": {"affected", "began_at", "ended_at", "type_id", "firmware", "bound_before", "device_ids"},
    "incident_hint": set(PARTS),
    "incident_part": set(PARTS),
    "incident_status": set(IncidentStatus),
    "kept": set(PERIODS),
    "not_decided": set(NotDecided),
    "not_opened": set(NotOpened),
    "outcome": set(Outcome),
    "policy_kind": set(PolicyKind),
    "refusal_ground": set(RefusalGround),
    "request_kind": set(RequestKind),
    "request_status": set(RequestStatus),
    "result": set(Result),
    "role": {*StaffRole, MACHINE, CUSTOMER, NOBODY},
    "staff_bad": {"name", "password", "roles"},
    "stage": set(Passing),
    "sure": set(Confidence),
}
"""Words that are put together from what the domain calls something."""

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


def test_every_sentence_that_a_page_asks_for_exists() -> None:
    assert len(ASKED) > 150
    assert WORDS[Language.EN].keys() >= ASKED


def test_every_value_of_the_domain_has_its_word() -> None:
    assert {f"{kind}_{value}" for kind, values in KINDS.items() for value in values} <= WORDS[Language.EN].keys()


def test_a_kind_of_word_that_pages_put_together_is_one_that_is_looked_at_here() -> None:
    kinds = set(re.findall(r"""say\([^()]*?f["']([a-z_]+)_\{|Refusal\([^()]*?f["']([a-z_]+)_\{""", SOURCES))
    made = {one or other for one, other in kinds} | set(re.findall(r"""say\(["']([a-z_]+)_["'] ~""", SOURCES))
    assert made
    assert made <= KINDS.keys()


def test_no_sentence_is_there_that_nothing_says() -> None:
    named = set(re.findall(r"""["']([a-z][a-z_0-9]*)["']""", SOURCES))
    put_together = {f"{kind}_{value}" for kind, values in KINDS.items() for value in values}
    seen_by_checks = {f"check_{name}" for name in re.findall(r'"([a-z_]+)"', getsource(run_check))}
    assert WORDS[Language.EN].keys() - named - put_together - seen_by_checks == set()


def test_no_class_is_styled_that_no_page_has_and_no_page_has_one_without_style() -> None:
    style = re.sub(r"/\*.*?\*/", "", (STATIC / "console.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    styled = set(re.findall(r"\.([a-z][a-z-]*)(?=[^{}]*\{)", style))
    worn = {
        name
        for path in TEMPLATES.glob("*.html")
        for wears in re.findall(r'class="((?:[^"{]|\{\{.*?\}\}|\{%.*?%\})*)"', path.read_text(encoding="utf-8"))
        for name in re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", wears).split()
    }
    assert worn <= styled
    by_what_is_shown = {"good", "bad", "warn", "quiet", "passed", "here", "failed", "unreached"}
    assert styled - worn <= by_what_is_shown
