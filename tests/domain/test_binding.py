from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.binding import (
    DEVICES_LIMIT,
    RELEASE_WAIT,
    AlreadyYours,
    Binding,
    BindOutcome,
    BindRefused,
    Bound,
    NowYours,
    Ownership,
    ReleaseAsked,
    ReleaseWaiting,
    Role,
    Unbound,
    binding_of,
    ownership_of,
    present_token,
)
from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.failures import Code
from gateway.domain.identity import AccountId, DeviceId, PairingId, UnitId
from gateway.domain.pairing import (
    OPEN_PAIRINGS_LIMIT,
    PAIRING_LIFE,
    Pairing,
    PairingState,
    cancel,
    complete,
    expire,
    open_pairing,
)

ANNA, BERT, CARL = AccountId("a-anna"), AccountId("a-bert"), AccountId("a-carl")
DEVICE = Device(DeviceId("d-1"), UnitId("u-1"), epoch=4, reset_counter=2)


def opened(now: datetime, who: AccountId = ANNA, name: str = "p-1", others: tuple[Pairing, ...] = ()) -> Pairing:
    return open_pairing(
        pairing_id=PairingId(name),
        account_id=who,
        token_digest=b"t" * 32,
        trace_id="k7q-4m2",
        already_open=others,
        now=now,
    ).pairing


def bound_to(who: AccountId, now: datetime, role: Role = Role.OWNER, reset_counter: int = 2) -> Binding:
    return Binding(DEVICE.device_id, DEVICE.epoch, who, role, now, reset_counter=reset_counter)


def present(
    pairing: Pairing | None, now: datetime, ownership: Ownership | None = None, device: Device = DEVICE, held: int = 0
) -> BindOutcome:
    return present_token(device=device, ownership=ownership or Unbound(), pairing=pairing, held=held, now=now)


def test_a_token_binds_an_unbound_device_and_is_used_up(now: datetime) -> None:
    outcome = present(opened(now), now)
    assert isinstance(outcome, NowYours)
    assert outcome.device == replace(DEVICE, epoch=5)
    assert outcome.binding == Binding(DEVICE.device_id, 5, ANNA, Role.OWNER, now, reset_counter=2)
    assert (outcome.pairing.state, outcome.pairing.device_id) == (PairingState.COMPLETED, DEVICE.device_id)


def test_an_unknown_token_is_refused(now: datetime) -> None:
    assert present(None, now) == BindRefused(Code.BIND_TOKEN_UNKNOWN, None)


def test_a_token_works_until_its_last_moment_and_not_after(now: datetime) -> None:
    pairing = opened(now)
    assert isinstance(present(pairing, now + PAIRING_LIFE - timedelta(milliseconds=1)), NowYours)
    late = present(pairing, now + PAIRING_LIFE)
    assert isinstance(late, BindRefused)
    assert late.code is Code.BIND_TOKEN_EXPIRED
    assert late.pairing is not None
    assert late.pairing.state is PairingState.EXPIRED


def test_a_cancelled_pairing_binds_nothing(now: datetime) -> None:
    cancelled = cancel(opened(now))
    assert present(cancelled, now) == BindRefused(Code.BIND_TOKEN_EXPIRED, cancelled)


def test_the_same_message_again_is_the_same_success(now: datetime) -> None:
    first = present(opened(now), now)
    assert isinstance(first, NowYours)
    again = present(first.pairing, now + timedelta(days=1), Bound(first.binding), first.device)
    assert again == AlreadyYours(first.binding, first.pairing)


def test_a_used_token_binds_no_second_appliance(now: datetime) -> None:
    used = complete(opened(now), DeviceId("d-2"))
    assert present(used, now) == BindRefused(Code.BIND_TOKEN_UNKNOWN, used)


def test_a_used_token_does_not_come_back_to_life_after_a_release(now: datetime) -> None:
    used = complete(opened(now), DEVICE.device_id)
    assert present(used, now, Unbound()) == BindRefused(Code.BIND_TOKEN_UNKNOWN, used)
    assert present(used, now, Bound(bound_to(BERT, now))) == BindRefused(Code.BIND_TOKEN_UNKNOWN, used)


def test_pairing_again_with_the_same_account_changes_nothing(now: datetime) -> None:
    owner = bound_to(ANNA, now)
    outcome = present(opened(now), now, Bound(owner))
    assert outcome == AlreadyYours(owner, complete(opened(now), DEVICE.device_id))


def test_a_member_who_pairs_again_stays_what_they_are(now: datetime) -> None:
    adult = bound_to(BERT, now, Role.ADULT)
    outcome = present(opened(now, BERT), now, Bound(bound_to(ANNA, now), (adult,)))
    assert isinstance(outcome, AlreadyYours)
    assert outcome.binding == adult


def test_another_household_is_refused_and_the_repetition_hears_the_same(now: datetime) -> None:
    owned = Bound(bound_to(BERT, now))
    outcome = present(opened(now), now, owned)
    assert isinstance(outcome, BindRefused)
    assert outcome.code is Code.BIND_OWNED
    assert outcome.pairing is not None
    assert outcome.pairing.state is PairingState.REFUSED
    assert present(outcome.pairing, now, owned) == outcome
    elsewhere = replace(DEVICE, device_id=DeviceId("d-9"))
    assert present(outcome.pairing, now, device=elsewhere) == BindRefused(Code.BIND_TOKEN_UNKNOWN, outcome.pairing)


