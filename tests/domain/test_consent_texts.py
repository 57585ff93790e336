"""Texts of purposes: in every language, each saying all that has to be said."""

from dataclasses import asdict

import pytest

from gateway.domain.consent import Purpose
from gateway.domain.consent_texts import TEXTS, VERSIONS, shown, text_of
from gateway.domain.policies import Language


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("purpose", Purpose)
def test_a_text_says_all_that_is_needed(purpose: Purpose, language: Language) -> None:
    text = text_of(purpose, language)
    for part in asdict(text).values():
        assert part.strip() == part
        assert part
        assert part in shown(text)
    assert VERSIONS[purpose] >= 1


def test_no_two_purposes_show_the_same() -> None:
    every = [shown(text) for texts in TEXTS.values() for text in texts.values()]
    assert len(set(every)) == len(every) == len(Purpose) * len(Language)


@pytest.mark.parametrize("purpose", [one for one in Purpose if one.is_location])
def test_location_offers_a_schedule_or_a_button_and_names_no_place(purpose: Purpose) -> None:
    text = text_of(purpose, Language.ENGLISH)
    assert "schedule" in text.instead
    assert "button" in text.instead
    assert "no place" in text.data
