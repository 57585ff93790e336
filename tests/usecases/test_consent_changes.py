"""What a new policy and time do to consents: with a clock that is moved over the edge."""

from datetime import timedelta

import pytest

from gateway.domain.consent import ConsentState, Purpose, months_later
from gateway.domain.identity import AccountId
from gateway.domain.policies import ChangeReason, Language
from gateway.usecases import consent_changes, consent_ledger, consents, deadlines, notices, policies
from gateway.usecases.consent_giving import Given, GivingRefusal
from gateway.usecases.pairings import Opened, PolicyNotAcknowledged, open_one
from gateway.usecases.policies import Superseded
from tests.usecases.household import Household
from tests.usecases.saying import Saying

REMINDER, AUTO_OFF, PUSH = Purpose.LOCATION_REMINDER, Purpose.LOCATION_AUTO_OFF, Purpose.NOTICES_PUSH
MOMENT = timedelta(milliseconds=1)
MONTH = timedelta(days=30)


@pytest.fixture
async def saying(household: Household) -> Saying:
    one = Saying(household)
    await one.first_policy()
    return one


async def stop(saying: Saying) -> int:
    return await saying.home.run(lambda tx: consent_changes.stop_superseded(tx, saying.home, saying.now))


async def ask(saying: Saying) -> int:
    return await saying.home.run(lambda tx: consent_changes.ask_renewals(tx, saying.now))


async def kinds(saying: Saying, account_id: AccountId) -> list[str]:
    found, _next = await saying.home.read(lambda tx: notices.page(tx, account_id, None, 50))
    return [one.kind for one in found]


async def pair(saying: Saying, account_id: AccountId) -> Opened | PolicyNotAcknowledged:
    home = saying.home
    return await home.run(lambda tx: open_one(tx, account_id, home.tokens, home.identifiers, home.now))


# -- policies


async def test_the_first_policy_is_published_once_and_told_to_nobody(saying: Saying) -> None:
    ann = await saying.somebody()
    files_again = saying.published[0]
    again = await saying.home.run(lambda tx: policies.publish_first(tx, files_again, ()))
    assert not again
    assert await kinds(saying, ann) == []


async def test_who_was_there_before_there_was_a_policy_is_told_of_the_first_one(household: Household) -> None:
    ann = await household.account(said_yes=False)
    saying = Saying(household)
    await saying.first_policy()
    assert await kinds(saying, ann) == ["policy.published"]
    assert await pair(saying, ann) == PolicyNotAcknowledged()
    await saying.acknowledge(ann)
    assert isinstance(await pair(saying, ann), Opened)


async def test_a_minor_change_is_told_and_that_is_all(saying: Saying) -> None:
    ann = await saying.somebody()
    await saying.give(ann, REMINDER)
    await saying.publish()
    assert await kinds(saying, ann) == ["policy.published"]
    saying.home.now += MONTH
    assert await stop(saying) == 0
    assert await saying.granted(ann, REMINDER) is not None
    assert isinstance(await pair(saying, ann), Opened)
    where = await saying.home.read(lambda tx: policies.standing(tx, ann, saying.now))
    assert where.applying is not None
    assert (where.acknowledged, where.applying.version) == (1, 2)


async def test_a_significant_one_stops_what_it_affects_on_its_day_and_nothing_else(saying: Saying) -> None:
    ann = await saying.somebody()
    for purpose in (REMINDER, AUTO_OFF):
        await saying.give(ann, purpose)
    await saying.say_yes(ann, PUSH)
    await saying.publish(ChangeReason.USE, affects=frozenset({AUTO_OFF}))
    saying.home.now += MONTH - MOMENT
    assert await saying.granted(ann, AUTO_OFF) is not None
    saying.home.now += MOMENT
    assert await saying.granted(ann, AUTO_OFF) is None  # before any timer rang
    assert (await saying.state(ann, AUTO_OFF)).state is ConsentState.STOPPED
    assert await saying.granted(ann, REMINDER) is not None
    assert await saying.granted(ann, PUSH) is not None
    assert await stop(saying) == 1
    assert await stop(saying) == 0
    assert await kinds(saying, ann) == ["consent.stopped", "policy.published"]
    found, _next = await saying.home.read(lambda tx: consent_ledger.history(tx, saying.home, ann, None, 1))
    event = found[0].content["record"]["event"]
    assert (event["event_state"], event["entity_id"]) == ("consent_invalidated", "controller")


