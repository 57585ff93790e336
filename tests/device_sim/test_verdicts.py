"""An appliance shows "paired", and forgets its owner, on a signed verdict and on nothing else."""

from typing import Any

import pytest

from device_sim.binding import ask_for_binding, hear_epoch, hear_verdict
from device_sim.commands import CommandDesk
from device_sim.happenings import What
from device_sim.obedience import Refusal
from gateway.protocol.messages import Report, Welcome
from gateway.protocol.topics import UpChannel


def welcome(board: Any, *, epoch: int, bound: bool) -> Welcome:
    return Welcome(
        time=board.now[0], epoch=epoch, bound=bound, command_key="A" * 43 + "=", report=Report(every_s=60, full=True)
    )


def unpaired(board: Any, **over: Any) -> None:
    board.controller.flash.update(paired=False, **over)


def test_a_signed_verdict_makes_it_paired(board: Any, voice: Any) -> None:
    unpaired(board, bind_token="token-token-token")
    hear_verdict(board.controller, voice.verdict(epoch=5))
    assert (board.kept.paired, board.kept.epoch, board.kept.bind_token) == (True, 5, None)
    assert board.whats() == [What.PAIRED]


@pytest.mark.parametrize("change", [{"epoch": 9}, {"sig": "A" * 86 + "=="}, {"bound": False, "wipe": True}])
def test_a_changed_verdict_does_nothing(board: Any, voice: Any, change: dict[str, Any]) -> None:
    unpaired(board)
    before = board.kept
    hear_verdict(board.controller, voice.verdict(epoch=5).model_copy(update=change))
    assert board.kept == before
    assert board.seen[-1].code == Refusal.FORGED


def test_a_verdict_for_another_device_does_nothing(board: Any, voice: Any) -> None:
    unpaired(board)
    hear_verdict(board.controller, voice.verdict(epoch=5, device_id="d-zzzzzzzzzzzzzzzzzzzzzzzzzz"))
    assert not board.kept.paired


def test_a_welcome_that_says_bound_does_not_make_it_paired(board: Any) -> None:
    unpaired(board)
    hear_epoch(board.controller, welcome(board, epoch=5, bound=True))
    assert not board.kept.paired
    assert board.controller.owned


async def test_after_a_welcome_of_a_newer_epoch_nobody_is_obeyed_until_the_verdict(
    board: Any, wire: Any, voice: Any
) -> None:
    desk, before = CommandDesk(board.controller, wire.say), board.kept
    hear_epoch(board.controller, welcome(board, epoch=5, bound=False))
    for epoch in (4, 5):
        desk.take(voice.command(epoch=epoch))
    assert wire.said == []
    assert board.kept == before
    hear_verdict(board.controller, voice.verdict(epoch=5))
    desk.take(voice.command(epoch=5))
    assert wire.acks() == [("received", None), ("applied", None)]


def test_a_welcome_of_an_older_epoch_changes_nothing(board: Any) -> None:
    before = board.kept
    hear_epoch(board.controller, welcome(board, epoch=3, bound=True))
    assert board.kept == before
    assert not board.controller.owned


def test_a_release_wipes_settings_and_model(board: Any, voice: Any) -> None:
    board.controller.model.apply("set", {"target_c": 28})
    board.controller.flash.update(settings=board.controller.model.settings)
    hear_verdict(board.controller, voice.verdict(bound=False, wipe=True, epoch=5))
    assert (board.kept.paired, board.kept.settings, board.kept.epoch) == (False, {}, 5)
    assert board.controller.model.state["target_c"] == 20
    assert board.whats() == [What.WIPED]


def test_a_release_after_a_welcome_that_told_its_epoch_still_wipes(board: Any, voice: Any) -> None:
    board.controller.flash.update(settings={"target_c": 25})
    hear_epoch(board.controller, welcome(board, epoch=5, bound=False))
    hear_verdict(board.controller, voice.verdict(bound=False, wipe=True, epoch=5))
    assert board.kept.settings == {}


def test_a_release_that_is_told_again_does_not_take_the_next_owners_token_along(board: Any, voice: Any) -> None:
    wipe = voice.verdict(bound=False, wipe=True, epoch=5)
    hear_verdict(board.controller, wipe)
    board.controller.flash.update(bind_token="token-token-token")
    hear_verdict(board.controller, wipe)
    assert board.kept.bind_token == "token-token-token"
    board.controller.flash.update(settings={"target_c": 25})
    hear_verdict(board.controller, wipe)
    assert (board.kept.settings, board.kept.bind_token) == ({}, "token-token-token")


def test_an_old_release_does_not_wipe_the_present_owner(board: Any, voice: Any) -> None:
    board.controller.flash.update(settings={"target_c": 25})
    for epoch in (3, 4):
        hear_verdict(board.controller, voice.verdict(bound=False, wipe=True, epoch=epoch))
    assert board.kept.paired
    assert board.kept.settings == {"target_c": 25}


def test_an_old_binding_does_not_bring_the_former_owner_back(board: Any, voice: Any) -> None:
    bound = voice.verdict(epoch=4)
    hear_verdict(board.controller, voice.verdict(bound=False, wipe=True, epoch=5))
    hear_verdict(board.controller, bound)
    assert not board.kept.paired
    assert board.kept.epoch == 5


def test_a_repeated_verdict_is_told_once(board: Any, voice: Any) -> None:
    unpaired(board)
    verdict = voice.verdict(epoch=5)
    hear_verdict(board.controller, verdict)
    hear_verdict(board.controller, verdict)
    assert board.whats() == [What.PAIRED, What.MESSAGE_DROPPED]


def test_a_new_owner_in_one_step_finds_nothing_of_the_former(board: Any, voice: Any) -> None:
    board.controller.model.apply("set", {"target_c": 28})
    board.controller.flash.update(settings=board.controller.model.settings)
    hear_verdict(board.controller, voice.verdict(epoch=5))
    assert board.kept.paired
    assert board.kept.settings == {}
    assert board.controller.model.state["target_c"] == 20


def refusal(voice: Any, request_id: str, retry: str = "never") -> Any:
    return voice.verdict(bound=False, code="bind.owned", number=803, retry=retry, request_id=request_id)


async def test_a_refusal_is_shown_to_who_asked_and_ends_the_token(board: Any, wire: Any, voice: Any) -> None:
    unpaired(board, bind_token="token-token-token")
    asked = ask_for_binding(board.controller, wire.say)
    assert wire.said[0][0] is UpChannel.BIND
    hear_verdict(board.controller, refusal(voice, asked or ""))
    assert board.kept.bind_token is None
    assert board.seen[-1].what is What.PAIRING_REFUSED
    assert (board.seen[-1].code, board.seen[-1].trace_id) == ("bind.owned", "k7q-4m2")


async def test_after_a_refusal_that_may_pass_the_token_is_kept(board: Any, wire: Any, voice: Any) -> None:
    unpaired(board, bind_token="token-token-token")
    hear_verdict(board.controller, refusal(voice, ask_for_binding(board.controller, wire.say) or "", retry="now"))
    assert board.kept.bind_token == "token-token-token"


def test_a_refusal_that_nobody_asked_for_is_not_shown(board: Any, voice: Any) -> None:
    hear_verdict(board.controller, refusal(voice, voice.uuid()))
    assert board.kept.paired
    assert board.seen[-1].code == Refusal.CONTRADICTED


async def test_without_a_token_nothing_is_asked(board: Any, wire: Any) -> None:
    assert ask_for_binding(board.controller, wire.say) is None
    assert wire.said == []
