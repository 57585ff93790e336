"""Minors and their guardians: linked by a code, deciding for each other only what they may."""

from datetime import timedelta

import pytest

from gateway.domain.consent import ConsentState, Purpose, months_later
from gateway.domain.erasure import Reason
from gateway.domain.guardians import CODE_LIFE, WARDS_AT_MOST, Guardianship
from gateway.domain.identity import AccountId
from gateway.domain.policies import ChangeReason
from gateway.domain.throttle import FREE_TRIES, Wait
from gateway.usecases import consent_changes, erasure, guardians, notices, throttling
from gateway.usecases.consent_giving import Given, GivingRefusal
from gateway.usecases.guardians import NotForThisAccount, ShownGuardianCode, WrongCode
from tests.usecases.household import Household
from tests.usecases.saying import Saying
from tests.usecases.test_consents import MOMENT, PUSH, REMINDER


@pytest.fixture
async def saying(household: Household) -> Saying:
    one = Saying(household)
    await one.first_policy()
    return one


async def show(saying: Saying, minor: AccountId) -> ShownGuardianCode | NotForThisAccount:
    home = saying.home
    return await home.run(lambda tx: guardians.show_one(tx, minor, tokens=home.tokens, now=home.now))


async def enter(saying: Saying, guardian: AccountId, digits: str) -> Guardianship | WrongCode | Wait:
    home = saying.home
    keys = throttling.keys_of(home.indexes, what="guardian", name=guardian, address="192.0.2.1")
    return await home.run(
        lambda tx: guardians.link(
            tx, guardian, digits, tokens=home.tokens, identifiers=home.identifiers, keys=keys, now=home.now
        )
    )


async def linked(saying: Saying) -> tuple[AccountId, AccountId, Guardianship]:
    """A minor, their guardian, and the link."""
    kim, ann = await saying.somebody(adult=False), await saying.somebody()
    code = await show(saying, kim)
    assert isinstance(code, ShownGuardianCode)
    link = await enter(saying, ann, code.code)
    assert isinstance(link, Guardianship)
    return kim, ann, link


async def test_a_minor_may_use_the_service_but_not_grant_location(saying: Saying) -> None:
    kim = await saying.somebody(adult=False)
    assert isinstance(await saying.say_yes(kim, PUSH), Given)
    for purpose in Purpose:
        if purpose.is_sensitive:
            assert await saying.shown(kim, purpose) is GivingRefusal.GUARDIAN_NEEDED
            assert await saying.say_yes(kim, purpose, "n-1") is GivingRefusal.GUARDIAN_NEEDED


async def test_the_guardian_is_shown_the_text_and_says_yes_for_the_minor(saying: Saying) -> None:
    kim, ann, _link = await linked(saying)
    given = await saying.give(kim, REMINDER, by=ann)
    assert given.consent.by_guardian
    assert given.receipt.content["record"]["pii_principal_id"] == kim
    assert given.receipt.content["record"]["event"]["entity_id"] == "guardian"
    assert await saying.granted(kim, REMINDER) is not None
    assert await saying.granted(ann, REMINDER) is None
    assert await saying.shown(kim, REMINDER) is GivingRefusal.GUARDIAN_NEEDED


async def test_a_notice_that_the_guardian_was_shown_is_nobody_elses(saying: Saying) -> None:
    kim, ann, _link = await linked(saying)
    notice_id = await saying.notice(kim, REMINDER, to=ann)
    assert await saying.say_yes(ann, REMINDER, notice_id) is GivingRefusal.NOTICE_UNKNOWN


async def test_the_minor_may_take_back_what_the_guardian_gave(saying: Saying) -> None:
    kim, ann, _link = await linked(saying)
    await saying.give(kim, REMINDER, by=ann)
    await saying.withdraw(kim, REMINDER)
    assert await saying.granted(kim, REMINDER) is None


async def test_only_the_guardian_is_proven_to_be_one(saying: Saying) -> None:
    kim, ann, link = await linked(saying)
    bob = await saying.somebody()
    ward = await saying.home.read(lambda tx: guardians.ward_of(tx, ann, link.ward_id))
    assert ward is not None
    assert ward.account_id == kim
    for stranger in (bob, kim):
        assert await saying.home.read(lambda tx, who=stranger: guardians.ward_of(tx, who, link.ward_id)) is None  # type: ignore[misc]
    assert await saying.home.read(lambda tx: guardians.ward_of(tx, ann, "w-unknown")) is None


async def test_either_may_end_it_and_only_what_the_guardian_gave_ends_with_it(saying: Saying) -> None:
    kim, ann, link = await linked(saying)
    await saying.give(kim, REMINDER, by=ann)
    await saying.say_yes(kim, PUSH)
    await saying.home.run(lambda tx: guardians.end(tx, saying.home, link, saying.now))
    await saying.home.run(lambda tx: guardians.end(tx, saying.home, link, saying.now))  # again is no error
    assert await saying.granted(kim, REMINDER) is None
    assert await saying.granted(kim, PUSH) is not None
    assert await saying.home.read(lambda tx: guardians.wards(tx, ann)) == []
    assert isinstance(await show(saying, kim), ShownGuardianCode)


