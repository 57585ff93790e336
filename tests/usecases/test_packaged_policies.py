"""The policy that comes with the program: whole, in both languages, naming who answers for it."""

import re
from datetime import UTC, datetime

import pytest

from gateway.config.sections import ControllerSection
from gateway.domain.policies import Language, PolicyKind, check_policy
from gateway.storage.data_map import for_policy
from gateway.usecases.packaged_policies import packaged
from gateway.usecases.receipts import Controller

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMED = Controller("Ann's workshop", "1 Lane", "ann@example.org", "eu-central")


def text_for(language: Language, controller: Controller) -> str:
    files = packaged(for_policy, controller, NOW)
    return next(one.text for one in files.texts if one.language is language)


def test_it_may_be_published_first_and_counts_at_once() -> None:
    policy = packaged(for_policy, NAMED, NOW).policy
    assert check_policy(policy, None) is None
    assert (policy.kind, policy.effective_at, policy.affects) == (PolicyKind.SIGNIFICANT, NOW, frozenset())


@pytest.mark.parametrize("language", Language)
def test_it_says_who_answers_for_it_and_what_is_stored(language: Language) -> None:
    text = text_for(language, NAMED)
    for part in ("Ann's workshop", "ann@example.org", "eu-central", for_policy(language).strip()):
        assert part in text
    assert "{{" not in text


def test_where_nobody_was_named_the_chinese_text_says_so_in_chinese() -> None:
    unnamed = ControllerSection()
    text = text_for(Language.CHINESE, Controller(unnamed.name, unnamed.address, unnamed.contact, "not given"))
    assert re.search(r"[a-z]{4,} [a-z]{3,}", text) is None  # no English sentence in it
    assert unnamed.name in text_for(Language.ENGLISH, Controller(unnamed.name, "", unnamed.contact, "home"))