@pytest.mark.parametrize("written_down", [True, False])
async def test_given_again_it_counts_again(saying: Saying, written_down: bool) -> None:  # noqa: FBT001
    ann = await saying.somebody()
    await saying.give(ann, AUTO_OFF)
    await saying.publish(ChangeReason.RISK, affects=frozenset({AUTO_OFF}))
    saying.home.now += MONTH
    if written_down:
        await stop(saying)
    assert (await saying.state(ann, AUTO_OFF)).may_ask
    given = await saying.give(ann, AUTO_OFF)
    assert given.consent.policy_version == 2
    assert await saying.granted(ann, AUTO_OFF) is not None
    assert await stop(saying) == 0


async def test_a_yes_between_publishing_and_the_day_is_still_to_the_old_version(saying: Saying) -> None:
    ann, bob = await saying.somebody(), await saying.somebody()
    await saying.publish(ChangeReason.RECIPIENTS, affects=frozenset({AUTO_OFF}))
    await saying.give(ann, AUTO_OFF)
    await saying.acknowledge(bob, 2)  # who says yes to the new one ahead of time is bound to it
    await saying.give(bob, AUTO_OFF)
    saying.home.now += MONTH
    assert await saying.granted(ann, AUTO_OFF) is None
    assert await saying.granted(bob, AUTO_OFF) is not None


async def test_one_that_asks_for_the_policy_itself_anew_holds_up_new_pairings_and_consents(saying: Saying) -> None:
    ann = await saying.somebody()
    await saying.publish(ChangeReason.OWNERSHIP, affects=frozenset({Purpose.POLICY}))
    saying.home.now += MONTH
    for _ in range(2):
        assert await pair(saying, ann) == PolicyNotAcknowledged()
        assert await saying.say_yes(ann, PUSH) is GivingRefusal.POLICY_NOT_ACKNOWLEDGED
        await stop(saying)
    await saying.acknowledge(ann, 2)
    assert isinstance(await pair(saying, ann), Opened)
    assert isinstance(await saying.say_yes(ann, PUSH), Given)


async def test_what_takes_rights_away_applies_to_nobody_who_did_not_say_yes(saying: Saying) -> None:
    ann, bob = await saying.somebody(), await saying.somebody()
    await saying.give(ann, AUTO_OFF)
    reducing = frozenset({Purpose.POLICY, AUTO_OFF})
    await saying.publish(ChangeReason.RIGHTS, affects=reducing, reduces_rights=True)
    await saying.publish()  # and a minor one after it
    saying.home.now += MONTH
    await stop(saying)
    where = await saying.home.read(lambda tx: policies.standing(tx, ann, saying.now))
    assert where.applying is not None
    assert where.applying.version == 1
    assert isinstance(await pair(saying, ann), Opened)  # and goes on as before
    assert isinstance(await saying.say_yes(ann, PUSH), Given)
    assert await saying.granted(ann, AUTO_OFF) is None  # that would be under the new terms
    assert await saying.shown(ann, AUTO_OFF) is GivingRefusal.POLICY_NOT_ACKNOWLEDGED
    await saying.publish(ChangeReason.CONTACT, affects=frozenset({Purpose.POLICY, PUSH}))
    saying.home.now += MONTH
    for _ in range(2):  # what follows does not reach them, and does not ask them to agree to what they did not
        assert isinstance(await pair(saying, ann), Opened)
        await stop(saying)
    await saying.acknowledge(bob, 4)
    agreed = await saying.home.read(lambda tx: policies.standing(tx, bob, saying.now))
    assert agreed.applying is not None
    assert agreed.applying.version == 4
    await saying.publish(ChangeReason.CONTACT, affects=frozenset({Purpose.POLICY}))
    saying.home.now += MONTH
    assert await pair(saying, bob) == PolicyNotAcknowledged()


