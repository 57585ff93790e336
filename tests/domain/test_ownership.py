from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.binding import DEVICES_LIMIT, RELEASE_WAIT, Binding, Bound, Ownership, ReleaseWaiting, Role, Unbound
from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.identity import AccountId, DeviceId, UnitId
from gateway.domain.members import (
    INVITATION_LIFE,
    LONGEST_STAY,
    MEMBERS_LIMIT,
    Accepted,
    Invitation,
    Left,
    accept,
    invite,
    remove,
    withdraw,
)
from gateway.domain.ownership import (
    TRANSFER_LIFE,
    OfferState,
    Refusal,
    Refused,
    Released,
    TransferOffer,
    Transferred,
    accept_transfer,
    agree,
    dispute,
    lapse,
    offer_transfer,
    release,
    release_by_support,
)

ANNA, BERT, CARL, DORA = (AccountId(f"a-{name}") for name in ("anna", "bert", "carl", "dora"))
DEVICE = Device(DeviceId("d-1"), UnitId("u-1"), epoch=5, reset_counter=2)
CODE, WRONG = b"c" * 32, b"w" * 32


def bound(who: AccountId, now: datetime, role: Role = Role.OWNER) -> Binding:
    return Binding(DEVICE.device_id, DEVICE.epoch, who, role, now, reset_counter=1)


@pytest.fixture
def household(now: datetime) -> Bound:
    return Bound(bound(ANNA, now), (bound(BERT, now, Role.ADULT), bound(CARL, now, Role.GUEST)))


@pytest.fixture
def waiting(household: Bound, now: datetime) -> ReleaseWaiting:
    return ReleaseWaiting(household.owner, household.members, DORA, now, now + RELEASE_WAIT)


RELEASED = Released(replace(DEVICE, epoch=6), ended_epoch=5, former=(ANNA, BERT, CARL))


def let_go(ownership: Ownership, by: AccountId, now: datetime, *, fresh: bool = True) -> Released | Refused:
    return release(device=DEVICE, ownership=ownership, by=by, reauthenticated=fresh, now=now)


def test_the_owner_lets_go_and_the_epoch_ends_for_everybody(household: Bound, now: datetime) -> None:
    assert let_go(household, ANNA, now) == RELEASED


def test_a_release_needs_the_password_again(household: Bound, now: datetime) -> None:
    assert let_go(household, ANNA, now, fresh=False) == Refused(Refusal.REAUTHENTICATION_REQUIRED)


@pytest.mark.parametrize(
    ("who", "why"), [(BERT, Refusal.OWNER_ONLY), (CARL, Refusal.OWNER_ONLY), (DORA, Refusal.NOT_FOUND)]
)
def test_nobody_else_releases(household: Bound, now: datetime, who: AccountId, why: Refusal) -> None:
    assert let_go(household, who, now) == Refused(why)


def test_a_second_release_meets_a_device_that_is_nobodys(now: datetime) -> None:
    assert let_go(Unbound(), ANNA, now) == Refused(Refusal.NOT_FOUND)


def test_an_owner_who_was_asked_may_still_release_by_themselves(waiting: ReleaseWaiting, now: datetime) -> None:
    assert let_go(waiting, ANNA, now) == RELEASED


def test_the_owner_agrees_and_the_device_is_free(waiting: ReleaseWaiting, now: datetime) -> None:
    assert agree(device=DEVICE, ownership=waiting, by=ANNA, now=now) == RELEASED


def test_an_objection_keeps_the_device_and_asks_for_another_reset(waiting: ReleaseWaiting, now: datetime) -> None:
    kept = dispute(device=DEVICE, ownership=waiting, by=ANNA, now=now)
    assert kept == Bound(replace(waiting.owner, reset_counter=DEVICE.reset_counter), waiting.members)


@pytest.mark.parametrize(("who", "why"), [(BERT, Refusal.OWNER_ONLY), (DORA, Refusal.NOT_FOUND)])
def test_only_the_owner_answers(waiting: ReleaseWaiting, now: datetime, who: AccountId, why: Refusal) -> None:
    assert agree(device=DEVICE, ownership=waiting, by=who, now=now) == Refused(why)
    assert dispute(device=DEVICE, ownership=waiting, by=who, now=now) == Refused(why)


def test_where_nobody_asked_there_is_nothing_to_answer(household: Bound, now: datetime) -> None:
    assert agree(device=DEVICE, ownership=household, by=ANNA, now=now) == Refused(Refusal.NOT_FOUND)
    assert dispute(device=DEVICE, ownership=household, by=ANNA, now=now) == Refused(Refusal.NOT_FOUND)
    assert lapse(device=DEVICE, ownership=household, now=now + RELEASE_WAIT) == Refused(Refusal.NOT_DUE)


