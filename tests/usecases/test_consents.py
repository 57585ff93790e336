"""Saying yes and no: each purpose alone, with the text that was shown, and taken back in one call."""

import asyncio
from datetime import timedelta

import pytest

from gateway.domain.consent import ConsentState, Purpose, months_later
from gateway.domain.consent_notices import NOTICE_LIFE
from gateway.domain.erasure import Reason
from gateway.domain.policies import Language
from gateway.usecases import consent_ledger, erasure, policies
from gateway.usecases.consent_giving import Given, GivingRefusal, NoticeShown, Refused, Silence
from gateway.usecases.consent_ledger import EVENTS_A_DAY
from gateway.usecases.policies import Acknowledged, NoSuchPolicy, WrongHash
from gateway.usecases.purposes import purpose_in
from gateway.usecases.withdrawal import WasOff, Withdrawn
from tests.usecases.household import Household
from tests.usecases.saying import Saying

REMINDER, PUSH = Purpose.LOCATION_REMINDER, Purpose.NOTICES_PUSH
MOMENT = timedelta(milliseconds=1)


@pytest.fixture
async def saying(household: Household) -> Saying:
    one = Saying(household)
    await one.first_policy()
    return one


# -- the policy


async def test_the_policy_is_acknowledged_by_version_and_hash_of_what_was_shown(saying: Saying) -> None:
    ann = await saying.home.account(said_yes=False)

    async def acknowledge(version: int, text_hash: bytes) -> object:
        return await saying.home.run(
            lambda tx: policies.acknowledge(tx, saying.home, ann, version, text_hash, saying.now)
        )

    assert await saying.granted(ann, Purpose.POLICY) is None
    assert await acknowledge(1, b"another text") == WrongHash()
    assert await acknowledge(2, b"another text") == NoSuchPolicy()
    assert await saying.granted(ann, Purpose.POLICY) is None
    shown = await saying.home.read(lambda tx: policies.show(tx, None, Language.CHINESE, saying.now))
    assert shown is not None
    first = await acknowledge(1, shown.text.hash)
    assert isinstance(first, Acknowledged)
    assert await saying.granted(ann, Purpose.POLICY) is not None
    record = first.receipt.content["record"]
    assert record["pii_processing"]["language"] == "zh"
    assert record["pii_processing"]["privacy_notice"]["sha256"] == shown.text.hash.hex()
    assert await acknowledge(1, shown.text.hash) == first  # its answer was lost


async def test_nothing_is_granted_before_the_policy_was_acknowledged(saying: Saying) -> None:
    ann = await saying.home.account(said_yes=False)
    assert await saying.say_yes(ann, PUSH) is GivingRefusal.POLICY_NOT_ACKNOWLEDGED
    assert await saying.shown(ann, REMINDER) is GivingRefusal.POLICY_NOT_ACKNOWLEDGED


# -- yes


async def test_every_purpose_is_off_until_granted_and_granted_alone(saying: Saying) -> None:
    ann = await saying.somebody()
    for purpose in Purpose:
        assert (await saying.granted(ann, purpose) is not None) == (purpose is Purpose.POLICY)
    await saying.give(ann, REMINDER)
    on = [purpose for purpose in Purpose if await saying.granted(ann, purpose)]
    assert on == [Purpose.POLICY, REMINDER]


async def test_the_proof_says_whose_and_what(saying: Saying) -> None:
    ann, bob = await saying.somebody(), await saying.somebody()
    await saying.give(ann, REMINDER)
    proof = await saying.granted(ann, REMINDER)
    assert proof is not None
    assert (proof.account_id, proof.purpose, proof.since) == (ann, REMINDER, saying.now)
    assert await saying.granted(bob, REMINDER) is None


@pytest.mark.parametrize("purpose", [one for one in Purpose if one.is_sensitive])
async def test_a_sensitive_purpose_needs_the_notice_that_was_just_shown(saying: Saying, purpose: Purpose) -> None:
    ann = await saying.somebody()
    assert await saying.say_yes(ann, purpose) is GivingRefusal.NOTICE_NEEDED
    notice_id = await saying.notice(ann, purpose)
    saying.home.now += NOTICE_LIFE - MOMENT
    assert isinstance(await saying.say_yes(ann, purpose, notice_id), Given)


async def test_a_notice_expires_is_used_once_and_answers_to_its_own_text(saying: Saying) -> None:
    ann, bob = await saying.somebody(), await saying.somebody()
    late = await saying.notice(ann, REMINDER)
    saying.home.now += NOTICE_LIFE
    assert await saying.say_yes(ann, REMINDER, late) is GivingRefusal.NOTICE_EXPIRED
    notice_id = await saying.notice(ann, REMINDER)
    assert await saying.say_yes(ann, REMINDER, late) is GivingRefusal.NOTICE_UNKNOWN  # the new one took its place
    other = purpose_in(REMINDER, Language.CHINESE).hash
    assert await saying.say_yes(ann, REMINDER, notice_id, text_hash=other) is GivingRefusal.TEXT_CHANGED
    assert await saying.say_yes(ann, Purpose.LOCATION_AUTO_OFF, notice_id) is GivingRefusal.NOTICE_UNKNOWN
    assert await saying.say_yes(bob, REMINDER, notice_id) is GivingRefusal.NOTICE_UNKNOWN
    assert await saying.granted(ann, REMINDER) is None
    assert isinstance(await saying.say_yes(ann, REMINDER, notice_id), Given)
    await saying.withdraw(ann, REMINDER)
    assert await saying.say_yes(ann, REMINDER, notice_id) is GivingRefusal.NOTICE_USED
    assert await saying.granted(ann, REMINDER) is None