async def test_an_old_version_is_not_acknowledged_any_more(saying: Saying) -> None:
    await saying.publish()
    saying.home.now += MONTH
    ann = await saying.home.account(said_yes=False)
    hashes = await saying.home.read(lambda tx: tx.policies.hashes(1))
    done = await saying.home.run(
        lambda tx: policies.acknowledge(tx, saying.home, ann, 1, hashes[Language.ENGLISH], saying.now)
    )
    assert done == Superseded(2)
    assert await saying.granted(ann, Purpose.POLICY) is None


# -- the year


async def test_a_location_consent_is_asked_about_after_a_year_and_goes_on(saying: Saying) -> None:
    ann = await saying.somebody()
    await saying.give(ann, REMINDER)
    await saying.say_yes(ann, PUSH)
    year = months_later(saying.now, 12)
    assert await saying.home.read(deadlines.next_moment) == year
    saying.home.now = year - MOMENT
    assert await ask(saying) == 0
    assert not (await saying.state(ann, REMINDER)).renewal_due
    saying.home.now = year
    assert await ask(saying) == 1
    assert await ask(saying) == 0
    assert await kinds(saying, ann) == ["consent.renewal_due"]
    assert (await saying.state(ann, REMINDER)).renewal_due
    saying.home.now = months_later(year, 12) - MOMENT
    assert await saying.granted(ann, REMINDER) is not None  # no answer ends nothing
    assert await ask(saying) == 0
    saying.home.now += MOMENT
    assert await ask(saying) == 1


async def test_a_yes_to_the_question_begins_a_new_year(saying: Saying) -> None:
    ann = await saying.somebody()
    await saying.give(ann, REMINDER)
    saying.home.now = months_later(saying.now, 12)
    await ask(saying)
    assert not isinstance(await saying.shown(ann, REMINDER, unasked=True), GivingRefusal)
    given = await saying.give(ann, REMINDER)
    assert given.consent.at == saying.now
    assert not (await saying.state(ann, REMINDER)).renewal_due
    assert await ask(saying) == 0


async def test_what_was_taken_back_is_not_asked_about(saying: Saying) -> None:
    ann = await saying.somebody()
    await saying.give(ann, REMINDER)
    await saying.withdraw(ann, REMINDER)
    saying.home.now = months_later(saying.now, 12)
    assert await ask(saying) == 0
    assert await saying.home.read(lambda tx: tx.consents.next_moment()) is None


async def test_the_timer_does_both_when_they_are_due(saying: Saying) -> None:
    ann = await saying.somebody()
    await saying.give(ann, REMINDER)
    await saying.give(ann, AUTO_OFF)
    await saying.publish(ChangeReason.USE, affects=frozenset({AUTO_OFF}), after=timedelta(days=400))
    assert await saying.home.read(deadlines.next_moment) == months_later(saying.now, 12)
    saying.home.now += timedelta(days=400)
    for work in deadlines.works(saying.home, saying.home):
        while await saying.home.run(lambda tx, work=work: work(tx, saying.now)):  # type: ignore[misc]
            pass
    assert sorted(await kinds(saying, ann)) == [
        "consent.renewal_due",
        "consent.renewal_due",
        "consent.stopped",
        "policy.published",
    ]
    assert (await saying.state(ann, AUTO_OFF)).state is ConsentState.STOPPED
    assert await saying.home.read(deadlines.next_moment) == months_later(saying.now, 12)


# -- an account that is being closed


async def test_the_timer_gets_past_somebody_whose_key_is_gone(saying: Saying) -> None:
    ann, bob = await saying.somebody(), await saying.somebody()
    for one in (ann, bob):
        await saying.give(one, AUTO_OFF)
    await saying.publish(ChangeReason.USE, affects=frozenset({AUTO_OFF}))
    saying.home.now += MONTH
    saying.home.persons.destroy(ann)
    assert await stop(saying) == 2
    assert await stop(saying) == 0
    assert "consent.stopped" in await kinds(saying, bob)
    found = await saying.home.read(lambda tx: consents.states(tx, ann, saying.now))
    assert next(one for one in found if one.purpose is AUTO_OFF).state is ConsentState.STOPPED