async def test_without_the_guardian_what_they_gave_counts_no_more(saying: Saying) -> None:
    """A guardian's account goes without a word only where an erasure is carried out again on a restored database."""
    kim, ann, _link = await linked(saying)
    await saying.give(kim, REMINDER, by=ann)
    await saying.say_yes(kim, PUSH)
    begun = await saying.home.run(lambda tx: erasure.begin(tx, saying.home, ann, Reason.REPLAYED, saying.now))
    assert begun is not None
    assert await saying.granted(kim, REMINDER) is None
    assert (await saying.state(kim, REMINDER)).state is ConsentState.STOPPED
    assert await saying.granted(kim, PUSH) is not None
    stop = consent_changes.stop_superseded
    assert await saying.home.run(lambda tx: stop(tx, saying.home, saying.now)) == 1
    assert await saying.home.run(lambda tx: stop(tx, saying.home, saying.now)) == 0


async def test_of_age_one_decides_alone_and_begins_with_nothing(saying: Saying) -> None:
    kim, ann, link = await linked(saying)
    await saying.give(kim, REMINDER, by=ann)
    ward = await saying.home.read(lambda tx: guardians.ward_of(tx, ann, link.ward_id))
    assert ward is not None
    assert await saying.home.run(lambda tx: guardians.come_of_age(tx, saying.home, ward, saying.now))
    assert await saying.granted(kim, REMINDER) is None
    assert isinstance(await saying.give(kim, REMINDER), Given)
    assert await saying.home.read(lambda tx: guardians.ward_of(tx, ann, link.ward_id)) is None
    assert isinstance(await show(saying, kim), NotForThisAccount)


async def test_a_code_works_once_for_ten_minutes_and_the_latest_only(saying: Saying) -> None:
    kim, ann = await saying.somebody(adult=False), await saying.somebody()
    former, code = await show(saying, kim), await show(saying, kim)
    assert isinstance(former, ShownGuardianCode)
    assert isinstance(code, ShownGuardianCode)
    assert await enter(saying, ann, former.code) == WrongCode()
    saying.home.now += CODE_LIFE
    assert await enter(saying, ann, code.code) == WrongCode()
    fresh = await show(saying, kim)
    assert isinstance(fresh, ShownGuardianCode)
    saying.home.now += CODE_LIFE - MOMENT
    assert isinstance(await enter(saying, ann, fresh.code), Guardianship)
    assert await enter(saying, ann, fresh.code) == WrongCode()
    assert isinstance(await show(saying, kim), NotForThisAccount)  # has one already


async def test_who_is_of_age_has_no_guardian_and_a_minor_is_none(saying: Saying) -> None:
    ann, kim, lee = await saying.somebody(), await saying.somebody(adult=False), await saying.somebody(adult=False)
    assert isinstance(await show(saying, ann), NotForThisAccount)
    code = await show(saying, kim)
    assert isinstance(code, ShownGuardianCode)
    assert await enter(saying, lee, code.code) == WrongCode()
    assert await enter(saying, kim, code.code) == WrongCode()


async def test_nobody_guesses_a_code(saying: Saying) -> None:
    ann = await saying.somebody()
    tries = [await enter(saying, ann, f"{number:010}") for number in range(8)]
    assert tries[:5] == [WrongCode()] * 5
    assert isinstance(tries[-1], Wait)


async def test_a_right_code_of_ones_own_gives_no_further_guesses_at_anothers(saying: Saying) -> None:
    ann = await saying.somebody()
    for number in range(FREE_TRIES):
        code = await show(saying, await saying.somebody(adult=False))
        assert isinstance(code, ShownGuardianCode)
        assert isinstance(await enter(saying, ann, code.code), Guardianship)
        assert await enter(saying, ann, f"{number:010}") == WrongCode()
    assert isinstance(await enter(saying, ann, "0" * 10), Wait)


async def test_a_guardian_has_so_many_wards_and_no_more(saying: Saying) -> None:
    ann = await saying.somebody()
    for _ in range(WARDS_AT_MOST):
        code = await show(saying, await saying.somebody(adult=False))
        assert isinstance(code, ShownGuardianCode)
        assert isinstance(await enter(saying, ann, code.code), Guardianship)
    code = await show(saying, await saying.somebody(adult=False))
    assert isinstance(code, ShownGuardianCode)
    assert await enter(saying, ann, code.code) == WrongCode()


async def test_what_a_guardian_said_yes_to_is_asked_and_told_of_to_the_guardian_as_well(saying: Saying) -> None:
    """The minor cannot answer: only the guardian can say yes again."""
    kim, ann, link = await linked(saying)
    bob = await saying.somebody()
    await saying.give(kim, REMINDER, by=ann)
    await saying.publish(ChangeReason.USE, affects=frozenset({REMINDER}), after=timedelta(days=400))
    saying.home.now = months_later(saying.now, 12)
    assert await saying.home.run(lambda tx: consent_changes.ask_renewals(tx, saying.now)) == 1
    saying.home.now += timedelta(days=60)
    assert await saying.home.run(lambda tx: consent_changes.stop_superseded(tx, saying.home, saying.now)) == 1

    async def of_consents(account_id: AccountId) -> list[tuple[str, str, str | None]]:
        found, _next = await saying.home.read(lambda tx: notices.page(tx, account_id, None, 50))
        said = [one for one in found if one.kind.startswith("consent.")]
        return [(one.kind, one.data["purpose"], one.data.get("ward_id")) for one in said]

    kinds = ["consent.stopped", "consent.renewal_due"]
    assert await of_consents(kim) == [(kind, REMINDER.value, None) for kind in kinds]
    assert await of_consents(ann) == [(kind, REMINDER.value, link.ward_id) for kind in kinds]
    assert await of_consents(bob) == []
