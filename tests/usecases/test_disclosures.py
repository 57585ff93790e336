"""The one door out: denied without a grant, only kinds that may leave, dropped when the person says so."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.consent import ConsentState, GrantedPurpose, Purpose
from gateway.domain.disclosures import (
    TRIES_AT_MOST,
    WAITING_AT_MOST,
    WAITS,
    Disclosable,
    Disclosure,
    DisclosureStatus,
    Field,
    NotDisclosable,
    Why,
    disclosable,
)
from gateway.domain.recipients import RECIPIENTS_AT_MOST, BadAddress
from gateway.storage.data_map import DATA_MAP
from gateway.usecases import deliveries, disclosures, recipients, withdrawal
from gateway.usecases.deliveries import Errand
from gateway.usecases.disclosures import NoSuchRecipient, NotGranted, NotTheirs, TooMuch, WrongPurpose
from gateway.usecases.recipients import Named, TooManyRecipients
from tests.usecases.door import URL, Door
from tests.usecases.household import HEATER, Household, report


@pytest.fixture
async def door(household: Household) -> AsyncIterator[Door]:
    one = Door(household)
    yield one
    one.persons.close()


async def test_without_a_grant_nothing_leaves_and_nothing_is_stored(household: Household, door: Door) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    named = await door.named(ann)
    assert isinstance(await door.sends(ann, named, device_id), NotGranted)
    await door.grants(ann, ConsentState.REFUSED)
    assert isinstance(await door.sends(ann, named, device_id), NotGranted)
    assert await household.read(lambda tx: tx.disclosures.of_account(ann, None, 10)) == []
    assert not await door.errands.carry_out_one()


async def test_what_was_asked_for_arrives_signed_for_its_recipient_and_is_in_the_list(
    household: Household, door: Door
) -> None:
    ann = await household.account()
    device_id = await household.bound(ann, firmware="1.2.3")
    await household.report(report(device_id, 1, power="on"))
    await door.grants(ann)
    named = await door.named(ann)
    asked = await door.sends(ann, named, device_id, frozenset({Field.DEVICE_ID, Field.TYPE_ID, Field.PROPERTIES}))
    assert isinstance(asked, Disclosure)
    assert await door.errands.carry_out_one()
    assert not await door.errands.carry_out_one()
    [(url, secret, payload)] = door.post.sent
    assert (url, secret) == (URL, named.secret)
    assert payload["data"] == {"device_id": device_id, "type_id": HEATER, "properties": {"power": "on"}}
    assert payload["purpose"] == "share.webhook"
    assert ann not in json.dumps(payload)
    [told], _ = await household.read(lambda tx: disclosures.page(tx, ann, None, 10, door.persons))
    assert told.host == "example.com"
    assert told.disclosure.status is DisclosureStatus.DELIVERED
    assert told.disclosure.payload_sealed is None


def test_presence_places_and_whatever_is_not_listed_cannot_be_disclosed() -> None:
    assert isinstance(disclosable({"properties": {}, "device_id": "d"}), Disclosable)
    for name in ("presence", "home_ref", "state", "latitude", "location", "home", "minute", "login_name", "account_id"):
        assert disclosable({"properties": {}, name: "x"}) == NotDisclosable((name,))


def test_no_kind_that_may_leave_is_a_column_about_homes_or_whereabouts() -> None:
    about_places = [
        name
        for name in DATA_MAP
        if any(word in name for word in ("home", "presence", "automation", "firing", "whereabout", "location"))
    ]
    assert len(about_places) > 4
    kept = {column for name in about_places for column in DATA_MAP[name].columns}
    # The names of appliances and types are in many tables; none of what else is there can be named at the door.
    assert {one.value for one in Field} & kept <= {"device_id"}


async def test_the_proof_must_be_of_this_person_and_for_this(household: Household, door: Door) -> None:
    ann, bob = await household.account(), await household.account()
    named = await door.named(ann)
    what = disclosable({"device_id": "d"})
    assert isinstance(what, Disclosable)
    for granted in (
        GrantedPurpose(bob, Purpose.SHARE_WEBHOOK, household.now, 1),
        GrantedPurpose(ann, Purpose.LOCATION_REMINDER, household.now, 1),
        GrantedPurpose(ann, Purpose.EXPERIENCE_PROGRAM, household.now, 1),
    ):
        outcome = await household.run(
            lambda tx, granted=granted: disclosures.disclose(  # type: ignore[misc]
                tx,
                granted,
                named.recipient.recipient_id,
                what,
                account_id=ann,
                device_id=None,
                persons=door.persons,
                identifiers=household.identifiers,
                now=household.now,
            )
        )
        assert isinstance(outcome, WrongPurpose)


async def test_nobody_sends_another_s_device_or_to_another_s_recipient(household: Household, door: Door) -> None:
    ann, bob = await household.account(), await household.account()
    hers, his = await household.bound(ann), await household.bound(bob)
    await door.grants(ann)
    await door.grants(bob)
    to_ann, to_bob = await door.named(ann), await door.named(bob)
    assert isinstance(await door.sends(ann, to_ann, his), NotTheirs)
    assert isinstance(await door.sends(ann, to_bob, hers), NoSuchRecipient)
    assert not await household.run(
        lambda tx: recipients.remove_recipient(tx, ann, to_bob.recipient.recipient_id, household.now)
    )


async def test_a_withdrawal_stops_what_waits_before_it_answers(household: Household, door: Door) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await door.grants(ann)
    named = await door.named(ann)
    waiting = [await door.sends(ann, named, device_id) for _ in range(3)]

    # What the withdrawal does in its own transaction, after the word itself.
    await household.run(lambda tx: withdrawal.forget(tx, ann, Purpose.SHARE_WEBHOOK, household.now))
    left = await household.run(lambda tx: disclosures.forget_purpose(tx, ann, Purpose.SHARE_WEBHOOK, household.now))
    assert left == 0
    for one in waiting:
        stored = await door.stored(one)
        assert (stored.status, stored.why, stored.payload_sealed) == (DisclosureStatus.DROPPED, Why.WITHDRAWN, None)
    assert not await door.errands.carry_out_one()
    assert door.post.sent == []


async def test_the_consent_is_asked_for_again_before_each_try(household: Household, door: Door) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await door.grants(ann)
    asked = await door.sends(ann, await door.named(ann), device_id)
    door.post.answers = [Why.TROUBLE]
    assert await door.errands.carry_out_one()
    await door.grants(ann, ConsentState.STOPPED)  # a change of the policy, by the job, not by the person
    household.now += WAITS[0]
    assert await door.errands.carry_out_one()
    assert (await door.stored(asked)).why is Why.WITHDRAWN
    assert len(door.post.sent) == 1


@pytest.mark.parametrize("taken_away", [False, True])
async def test_what_is_on_its_way_to_the_server_stops_there(
    household: Household, door: Door, *, taken_away: bool
) -> None:
    ann = await household.account()
    heater = await household.bound(ann)
    await door.grants(ann)
    named = await door.named(ann)
    waiting = await door.sends(ann, named, heater)

    async def withdraws() -> None:
        def work(tx: Any) -> None:
            if taken_away:
                recipients.remove_recipient(tx, ann, named.recipient.recipient_id, household.now)
            else:
                disclosures.forget_purpose(tx, ann, Purpose.SHARE_WEBHOOK, household.now)

        await household.run(work)

    door.post.on_its_way = withdraws
    assert await door.errands.carry_out_one()
    assert door.post.sent == []
    stored = await door.stored(waiting)
    assert stored.status is DisclosureStatus.DROPPED
    assert stored.why is (Why.RECIPIENT_REMOVED if taken_away else Why.WITHDRAWN)
    assert stored.payload_sealed is None


async def test_taking_the_recipient_away_drops_what_waits_for_it_alone(household: Household, door: Door) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await door.grants(ann)
    one, other = await door.named(ann), await door.named(ann, "https://other.example.com/")
    first, second = await door.sends(ann, one, device_id), await door.sends(ann, other, device_id)
    assert await household.run(
        lambda tx: recipients.remove_recipient(tx, ann, one.recipient.recipient_id, household.now)
    )
    assert (await door.stored(first)).why is Why.RECIPIENT_REMOVED
    assert (await door.stored(second)).status is DisclosureStatus.WAITING
    left = await household.read(lambda tx: recipients.recipients_of(tx, ann, door.persons))
    assert [each.url for each in left] == ["https://other.example.com/"]


async def test_it_is_tried_again_with_growing_waits_and_then_given_up(household: Household, door: Door) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await door.grants(ann)
    asked = await door.sends(ann, await door.named(ann), device_id)
    door.post.answers = [Why.TIMEOUT]
    for wait in WAITS:
        assert await door.errands.carry_out_one()
        assert not await door.errands.carry_out_one()
        assert await household.read(deliveries.next_due) == household.now + wait
        household.now += wait - timedelta(milliseconds=1)
        assert not await door.errands.carry_out_one()
        household.now += timedelta(milliseconds=1)
    assert await door.errands.carry_out_one()
    stored = await door.stored(asked)
    assert (stored.status, stored.why, stored.tries) == (DisclosureStatus.FAILED, Why.TIMEOUT, TRIES_AT_MOST)
    assert stored.payload_sealed is None
    assert await household.read(deliveries.next_due) is None


@pytest.mark.parametrize("why", [Why.ADDRESS_REFUSED, Why.GONE])
async def test_what_cannot_get_better_is_not_tried_again(household: Household, door: Door, why: Why) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await door.grants(ann)
    asked = await door.sends(ann, await door.named(ann), device_id)
    door.post.answers = [why]
    assert await door.errands.carry_out_one()
    assert (await door.stored(asked)).status is DisclosureStatus.FAILED


async def test_a_gateway_that_died_while_it_sent_leaves_it_to_another(household: Household, door: Door) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await door.grants(ann)
    asked = await door.sends(ann, await door.named(ann), device_id)
    taken = await household.run(lambda tx: deliveries.claim_due(tx, door.persons, household.now))
    assert isinstance(taken, Errand)
    assert not await door.errands.carry_out_one()  # while the first one may still be at it
    household.pass_by(seconds=60)
    assert await door.errands.carry_out_one()
    assert (await door.stored(asked)).status is DisclosureStatus.DELIVERED
    # The first one comes back late: what is over stays so.
    await household.run(lambda tx: deliveries.settle(tx, asked.disclosure_id, Why.TIMEOUT, household.now))
    assert (await door.stored(asked)).status is DisclosureStatus.DELIVERED


async def test_bounds(household: Household, door: Door) -> None:
    ann = await household.account()
    device_id = await household.bound(ann)
    await door.grants(ann)
    named = await door.named(ann)
    for _ in range(WAITING_AT_MOST):
        assert isinstance(await door.sends(ann, named, device_id), Disclosure)
    assert isinstance(await door.sends(ann, named, device_id), TooMuch)
    for number in range(RECIPIENTS_AT_MOST - 1):
        assert isinstance(await door.named(ann, f"https://h{number}.example.com/"), Named)
    assert isinstance(await door.named(ann), TooManyRecipients)
    assert isinstance(await door.named(await household.account(), "https://127.0.0.1/"), BadAddress)


async def test_neither_address_nor_secret_nor_data_is_readable_where_it_is_stored(
    household: Household, door: Door
) -> None:
    ann = await household.account()
    device_id = await household.bound(ann, firmware="9.8.7-canary")
    await door.grants(ann)
    named = await door.named(ann, "https://canary.example.com/path-canary")
    await door.sends(ann, named, device_id)
    with household.database.engine.connect() as connection:
        for table in ("recipients", "disclosures", "outbox", "events"):
            text = str(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608 - our own names
            assert "canary" not in text, table
            assert named.secret not in text, table
    assert "canary" not in repr(named)
    assert named.secret not in repr(named)