def test_an_account_with_two_hundred_devices_gets_no_more(now: datetime) -> None:
    assert isinstance(present(opened(now), now, held=DEVICES_LIMIT - 1), NowYours)
    outcome = present(opened(now), now, held=DEVICES_LIMIT)
    assert isinstance(outcome, BindRefused)
    assert outcome.code is Code.BIND_LIMIT


@pytest.mark.parametrize("status", [DeviceStatus.QUARANTINED, DeviceStatus.SUSPENDED, DeviceStatus.RETIRED])
def test_a_device_that_may_not_work_is_bound_to_nobody(now: datetime, status: DeviceStatus) -> None:
    outcome = present(opened(now), now, device=replace(DEVICE, status=status))
    assert isinstance(outcome, BindRefused)
    assert outcome.code is Code.ACT_BLOCKED


def test_a_stranger_with_a_reset_appliance_makes_the_owner_be_asked(now: datetime) -> None:
    owner = bound_to(BERT, now, reset_counter=1)
    outcome = present(opened(now), now, Bound(owner))
    assert isinstance(outcome, ReleaseAsked)
    assert outcome.waiting == ReleaseWaiting(owner, (), ANNA, now, now + RELEASE_WAIT)
    assert outcome.pairing.code is Code.BIND_OWNED


def test_while_the_owner_is_asked_nobody_else_gets_it(now: datetime) -> None:
    waiting = ReleaseWaiting(bound_to(BERT, now, reset_counter=1), (), ANNA, now, now + RELEASE_WAIT)
    for who in (ANNA, CARL):
        outcome = present(opened(now, who), now, waiting)
        assert isinstance(outcome, BindRefused)
        assert outcome.code is Code.BIND_OWNED


def test_the_owner_who_pairs_a_reset_appliance_again_is_bound_as_before(now: datetime) -> None:
    owner = bound_to(ANNA, now, reset_counter=1)
    outcome = present(opened(now), now, Bound(owner))
    assert isinstance(outcome, AlreadyYours)
    assert outcome.binding == replace(owner, reset_counter=2)


def test_ownership_is_read_from_rows_of_the_present_epoch_only(now: datetime) -> None:
    old = replace(bound_to(BERT, now), epoch=2)
    foreign = replace(bound_to(CARL, now), device_id=DeviceId("d-9"))
    owner, guest = bound_to(ANNA, now), bound_to(CARL, now, Role.GUEST)
    assert ownership_of(DEVICE, (old, foreign)) == Unbound()
    assert ownership_of(DEVICE, (old, guest, owner, foreign)) == Bound(owner, (guest,))
    waiting = ReleaseWaiting(owner, (), BERT, now, now + RELEASE_WAIT)
    assert ownership_of(DEVICE, (owner, guest), waiting) == replace(waiting, members=(guest,))
    stale = replace(waiting, owner=old)
    assert ownership_of(DEVICE, (owner,), stale) == Bound(owner)


def test_a_guest_has_access_until_the_stay_is_over(now: datetime) -> None:
    guest = replace(bound_to(CARL, now, Role.GUEST), until=now + timedelta(hours=1))
    owned = Bound(bound_to(ANNA, now), (guest,))
    assert binding_of(owned, CARL, now) == guest
    assert binding_of(owned, CARL, now + timedelta(hours=1)) is None
    assert binding_of(owned, BERT, now) is None
    assert binding_of(Unbound(), ANNA, now) is None


def test_a_sixth_open_pairing_takes_the_place_of_the_oldest(now: datetime) -> None:
    others = tuple(opened(now + timedelta(seconds=one), name=f"p-{one}") for one in range(OPEN_PAIRINGS_LIMIT))
    answer = open_pairing(
        pairing_id=PairingId("p-9"),
        account_id=ANNA,
        token_digest=b"t",
        trace_id="k7q-4m2",
        already_open=reversed(others),
        now=now + timedelta(seconds=9),
    )
    assert answer.gave_way == (cancel(others[0]),)


def test_expired_pairings_take_nobodys_place(now: datetime) -> None:
    others = tuple(opened(now, name=f"p-{one}") for one in range(OPEN_PAIRINGS_LIMIT))
    later = now + PAIRING_LIFE
    answer = open_pairing(
        pairing_id=PairingId("p-9"),
        account_id=ANNA,
        token_digest=b"t",
        trace_id="k7q-4m2",
        already_open=others,
        now=later,
    )
    assert answer.gave_way == ()


def test_a_pairing_that_is_over_neither_expires_nor_is_cancelled(now: datetime) -> None:
    done = complete(opened(now), DEVICE.device_id)
    assert cancel(done) is done
    assert expire(done, now + PAIRING_LIFE) is done
    assert expire(opened(now), now).state is PairingState.OPEN


def test_no_account_device_or_token_is_in_the_text_form(now: datetime) -> None:
    text = repr(present(opened(now), now))
    assert not any(secret in text for secret in ("a-anna", "d-1", "u-1", "ttt", "p-1"))
