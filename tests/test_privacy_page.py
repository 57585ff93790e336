"""The page for users: what it says can be requested can be, and its figures are those of the program."""

import re
from datetime import timedelta
from typing import Final

from gateway.api.table import ROUTES
from gateway.domain import closures, exports, firings, requests
from gateway.domain.consent import Purpose
from gateway.domain.deletions import DataClass
from gateway.storage.data_map import DATA_MAP, Reader
from gateway.usecases.repositories.retention import RetentionClass
from gateway.usecases.retention import PERIODS
from tests.pages import DOCS, ROOT

PAGE: Final = DOCS / "privacy.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
UNUSED: Final = {Purpose.EXPERIENCE_PROGRAM, Purpose.NOTICES_PUSH, Purpose.SUPPORT_CASE}
"""Named among the limits: they can be granted, and nothing asks for them."""


def test_every_route_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/v1/[^`]+)`", TEXT))
    assert len(named) >= 10
    assert named - {(route.method, route.path) for route in ROUTES} == set()


def test_every_kind_that_can_be_deleted_alone_is_named() -> None:
    words = {
        DataClass.COMMANDS: "past commands",
        DataClass.SESSIONS: "past log-ins",
        DataClass.NICKNAMES: "names of appliances",
        DataClass.SETUPS: "how setting up went",
        DataClass.AUTOMATIONS: "your rules",
        DataClass.EXPORTS: "copies",
        DataClass.REQUESTS: "finished requests",
        DataClass.DISCLOSURES: "the list of what was sent",
        DataClass.NOTICES: "notices",
    }
    assert set(words) == set(DataClass)
    (sentence,) = re.findall(r"You delete these by yourself[^.]+\.", TEXT)
    assert [word for word in words.values() if word not in sentence] == []


def test_its_figures_are_those_of_the_program() -> None:
    days = timedelta(days=1)
    assert (30 * days, 7 * days, 3) == (requests.ANSWERED_WITHIN, exports.LIFE, exports.A_DAY)
    assert timedelta(minutes=15) == closures.CONFIRM_LIFE
    assert (timedelta(seconds=60), timedelta(minutes=45)) == (firings.UNDO_WITHIN, firings.ARRIVAL_WITHIN)
    assert PERIODS[RetentionClass.COMMAND] == 30 * days
    assert PERIODS[RetentionClass.PRESENCE] == 2 * days
    assert PERIODS[RetentionClass.AUDIT] == 730 * days
    assert PERIODS[RetentionClass.CONSENT_CLOSED] == 3 * 365 * days
    assert (len(requests.DeletionGround), len(requests.RefusalGround)) == (5, 6)


def test_no_consent_is_asked_for_that_the_page_calls_unused() -> None:
    """What is called unused here is named by no module but those of texts and of the list itself."""
    for path in (ROOT / "gateway").rglob("*.py"):
        if path.parent.name != "consent_texts" and path.name != "consent.py":
            text = path.read_text(encoding="utf-8")
            assert [purpose for purpose in UNUSED if f"Purpose.{purpose.name}" in text] == [], path


def test_nobody_of_the_staff_sees_names_or_rules_or_who_is_home() -> None:
    """By the map; what a program could read all the same is refused by `storage.reading`."""
    staff = set(Reader) - {Reader.GATEWAY, Reader.PERSON, Reader.APPLIANCE, Reader.OPERATOR}
    private = [DATA_MAP["bindings"].columns["nickname_sealed"], *DATA_MAP["passwords"].columns.values()]
    private += [one for name in ("whereabouts", "automations") for one in DATA_MAP[name].columns.values()]
    assert [entry.purpose for entry in private if staff & set(entry.readers)] == []
