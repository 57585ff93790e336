"""The two proofs that need somebody in front of the appliance: label code and button."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.binding import AlreadyYours, Binding, BindRefused, Bound, NowYours, Ownership, Role, Unbound
from gateway.domain.button import PRESS_LIFE, Joined, Press, confirm, digits_for, join, pressed
from gateway.domain.devices import Device
from gateway.domain.failures import Code
from gateway.domain.identity import AccountId, DeviceId, PairingId, UnitId
from gateway.domain.label import LabelAnswer, Labelled, claim_by_label
from gateway.domain.pairing import PAIRING_LIFE, Pairing, PairingState, open_pairing
from gateway.domain.throttle import LABEL_TRIES, LABEL_WINDOW

ANNA, BERT = AccountId("a-anna"), AccountId("a-bert")
DEVICE = Device(DeviceId("d-1"), UnitId("u-1"), epoch=4, reset_counter=2)
RIGHT, WRONG = b"r" * 32, b"w" * 32
NONCE = bytes(range(16))


@pytest.fixture
def pairing(now: datetime) -> Pairing:
    return opened(now, ANNA)


def opened(now: datetime, who: AccountId, name: str = "p-1") -> Pairing:
    return open_pairing(
        pairing_id=PairingId(name), account_id=who, token_digest=b"t", trace_id="k7q-4m2", already_open=(), now=now
    ).pairing


def owned(by: AccountId, now: datetime, reset_counter: int = 2) -> Ownership:
    return Bound(Binding(DEVICE.device_id, DEVICE.epoch, by, Role.OWNER, now, reset_counter=reset_counter))


def try_label(
    pairing: Pairing,
    now: datetime,
    presented: bytes = RIGHT,
    labelled: Labelled | None = None,
    unit_tries: tuple[datetime, ...] = (),
    account_tries: tuple[datetime, ...] = (),
) -> LabelAnswer:
    return claim_by_label(
        pairing=pairing,
        labelled=labelled or Labelled(RIGHT, DEVICE, Unbound(), online=True),
        presented=presented,
        unit_tries=unit_tries,
        account_tries=account_tries,
        held=0,
        now=now,
    )


def code_of(answer: LabelAnswer) -> Code:
    assert isinstance(answer.outcome, BindRefused)
    return answer.outcome.code


def test_the_right_label_code_of_an_online_unbound_appliance_binds_it(pairing: Pairing, now: datetime) -> None:
    answer = try_label(pairing, now)
    assert isinstance(answer.outcome, NowYours)
    assert (answer.unit_tries, answer.account_tries) == ((), ())


def test_a_wrong_code_counts_for_both_and_costs_the_pairing_nothing(pairing: Pairing, now: datetime) -> None:
    answer = try_label(pairing, now, WRONG)
    assert answer.outcome == BindRefused(Code.PAIR_PROOF_MISMATCH, pairing)
    assert (answer.unit_tries, answer.account_tries) == ((now,), (now,))
    right = try_label(pairing, now, unit_tries=answer.unit_tries, account_tries=answer.account_tries)
    assert isinstance(right.outcome, NowYours)


@pytest.mark.parametrize("counted", ["unit_tries", "account_tries"])
def test_after_five_wrong_codes_even_the_right_one_waits(pairing: Pairing, now: datetime, counted: str) -> None:
    tries = (now,) * LABEL_TRIES
    later = now + timedelta(minutes=5)
    answer = try_label(pairing, later, **{counted: tries})  # type: ignore[arg-type]
    assert code_of(answer) is Code.ACT_RATE_LIMITED
    assert answer.retry_after_s == 600
    fresh = opened(now + LABEL_WINDOW, ANNA)
    assert isinstance(try_label(fresh, now + LABEL_WINDOW, **{counted: tries}).outcome, NowYours)  # type: ignore[arg-type]


def test_an_unknown_unit_and_one_without_a_code_answer_like_a_wrong_code(pairing: Pairing, now: datetime) -> None:
    for labelled in (Labelled(None, None, Unbound(), online=False), Labelled(None, DEVICE, Unbound(), online=True)):
        for presented in (RIGHT, bytes(32)):
            answer = try_label(pairing, now, presented, labelled)
            assert code_of(answer) is Code.PAIR_PROOF_MISMATCH
            assert answer.account_tries == (now,)


@pytest.mark.parametrize("device", [None, DEVICE])
def test_an_appliance_that_is_away_is_not_bound(pairing: Pairing, now: datetime, device: Device | None) -> None:
    answer = try_label(pairing, now, labelled=Labelled(RIGHT, device, Unbound(), online=False))
    assert code_of(answer) is Code.BIND_NO_PRESENCE
    assert answer.unit_tries == ()


def test_a_label_takes_nothing_from_an_owner_not_even_after_a_reset(pairing: Pairing, now: datetime) -> None:
    for reset_counter in (2, 1):
        labelled = Labelled(RIGHT, DEVICE, owned(BERT, now, reset_counter), online=True)
        assert code_of(try_label(pairing, now, labelled=labelled)) is Code.BIND_OWNED


def test_the_owners_own_label_is_a_success_that_changes_nothing(pairing: Pairing, now: datetime) -> None:
    answer = try_label(pairing, now, labelled=Labelled(RIGHT, DEVICE, owned(ANNA, now), online=True))
    assert isinstance(answer.outcome, AlreadyYours)


def test_a_pairing_that_is_over_claims_nothing(pairing: Pairing, now: datetime) -> None:
    answer = try_label(pairing, now + PAIRING_LIFE)
    assert code_of(answer) is Code.BIND_TOKEN_EXPIRED


def joined(pairing: Pairing, now: datetime) -> Joined:
    answer = join(pairing=pairing, press=pressed(DEVICE, NONCE, None, now), now=now)
    assert isinstance(answer, Joined)
    return answer


def typed(
    pairing: Pairing, press: Press | None, digits: str, now: datetime, device: Device = DEVICE
) -> tuple[object, Press | None]:
    answer = confirm(pairing=pairing, press=press, typed=digits, device=device, ownership=Unbound(), held=0, now=now)
    return answer.outcome, answer.press


def test_the_digits_that_the_appliance_shows_bind_it(pairing: Pairing, now: datetime) -> None:
    meeting = joined(pairing, now)
    outcome, press = typed(pairing, meeting.press, meeting.digits, now)
    assert isinstance(outcome, NowYours)
    assert press is not None
    assert press.answered


def test_wrong_digits_use_the_press_up(pairing: Pairing, now: datetime) -> None:
    meeting = joined(pairing, now)
    wrong = "000000" if meeting.digits != "000000" else "000001"
    outcome, press = typed(pairing, meeting.press, wrong, now)
    assert outcome == BindRefused(Code.PAIR_PROOF_MISMATCH, pairing)
    assert typed(pairing, press, meeting.digits, now)[0] == BindRefused(Code.BIND_NO_PRESENCE, pairing)
    assert join(pairing=pairing, press=press, now=now) == BindRefused(Code.BIND_NO_PRESENCE, pairing)


def test_a_press_is_good_for_two_minutes(pairing: Pairing, now: datetime) -> None:
    meeting = joined(pairing, now)
    late = now + PRESS_LIFE
    assert typed(pairing, meeting.press, meeting.digits, late)[0] == BindRefused(Code.BIND_TIMEOUT_RETRY, pairing)
    assert join(pairing=pairing, press=meeting.press, now=late) == BindRefused(Code.BIND_NO_PRESENCE, pairing)


def test_without_a_press_there_is_no_presence(pairing: Pairing, now: datetime) -> None:
    assert join(pairing=pairing, press=None, now=now) == BindRefused(Code.BIND_NO_PRESENCE, pairing)
    assert typed(pairing, None, "123456", now)[0] == BindRefused(Code.BIND_NO_PRESENCE, pairing)


def test_one_press_serves_one_pairing(pairing: Pairing, now: datetime) -> None:
    meeting = joined(pairing, now)
    other = opened(now, BERT, "p-2")
    assert join(pairing=other, press=meeting.press, now=now) == BindRefused(Code.PAIR_BUSY, other)
    digits = digits_for(NONCE, other.pairing_id)
    assert typed(other, meeting.press, digits, now)[0] == BindRefused(Code.BIND_NO_PRESENCE, other)
    assert join(pairing=pairing, press=meeting.press, now=now) == meeting


def test_a_press_on_another_appliance_proves_nothing(pairing: Pairing, now: datetime) -> None:
    meeting = joined(pairing, now)
    other = replace(DEVICE, device_id=DeviceId("d-2"))
    outcome, _ = typed(pairing, meeting.press, meeting.digits, now, other)
    assert outcome == BindRefused(Code.PAIR_PROOF_MISMATCH, pairing)


def test_an_expired_pairing_meets_no_press(pairing: Pairing, now: datetime) -> None:
    meeting = joined(pairing, now)
    late = now + PAIRING_LIFE
    for outcome in (
        join(pairing=pairing, press=meeting.press, now=late),
        typed(pairing, meeting.press, meeting.digits, late)[0],
    ):
        assert isinstance(outcome, BindRefused)
        assert outcome.code is Code.BIND_TOKEN_EXPIRED
        assert outcome.pairing is not None
        assert outcome.pairing.state is PairingState.EXPIRED


def test_the_same_nonce_again_is_the_same_press_and_a_short_one_is_none(now: datetime) -> None:
    first = pressed(DEVICE, NONCE, None, now)
    assert first is not None
    used = replace(first, answered=True)
    assert pressed(DEVICE, NONCE, used, now + timedelta(seconds=5)) is used
    assert pressed(DEVICE, b"x" * 16, used, now) == Press(DEVICE.device_id, b"x" * 16, now)
    assert pressed(DEVICE, b"short", None, now) is None


def test_the_digits_are_six_and_follow_from_nonce_and_pairing() -> None:
    assert digits_for(NONCE, PairingId("p-1")) == digits_for(NONCE, PairingId("p-1"))
    many = {digits_for(NONCE, PairingId(f"p-{number}")) for number in range(200)}
    assert len(many) > 190
    assert all(len(digits) == 6 and digits.isdigit() for digits in many)