def test_silence_of_72_hours_frees_the_device(waiting: ReleaseWaiting, now: datetime) -> None:
    just_before = now + RELEASE_WAIT - timedelta(seconds=1)
    assert lapse(device=DEVICE, ownership=waiting, now=just_before) == Refused(Refusal.NOT_DUE)
    assert lapse(device=DEVICE, ownership=waiting, now=now + RELEASE_WAIT) == RELEASED


def test_support_needs_two_people(household: Bound) -> None:
    assert release_by_support(device=DEVICE, ownership=household, first="s-1", second="s-2") == RELEASED
    alone = release_by_support(device=DEVICE, ownership=household, first="s-1", second="s-1")
    assert isinstance(alone, Refused)
    nobody = release_by_support(device=DEVICE, ownership=Unbound(), first="s-1", second="s-2")
    assert nobody == Refused(Refusal.NOT_FOUND)


def offer(household: Ownership, by: AccountId, now: datetime, *, fresh: bool = True) -> TransferOffer | Refused:
    return offer_transfer(device=DEVICE, ownership=household, by=by, code_digest=CODE, reauthenticated=fresh, now=now)


def take(
    household: Ownership,
    made: TransferOffer,
    now: datetime,
    presented: bytes = CODE,
    by: AccountId = DORA,
    device: Device = DEVICE,
    held: int = 0,
) -> Transferred | Refused:
    return accept_transfer(
        device=device, ownership=household, offer=made, presented=presented, by=by, held=held, now=now
    )


def test_a_transfer_gives_a_new_epoch_to_a_new_owner(household: Bound, now: datetime) -> None:
    made = offer(household, ANNA, now)
    assert isinstance(made, TransferOffer)
    moved = take(household, made, now)
    assert isinstance(moved, Transferred)
    assert moved.device.epoch == moved.binding.epoch == 6
    assert (moved.binding.account_id, moved.binding.role) == (DORA, Role.OWNER)
    assert (moved.ended_epoch, moved.former) == (5, (ANNA, BERT, CARL))
    assert moved.offer.state is OfferState.ACCEPTED


def test_only_the_owner_offers_and_with_the_password(household: Bound, now: datetime) -> None:
    assert offer(household, BERT, now) == Refused(Refusal.OWNER_ONLY)
    assert offer(household, DORA, now) == Refused(Refusal.NOT_FOUND)
    assert offer(household, ANNA, now, fresh=False) == Refused(Refusal.REAUTHENTICATION_REQUIRED)


def test_an_offer_is_refused_for_every_reason(household: Bound, now: datetime) -> None:
    made = offer(household, ANNA, now)
    assert isinstance(made, TransferOffer)
    unknown, expired = Refused(Refusal.OFFER_UNKNOWN), Refused(Refusal.OFFER_EXPIRED)
    assert take(household, made, now, WRONG) == unknown
    assert take(household, replace(made, state=OfferState.ACCEPTED), now) == unknown
    assert take(household, made, now, device=replace(DEVICE, epoch=7)) == unknown
    assert take(household, made, now, device=replace(DEVICE, device_id=DeviceId("d-2"))) == unknown
    assert take(Unbound(), made, now) == unknown
    assert take(household, made, now + TRANSFER_LIFE) == expired
    assert take(household, made, now, by=ANNA) == Refused(Refusal.ALREADY_YOURS)
    assert take(household, made, now, held=DEVICES_LIMIT) == Refused(Refusal.LIMIT_REACHED)
    blocked = replace(DEVICE, status=DeviceStatus.SUSPENDED)
    assert take(household, made, now, device=blocked) == Refused(Refusal.DEVICE_BLOCKED)


def ask(
    household: Ownership, by: AccountId, role: Role, now: datetime, stay: timedelta | None = None
) -> Invitation | Refused:
    return invite(device=DEVICE, ownership=household, by=by, role=role, code_digest=CODE, stay=stay, now=now)


def join(
    household: Ownership, made: Invitation, now: datetime, presented: bytes = CODE, by: AccountId = DORA
) -> Accepted | Refused:
    return accept(device=DEVICE, ownership=household, invitation=made, presented=presented, by=by, now=now)