async def test_the_same_yes_again_gets_the_same_receipt(saying: Saying) -> None:
    ann = await saying.somebody()
    notice_id = await saying.notice(ann, REMINDER)
    first = await saying.say_yes(ann, REMINDER, notice_id)
    saying.home.pass_by(hours=2)
    again = await saying.say_yes(ann, REMINDER, notice_id)
    assert isinstance(first, Given)
    assert isinstance(again, Given)
    assert again.receipt == first.receipt
    plain = await saying.say_yes(ann, PUSH)
    assert isinstance(plain, Given)
    repeated = await saying.say_yes(ann, PUSH)
    assert isinstance(repeated, Given)
    assert repeated.receipt == plain.receipt


async def test_a_yes_without_a_notice_answers_to_a_text_that_exists(saying: Saying) -> None:
    ann = await saying.somebody()
    assert await saying.say_yes(ann, PUSH, text_hash=b"x" * 32) is GivingRefusal.TEXT_CHANGED
    chinese = purpose_in(PUSH, Language.CHINESE).hash
    given = await saying.say_yes(ann, PUSH, text_hash=chinese)
    assert isinstance(given, Given)
    assert given.receipt.content["record"]["pii_processing"]["language"] == "zh"


async def test_the_policy_is_not_granted_like_a_purpose(saying: Saying) -> None:
    ann = await saying.somebody()
    assert await saying.say_yes(ann, Purpose.POLICY) is GivingRefusal.BY_ACKNOWLEDGEMENT
    assert await saying.shown(ann, Purpose.POLICY) is GivingRefusal.BY_ACKNOWLEDGEMENT
    assert await saying.refuse(ann, Purpose.POLICY) is GivingRefusal.BY_ACKNOWLEDGEMENT


