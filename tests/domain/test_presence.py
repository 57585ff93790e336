from datetime import datetime, timedelta

import pytest

from gateway.domain.presence import (
    SILENCE_LIMIT,
    Gone,
    NeverSeen,
    Offline,
    Online,
    Presence,
    bye,
    check,
    heard,
    hello,
)

SECOND = timedelta(seconds=1)


@pytest.fixture
def online(now: datetime) -> Online:
    return hello(NeverSeen(), at=now, session="s1")


def test_a_hello_brings_it_online(now: datetime) -> None:
    gone = Offline(now, now, Gone.BYE)
    for presence in (NeverSeen(), gone):
        assert hello(presence, at=now + SECOND) == Online(now + SECOND, now + SECOND)


def test_the_same_hello_again_begins_no_session(online: Online, now: datetime) -> None:
    assert hello(online, at=now + SECOND, session="s1") == Online(now, now + SECOND, "s1")
    assert hello(online, at=now + SECOND, session="s2") == Online(now + SECOND, now + SECOND, "s2")


def test_every_word_is_a_sign_of_life_and_none_moves_the_clock_back(online: Online, now: datetime) -> None:
    assert heard(online, at=now + SECOND) == Online(now, now + SECOND, "s1")
    assert heard(online, at=now - SECOND) == online


def test_a_word_brings_it_back_unless_it_was_said_before_the_bye(now: datetime) -> None:
    gone = Offline(now, now, Gone.BYE)
    assert heard(gone, at=now - SECOND) is gone
    assert heard(gone, at=now + SECOND) == Online(now + SECOND, now + SECOND)
    assert heard(NeverSeen(), at=now) == Online(now, now)


def test_a_bye_takes_it_offline(online: Online, now: datetime) -> None:
    expected = Offline(now + SECOND, now + SECOND, Gone.BYE)
    assert bye(online, at=now + SECOND, session="s1") == expected
    assert bye(online, at=now + SECOND) == expected


def test_the_will_of_an_earlier_session_ends_no_later_one(online: Online, now: datetime) -> None:
    assert bye(online, at=now - SECOND) is online
    assert bye(online, at=now + SECOND, session="s0") is online


@pytest.mark.parametrize("presence", [NeverSeen()])
def test_who_was_never_there_cannot_go(presence: Presence, now: datetime) -> None:
    assert bye(presence, at=now) is presence
    gone = Offline(now, now, Gone.SILENCE)
    assert bye(gone, at=now + SECOND) is gone


def test_silence_of_two_and_a_half_intervals_takes_it_offline(online: Online, now: datetime) -> None:
    assert timedelta(seconds=750) == SILENCE_LIMIT
    assert check(online, now + SILENCE_LIMIT - SECOND) is online
    assert check(online, now + SILENCE_LIMIT) == Offline(now + SILENCE_LIMIT, now, Gone.SILENCE)


def test_silence_changes_nothing_for_who_is_not_there(now: datetime) -> None:
    gone = Offline(now, now, Gone.BYE)
    assert check(gone, now + SILENCE_LIMIT) is gone
    assert check(NeverSeen(), now) == NeverSeen()