def invited(household: Ownership, now: datetime, role: Role = Role.ADULT, by: AccountId = ANNA) -> Invitation:
    made = ask(household, by, role, now)
    assert isinstance(made, Invitation)
    return made


def test_an_invited_person_becomes_a_member_once(household: Bound, now: datetime) -> None:
    done = join(household, invited(household, now), now)
    assert isinstance(done, Accepted)
    assert (done.binding.account_id, done.binding.role, done.binding.epoch) == (DORA, Role.ADULT, 5)
    assert join(household, done.invitation, now) == Refused(Refusal.OFFER_UNKNOWN)


@pytest.mark.parametrize(
    ("by", "role", "why"),
    [
        (ANNA, Role.OWNER, Refusal.OWNER_ONLY),
        (BERT, Role.ADULT, Refusal.OWNER_ONLY),
        (CARL, Role.GUEST, Refusal.OWNER_ONLY),
        (DORA, Role.GUEST, Refusal.NOT_FOUND),
    ],
)
def test_nobody_hands_on_more_than_they_may(
    household: Bound, now: datetime, by: AccountId, role: Role, why: Refusal
) -> None:
    assert ask(household, by, role, now) == Refused(why)


def test_a_guests_stay_has_an_end_and_an_adults_has_none(household: Bound, now: datetime) -> None:
    assert invited(household, now).stay_until is None
    guest = ask(household, BERT, Role.GUEST, now, timedelta(days=2))
    assert isinstance(guest, Invitation)
    assert guest.stay_until == now + timedelta(days=2)
    assert invited(household, now, Role.GUEST).stay_until == now + LONGEST_STAY


def test_an_invitation_is_checked_again_when_it_is_accepted(household: Bound, now: datetime) -> None:
    made = invited(household, now, Role.GUEST, by=BERT)
    without_bert = Bound(household.owner, household.members[1:])
    assert join(without_bert, made, now) == Refused(Refusal.OFFER_UNKNOWN)
    crowd = tuple(bound(AccountId(f"a-{one}"), now, Role.ADULT) for one in range(MEMBERS_LIMIT - 1))
    full = Bound(household.owner, (household.members[0], *crowd))
    assert join(full, made, now) == Refused(Refusal.LIMIT_REACHED)
    assert ask(full, ANNA, Role.ADULT, now) == Refused(Refusal.LIMIT_REACHED)


def test_an_invitation_is_refused_for_every_other_reason(household: Bound, now: datetime) -> None:
    made = invited(household, now)
    unknown = Refused(Refusal.OFFER_UNKNOWN)
    assert join(household, made, now, WRONG) == unknown
    assert join(household, replace(made, epoch=3), now) == unknown
    assert join(household, replace(made, device_id=DeviceId("d-2")), now) == unknown
    assert join(household, made, now + INVITATION_LIFE) == Refused(Refusal.OFFER_EXPIRED)
    assert join(household, replace(made, stay_until=now), now) == Refused(Refusal.OFFER_EXPIRED)
    assert join(household, made, now, by=CARL) == Refused(Refusal.ALREADY_YOURS)


def test_the_inviter_or_the_owner_takes_an_invitation_back(household: Bound, now: datetime) -> None:
    made = invited(household, now, Role.GUEST, by=BERT)
    for who in (BERT, ANNA):
        gone = withdraw(made, ownership=household, by=who, now=now)
        assert isinstance(gone, Invitation)
        assert join(household, gone, now) == Refused(Refusal.OFFER_UNKNOWN)
        assert withdraw(gone, ownership=household, by=who, now=now) is gone
    assert withdraw(made, ownership=household, by=CARL, now=now) == Refused(Refusal.OWNER_ONLY)
    assert withdraw(made, ownership=household, by=DORA, now=now) == Refused(Refusal.NOT_FOUND)


def test_members_leave_and_the_owner_removes_them(household: Bound, now: datetime) -> None:
    bert = household.members[0]
    assert remove(ownership=household, who=BERT, by=ANNA, now=now) == Left(bert)
    assert remove(ownership=household, who=BERT, by=BERT, now=now) == Left(bert)
    assert remove(ownership=household, who=BERT, by=CARL, now=now) == Refused(Refusal.OWNER_ONLY)
    assert remove(ownership=household, who=ANNA, by=ANNA, now=now) == Refused(Refusal.OWNER_ONLY)
    assert remove(ownership=household, who=DORA, by=ANNA, now=now) == Refused(Refusal.NOT_FOUND)
    assert remove(ownership=Unbound(), who=BERT, by=ANNA, now=now) == Refused(Refusal.NOT_FOUND)