async def test_minds_are_changed_a_hundred_times_a_day_and_always_back(saying: Saying) -> None:
    ann = await saying.somebody()
    for _ in range(EVENTS_A_DAY // 2 + 1):
        last = await saying.say_yes(ann, PUSH)
        await saying.withdraw(ann, PUSH)
    assert last is GivingRefusal.TOO_MANY
    assert await saying.refuse(ann, Purpose.EXPERIENCE_PROGRAM) is GivingRefusal.TOO_MANY
    saying.home.pass_by(days=1)
    assert isinstance(await saying.say_yes(ann, PUSH), Given)
    assert isinstance(await saying.withdraw(ann, PUSH), Withdrawn)


# -- no


async def test_taking_back_counts_at_once_is_no_error_twice_and_stops_nothing_else(saying: Saying) -> None:
    ann = await saying.somebody()
    await saying.give(ann, REMINDER)
    await saying.say_yes(ann, PUSH)
    assert isinstance(await saying.withdraw(ann, REMINDER), Withdrawn)
    assert await saying.granted(ann, REMINDER) is None
    assert isinstance(await saying.withdraw(ann, REMINDER), WasOff)
    assert isinstance(await saying.withdraw(ann, Purpose.SHARE_WEBHOOK), WasOff)
    assert await saying.granted(ann, PUSH) is not None
    assert await saying.granted(ann, Purpose.POLICY) is not None


async def test_after_a_no_nobody_asks_for_six_months_but_one_may_always_look(saying: Saying) -> None:
    ann = await saying.somebody()
    assert isinstance(await saying.refuse(ann, REMINDER), Refused)
    until = months_later(saying.now, 6)
    assert await saying.shown(ann, REMINDER, unasked=True) == Silence(until)
    assert isinstance(await saying.shown(ann, REMINDER), NoticeShown)
    saying.home.now = until - MOMENT
    state = await saying.state(ann, REMINDER)
    assert (state.state, state.may_ask, state.may_ask_at) == (ConsentState.REFUSED, False, until)
    again = await saying.refuse(ann, REMINDER)  # the app sends it once more: the silence does not begin anew
    assert isinstance(again, Refused)
    assert again.receipt is None
    saying.home.now = until
    assert (await saying.state(ann, REMINDER)).may_ask
    assert isinstance(await saying.shown(ann, REMINDER, unasked=True), NoticeShown)


async def test_a_withdrawal_brings_the_same_silence(saying: Saying) -> None:
    ann = await saying.somebody()
    await saying.give(ann, REMINDER)
    assert await saying.shown(ann, REMINDER, unasked=True) == Silence(None)  # it has it
    await saying.withdraw(ann, REMINDER)
    assert await saying.shown(ann, REMINDER, unasked=True) == Silence(months_later(saying.now, 6))


async def test_a_no_to_what_was_granted_takes_it_back(saying: Saying) -> None:
    ann = await saying.somebody()
    await saying.give(ann, REMINDER)
    refused = await saying.refuse(ann, REMINDER)
    assert isinstance(refused, Refused)
    assert refused.consent.state is ConsentState.WITHDRAWN
    assert await saying.granted(ann, REMINDER) is None


async def test_a_no_needs_no_acknowledged_policy(saying: Saying) -> None:
    ann = await saying.home.account(said_yes=False)
    assert isinstance(await saying.refuse(ann, PUSH), Refused)


# -- the ledger


async def test_everything_said_is_in_the_ledger_in_its_order_and_sealed(saying: Saying) -> None:
    ann = await saying.somebody()
    await saying.give(ann, REMINDER)
    await saying.withdraw(ann, REMINDER)
    found, following = await saying.home.read(lambda tx: consent_ledger.history(tx, saying.home, ann, None, 2))
    states = [one.content["record"]["event"]["event_state"] for one in found]
    assert (states, following) == (["consent_withdrawn", "consent_given"], 2)
    rest, end = await saying.home.read(lambda tx: consent_ledger.history(tx, saying.home, ann, following, 2))
    assert [one.number for one in rest] == [1]
    assert end is None
    assert await saying.home.read(lambda tx: consent_ledger.verify(tx, ann)) is None
    rows = await saying.home.read(lambda tx: tx.consents.events(ann, None, 9))
    assert not any(b"location" in row.sealed or ann.encode() in row.sealed for row in rows)


async def test_a_ledger_of_one_opens_for_nobody_else(saying: Saying) -> None:
    ann, bob = await saying.somebody(), await saying.somebody()
    assert (await saying.home.read(lambda tx: consent_ledger.read(tx, saying.home, ann, 1))) is not None
    assert (await saying.home.read(lambda tx: consent_ledger.read(tx, saying.home, bob, 2))) is None
    row = await saying.home.read(lambda tx: tx.consents.event(ann, 1))
    assert row is not None
    with pytest.raises(ValueError, match="does not open"):
        saying.home.persons.sealer(bob).open(row.sealed, place=f"consent_events.sealed:{row.ledger_id}/1")


async def test_a_closed_account_leaves_events_that_nobody_can_read_and_a_receipt_still_fits(saying: Saying) -> None:
    ann = await saying.somebody()
    receipt = (await saying.give(ann, REMINDER)).receipt.content
    begun = await saying.home.run(lambda tx: erasure.begin(tx, saying.home, ann, Reason.CLOSED, saying.now))
    assert begun is not None
    assert saying.home.persons.destroy(ann)
    assert await saying.home.read(lambda tx: tx.consents.events(ann, None, 9)) == []
    rows = await saying.home.read(lambda tx: tx.consents.ledger(receipt["ledger"]["id"]))
    assert [row.number for row in rows] == [1, 2]
    assert rows[1].hash.hex() == receipt["ledger"]["hash"]
    with pytest.raises(ValueError, match="gone"):
        saying.home.persons.sealer(ann).open(rows[1].sealed, place=f"consent_events.sealed:{rows[1].ledger_id}/2")


# -- races


async def test_two_yes_at_once_make_one_event_each_and_a_sound_ledger(saying: Saying) -> None:
    ann = await saying.somebody()
    given = await asyncio.gather(*(saying.say_yes(ann, purpose) for purpose in (PUSH, Purpose.SUPPORT_CASE) * 4))
    assert all(isinstance(one, Given) for one in given)
    rows = await saying.home.read(lambda tx: tx.consents.events(ann, None, 99))
    assert [row.number for row in rows] == [3, 2, 1]
    assert await saying.home.read(lambda tx: consent_ledger.verify(tx, ann)) is None


async def test_one_notice_carries_one_of_many_yes_at_once(saying: Saying) -> None:
    ann = await saying.somebody()
    notice_id = await saying.notice(ann, REMINDER)
    given = await asyncio.gather(*(saying.say_yes(ann, REMINDER, notice_id) for _ in range(8)))
    assert len({one.receipt.number for one in given if isinstance(one, Given)}) == 1


async def test_a_yes_racing_a_withdrawal_ends_as_the_ledger_says(saying: Saying) -> None:
    ann = await saying.somebody()
    for _ in range(10):
        await asyncio.gather(saying.say_yes(ann, PUSH), saying.withdraw(ann, PUSH), saying.say_yes(ann, PUSH))
        found, _next = await saying.home.read(lambda tx: consent_ledger.history(tx, saying.home, ann, None, 1))
        last = found[0].content["record"]["event"]["event_state"]
        assert (last == "consent_given") == (await saying.granted(ann, PUSH) is not None)
        assert await saying.home.read(lambda tx: consent_ledger.verify(tx, ann)) is None
