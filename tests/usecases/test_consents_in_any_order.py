"""Whatever people, policies and time do, in whatever order: what counts is the last word, and the ledger tells it."""

from datetime import datetime, timedelta
from random import Random

import pytest

from gateway.domain.consent import ConsentState, Purpose, months_later
from gateway.domain.identity import AccountId
from gateway.domain.policies import ChangeReason
from gateway.usecases import consent_changes, consent_ledger, consents
from gateway.usecases.consent_giving import Given, NoticeShown
from tests.usecases.household import Household
from tests.usecases.saying import Saying

PURPOSES: list[Purpose] = [one for one in Purpose if one is not Purpose.POLICY]
STEPS = 60
_EVENTS = {
    ConsentState.GRANTED: "consent_given",
    ConsentState.REFUSED: "consent_refused",
    ConsentState.WITHDRAWN: "consent_withdrawn",
    ConsentState.STOPPED: "consent_invalidated",
}


class Expected:
    """What a person of good memory would know."""

    def __init__(self) -> None:
        self.states: dict[Purpose, ConsentState] = dict.fromkeys(PURPOSES, ConsentState.OFF)
        self.since: dict[Purpose, datetime] = {}
        self.written: list[tuple[Purpose, ConsentState]] = []

    def said(self, purpose: Purpose, state: ConsentState, now: datetime) -> None:
        self.states[purpose] = state
        self.since[purpose] = now
        self.written.append((purpose, state))

    def may_ask(self, purpose: Purpose, now: datetime) -> bool:
        match self.states[purpose]:
            case ConsentState.GRANTED:
                return False
            case ConsentState.REFUSED | ConsentState.WITHDRAWN:
                return now >= months_later(self.since[purpose], 6)
            case _:
                return True


@pytest.mark.parametrize("seed", range(4))
async def test_the_last_word_counts_and_the_ledger_tells_it(household: Household, seed: int) -> None:
    saying, random, expected = Saying(household), Random(seed), Expected()  # noqa: S311 - a test's
    await saying.first_policy()
    ann = await saying.somebody()
    for _ in range(STEPS):
        what = random.choice(("yes", "yes", "no", "back", "back", "policy", "later"))
        if what == "later":
            household.now += timedelta(days=random.choice((1, 30, 183, 184)))
        elif what == "policy":
            await change(saying, expected, ann, random.choice(PURPOSES))
        else:
            await speak(saying, expected, ann, random.choice(PURPOSES), what)
        await agree(saying, expected, ann)


async def speak(saying: Saying, expected: Expected, ann: AccountId, purpose: Purpose, what: str) -> None:
    """The person says something."""
    before = expected.states[purpose]
    match what:
        case "yes":
            await saying.give(ann, purpose)
            if before is not ConsentState.GRANTED or purpose.is_sensitive:
                expected.said(purpose, ConsentState.GRANTED, saying.now)
        case "no":
            await saying.refuse(ann, purpose)
            if before is ConsentState.GRANTED:
                expected.said(purpose, ConsentState.WITHDRAWN, saying.now)
            elif expected.may_ask(purpose, saying.now):
                expected.said(purpose, ConsentState.REFUSED, saying.now)
        case _:
            await saying.withdraw(ann, purpose)
            if before in {ConsentState.GRANTED, ConsentState.STOPPED}:
                expected.said(purpose, ConsentState.WITHDRAWN, saying.now)


async def change(saying: Saying, expected: Expected, ann: AccountId, purpose: Purpose) -> None:
    """A new version of the policy asks for a purpose anew."""
    await saying.publish(ChangeReason.USE, affects=frozenset({purpose}), after=timedelta(0))
    if expected.states[purpose] is ConsentState.GRANTED:
        expected.said(purpose, ConsentState.STOPPED, saying.now)
    assert (await saying.granted(ann, purpose)) is None
    await saying.home.run(lambda tx: consent_changes.stop_superseded(tx, saying.home, saying.now))


async def agree(saying: Saying, expected: Expected, ann: AccountId) -> None:
    """The gateway says what the person of good memory says."""
    home = saying.home
    found = await home.read(lambda tx: consents.states(tx, ann, saying.now))
    for one in found:
        if one.purpose is not Purpose.POLICY:
            assert one.state is expected.states[one.purpose]
            assert one.may_ask == expected.may_ask(one.purpose, saying.now)
    last, _next = await home.read(lambda tx: consent_ledger.history(tx, home, ann, None, 1))
    record = last[0].content["record"]
    assert last[0].number == len(expected.written) + 1  # the acknowledgement came first
    if expected.written:
        purpose, state = expected.written[-1]
        assert record["pii_processing"]["purposes"][0]["purpose"] == purpose.value
        assert record["event"]["event_state"] == _EVENTS[state]
    assert await home.read(lambda tx: consent_ledger.verify(tx, ann)) is None


async def test_the_control_a_word_that_was_not_stored_is_noticed(household: Household) -> None:
    """Without it, the test above could agree with anything."""
    saying, expected = Saying(household), Expected()
    await saying.first_policy()
    ann = await saying.somebody()
    shown = await saying.shown(ann, Purpose.LOCATION_REMINDER)
    assert isinstance(shown, NoticeShown)
    expected.said(Purpose.LOCATION_REMINDER, ConsentState.GRANTED, saying.now)
    with pytest.raises(AssertionError):
        await agree(saying, expected, ann)
    given = await saying.say_yes(ann, Purpose.LOCATION_REMINDER, shown.notice.notice_id)
    assert isinstance(given, Given)
    await agree(saying, expected, ann)
