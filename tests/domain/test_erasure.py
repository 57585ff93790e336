"""The steps of an erasure: in order, each once, and nothing of whom it was about at the end."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.erasure import (
    AGAIN_AFTER,
    CLAIMED_FOR,
    SETTLED_AFTER,
    Erasure,
    ErasureId,
    Reason,
    Step,
    begun,
    carried_out,
    claim,
    give_back,
    next_step,
)
from gateway.domain.identity import AccountId, DeviceId

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def erasure() -> Erasure:
    return begun(
        erasure_id=ErasureId("e-1"),
        account_id=AccountId("a-1"),
        reason=Reason.CLOSED,
        devices=(DeviceId("d-1"),),
        rows={"sessions": 1},
        now=NOW,
    )


def after(*steps: Step, now: datetime = NOW) -> Erasure:
    it = erasure()
    for step in steps:
        it = carried_out(it, step, {}, now)
    return it


def test_it_is_written_down_outside_of_the_database_before_anything_is_destroyed() -> None:
    assert next_step(erasure()) is Step.LEDGER
    assert next_step(after(Step.LEDGER)) is Step.KEY


def test_every_step_comes_once_and_then_nothing_is_left() -> None:
    it = erasure()
    seen = []
    while (step := next_step(it)) is not None:
        assert it.finished_at is None
        seen.append(step)
        it = carried_out(it, step, {"n": len(seen)}, NOW)
    assert seen == list(Step)
    assert (it.next_at, it.finished_at) == (None, NOW)
    assert [one.found for one in it.done] == [{"n": n} for n in range(1, len(Step) + 1)]


def test_a_step_out_of_turn_is_refused() -> None:
    for step in Step:
        if step is not Step.LEDGER:
            with pytest.raises(ValueError, match="not the next one"):
                carried_out(erasure(), step, {}, NOW)


def test_rows_wait_until_requests_under_way_have_ended() -> None:
    it = after(Step.LEDGER, Step.KEY, Step.CONNECTIONS)
    assert it.next_at == NOW + SETTLED_AFTER
    late = after(Step.LEDGER, Step.KEY, Step.CONNECTIONS, now=NOW + timedelta(hours=1))
    assert late.next_at == NOW + timedelta(hours=1)


def test_it_forgets_account_and_devices_once_it_needs_them_no_more() -> None:
    before = after(Step.LEDGER, Step.KEY, Step.CONNECTIONS, Step.ROWS)
    assert (before.account_id, before.devices) == ("a-1", ("d-1",))
    it = carried_out(before, Step.FORGOTTEN, {}, NOW)
    assert (it.account_id, it.devices) == (None, ())
    assert next_step(it) is Step.SPACE  # what was just forgotten is overwritten as well


def test_a_claim_ends_by_itself_and_what_failed_is_tried_again() -> None:
    assert claim(erasure(), NOW).next_at == NOW + CLAIMED_FOR
    assert give_back(claim(erasure(), NOW), NOW).next_at == NOW + AGAIN_AFTER


def test_it_names_nobody_where_it_is_shown() -> None:
    shown = repr(erasure())
    for name in ("a-1", "d-1", "e-1"):
        assert name not in shown
