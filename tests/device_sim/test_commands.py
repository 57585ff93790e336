"""Which commands an appliance obeys, how often, and what it answers."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from device_sim.commands import CommandDesk
from device_sim.flash import Flash, SeenCommand
from device_sim.happenings import What
from device_sim.obedience import Refusal


@pytest.fixture
async def desk(board: Any, wire: Any) -> CommandDesk:
    return CommandDesk(board.controller, wire.say)


async def test_a_good_command_is_received_applied_and_answered_with_its_state(
    board: Any, wire: Any, voice: Any, desk: CommandDesk
) -> None:
    desk.take(voice.command(params={"target_c": 25}))
    assert wire.acks() == [("received", None), ("applied", None)]
    assert wire.said[-1][1].state["target_c"] == 25
    assert wire.said[-1][1].seq is not None
    assert board.controller.model.state["target_c"] == 25
    assert board.kept.settings["target_c"] == 25


async def test_it_is_remembered_before_it_takes_effect(board: Any, voice: Any, desk: CommandDesk) -> None:
    command = voice.command()
    model = board.controller.model
    real = model.apply
    kept_at_effect: list[SeenCommand] = []

    def apply(action: str, params: Any) -> Any:
        loaded = Flash.load(board.path)
        assert loaded is not None
        kept_at_effect.extend(loaded.content.seen)
        return real(action, params)

    model.apply = apply
    desk.take(command)
    assert [(one.command_id, one.outcome) for one in kept_at_effect] == [(command.command_id, "begun")]


async def test_without_a_working_flash_nothing_takes_effect(
    board: Any, wire: Any, voice: Any, desk: CommandDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("no flash")

    monkeypatch.setattr(board.controller.flash, "save", broken)
    with pytest.raises(OSError, match="no flash"):
        desk.take(voice.command())
    assert board.controller.model.effects == 0
    assert wire.said == []


async def test_a_repeated_command_has_one_effect_and_the_same_answer(
    board: Any, wire: Any, voice: Any, desk: CommandDesk
) -> None:
    command = voice.command()
    desk.take(command)
    desk.take(command)
    assert board.controller.model.effects == 1
    assert wire.acks() == [("received", None), ("applied", None)] * 2
    assert board.whats()[-1] is What.COMMAND_REPEATED


async def test_it_is_still_known_after_a_restart(
    board: Any, wire: Any, voice: Any, desk: CommandDesk, make_board: Callable[[Flash], Any]
) -> None:
    command = voice.command()
    desk.take(command)
    flash = Flash.load(board.path)
    assert flash is not None
    again = make_board(flash)
    CommandDesk(again.controller, wire.say).take(command)
    assert again.controller.model.effects == 0
    assert again.controller.model.state["target_c"] == 22
    assert wire.acks()[-1] == ("applied", None)


async def test_a_command_in_whose_midst_the_power_went_fails_and_is_not_tried_again(
    board: Any, wire: Any, voice: Any, desk: CommandDesk, make_board: Callable[[Flash], Any]
) -> None:
    command = voice.command()

    def power_cut(_action: str, _params: Any) -> Any:
        raise KeyboardInterrupt

    board.controller.model.apply = power_cut
    with pytest.raises(KeyboardInterrupt):
        desk.take(command)
    flash = Flash.load(board.path)
    assert flash is not None
    again = make_board(flash)
    fresh = CommandDesk(again.controller, wire.say)
    fresh.tell_again()
    assert wire.acks()[-1] == ("failed", "interrupted")
    fresh.take(command)
    assert again.controller.model.effects == 0


@pytest.mark.parametrize(
    "change",
    [
        {"action": "off"},
        {"params": {"target_c": 30}},
        {"epoch": 5},
        {"seq": 900},
        {"command_id": "00000000-0000-4000-8000-0000000000ff"},
        {"sig": "A" * 86 + "=="},
    ],
)
async def test_a_changed_command_is_dropped_without_a_word(
    board: Any, wire: Any, voice: Any, desk: CommandDesk, change: dict[str, Any]
) -> None:
    desk.take(voice.command().model_copy(update=change))
    assert board.controller.model.effects == 0
    assert wire.said == []
    assert board.seen[-1].code == Refusal.FORGED


async def test_the_expiry_cannot_be_moved(board: Any, wire: Any, voice: Any, desk: CommandDesk) -> None:
    command = voice.command()
    desk.take(command.model_copy(update={"expires_at": command.expires_at + timedelta(days=1)}))
    assert wire.said == []


async def test_a_command_for_another_device_is_dropped(board: Any, wire: Any, voice: Any, desk: CommandDesk) -> None:
    desk.take(voice.command(device_id="d-zzzzzzzzzzzzzzzzzzzzzzzzzz"))
    assert wire.said == []
    assert board.seen[-1].code == Refusal.FORGED


async def test_a_command_of_another_gateway_is_dropped(board: Any, wire: Any, desk: CommandDesk, voice: Any) -> None:
    desk.take(type(voice)().command())
    assert wire.said == []
    assert board.seen[-1].code == Refusal.FORGED


async def test_before_activation_nothing_is_obeyed(board: Any, wire: Any, voice: Any, desk: CommandDesk) -> None:
    board.controller.flash.update(command_key=None)
    desk.take(voice.command())
    assert wire.said == []


@pytest.mark.parametrize("epoch", [3, 5])
async def test_a_command_of_another_epoch_is_dropped(
    board: Any, wire: Any, voice: Any, desk: CommandDesk, epoch: int
) -> None:
    desk.take(voice.command(epoch=epoch))
    assert board.controller.model.effects == 0
    assert wire.said == []
    assert board.seen[-1].code == Refusal.FOREIGN_EPOCH


async def test_an_expired_command_is_rejected_and_said_so(board: Any, wire: Any, voice: Any, desk: CommandDesk) -> None:
    command = voice.command()
    board.now[0] = command.expires_at
    desk.take(command)
    assert board.controller.model.effects == 0
    assert wire.acks() == [("rejected", "expired")]


async def test_expiry_is_judged_by_the_gateways_time_not_by_the_own_clock(
    board: Any, wire: Any, voice: Any, desk: CommandDesk
) -> None:
    command = voice.command()
    board.now[0] = command.issued_at.replace(year=1970)
    board.controller.clock.set_right(command.expires_at + timedelta(seconds=1))
    desk.take(command)
    assert wire.acks() == [("rejected", "expired")]


async def test_a_clock_turned_back_by_a_forged_welcome_makes_no_command_young_again(
    board: Any, wire: Any, voice: Any, desk: CommandDesk
) -> None:
    old = voice.command()
    desk.take(voice.command(issued_at=old.expires_at, expires_at=old.expires_at + timedelta(seconds=30), seq=0))
    board.controller.clock.set_right(old.issued_at)
    desk.take(old)
    assert wire.acks()[-1] == ("rejected", "expired")
    assert board.controller.model.effects == 1


async def test_a_command_older_than_one_obeyed_is_rejected(
    board: Any, wire: Any, voice: Any, desk: CommandDesk
) -> None:
    desk.take(voice.command(seq=8, params={"target_c": 24}))
    desk.take(voice.command(seq=7, params={"target_c": 18}))
    assert wire.acks()[-1] == ("rejected", "out_of_order")
    assert board.controller.model.state["target_c"] == 24


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"action": "explode", "params": {}}, "unsupported_action"),
        ({"params": {"target_c": 99}}, "invalid_params"),
        ({"params": {"room_c": 20}}, "invalid_params"),
        ({"params": {}}, "invalid_params"),
    ],
)
async def test_what_the_model_cannot_do_is_rejected_with_its_code(
    board: Any, wire: Any, voice: Any, desk: CommandDesk, over: dict[str, Any], code: str
) -> None:
    desk.take(voice.command(**over))
    assert wire.acks() == [("received", None), ("rejected", code)]
    assert board.controller.model.effects == 0


async def test_an_answer_that_the_broker_did_not_take_is_given_again(
    board: Any, wire: Any, voice: Any, desk: CommandDesk
) -> None:
    wire.connected = False
    desk.take(voice.command())
    wire.connected = True
    desk.tell_again()
    assert wire.acks() == [("received", None), ("applied", None), ("applied", None)]


async def test_an_answer_that_the_broker_took_is_not_given_again(
    board: Any, wire: Any, voice: Any, desk: CommandDesk
) -> None:
    desk.take(voice.command())
    await asyncio.sleep(0)  # the broker's word comes one turn of the loop later
    desk.tell_again()
    assert wire.acks() == [("received", None), ("applied", None)]


async def test_numbers_of_answers_and_reports_never_repeat_over_a_restart(
    board: Any, make_board: Callable[[Flash], Any]
) -> None:
    used = [board.controller.next_seq() for _ in range(300)]
    flash = Flash.load(board.path)
    assert flash is not None
    again = make_board(flash)
    assert again.controller.next_seq() > max(used)
    assert len(set(used)) == len(used)


async def test_two_starts_of_one_appliance_never_use_the_same_request_id(
    board: Any, make_board: Callable[[Flash], Any]
) -> None:
    flash = Flash.load(board.path)
    assert flash is not None
    assert make_board(flash).controller.request_id() != board.controller.request_id()
