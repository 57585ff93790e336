"""How a command takes effect at most once, and its sender still gets an answer at least once.

Before the effect its id goes to the flash; after it, the outcome. An answer counts as given when the broker took it;
until then it is given again on every connection, because the gateway stops asking once it knows that the command came.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from device_sim.controller import Controller
from device_sim.flash import SeenCommand, with_seen
from device_sim.happenings import What
from device_sim.models import Applied, Rejected
from device_sim.obedience import Drop, Obey, Reject, Repeat, judge_command
from gateway.protocol.messages import Command, CommandAck, Message
from gateway.protocol.topics import UpChannel

Say = Callable[[UpChannel, Message], asyncio.Future[None]]
"""Publish with QoS 1. The future ends with the broker's acknowledgement."""


class CommandDesk:
    """Takes commands, has the model do them, and answers."""

    def __init__(self, controller: Controller, say: Say) -> None:
        self._controller = controller
        self._say = say

    def take(self, command: Command) -> None:
        """Do with a command what the rules say.

        Raises:
            OSError: the flash failed before the effect; nothing was done and nothing was answered.
        """
        kept = self._controller.flash.content
        now, told_epoch = self._controller.clock.now(), self._controller.told_epoch
        match judge_command(command, kept, now, told_epoch=told_epoch):
            case Obey():
                self._obey(command)
            case Repeat(seen):
                self._controller.tell(What.COMMAND_REPEATED, subject=command.command_id)
                self._received(command)
                self._answer(seen)
            case Reject(refusal):
                # Not remembered: it can never become right again, so the same answer comes out each time.
                self._controller.clock.not_before(command.issued_at)
                self._controller.tell(What.COMMAND_REJECTED, code=refusal, subject=command.command_id)
                self._say(
                    UpChannel.ACK, CommandAck(command_id=command.command_id, status="rejected", code=refusal.value)
                )
            case Drop(refusal):
                self._controller.tell(What.MESSAGE_DROPPED, code=refusal, subject="command")

    def tell_again(self) -> None:
        """Give the answers that nobody may have heard."""
        for seen in self._controller.flash.content.seen:
            if not seen.told:
                self._answer(seen)

    def _obey(self, command: Command) -> None:
        flash, model = self._controller.flash, self._controller.model
        self._controller.clock.not_before(command.issued_at)
        begun = SeenCommand(command.command_id, command.seq, "begun")
        flash.save(with_seen(flash.content, begun))
        self._received(command)
        changed: dict[str, Any] | None = None
        match model.apply(command.action, command.params):
            case Applied(changed):
                ended = replace(begun, outcome="applied")
                self._controller.tell(What.COMMAND_APPLIED, subject=command.command_id)
            case Rejected(code):
                ended = replace(begun, outcome="rejected", code=code)
                self._controller.tell(What.COMMAND_REJECTED, code=code, subject=command.command_id)
        flash.save(replace(with_seen(flash.content, ended), settings=model.settings))
        self._answer(ended, changed)

    def _received(self, command: Command) -> None:
        self._say(UpChannel.ACK, CommandAck(command_id=command.command_id, status="received"))

    def _answer(self, seen: SeenCommand, changed: dict[str, Any] | None = None) -> None:
        if seen.outcome == "begun":
            return  # only while the model is at work; the answer follows
        state = changed or None
        if state and self._controller.last_told is not None:
            # The gateway knows this now. Without it here, a value that goes back before the next report would seem
            # to be told already, and the gateway would keep the one in between.
            self._controller.last_told = self._controller.last_told | state
        ack = CommandAck(
            command_id=seen.command_id,
            status=seen.outcome,
            code=seen.code,
            state=state,
            seq=self._controller.next_seq() if state else None,
            boot=self._controller.flash.content.boot if state else None,
            epoch=self._controller.flash.content.epoch if state else None,
        )
        self._say(UpChannel.ACK, ack).add_done_callback(partial(self._heard, seen.command_id))

    def _heard(self, command_id: str, taken: asyncio.Future[None]) -> None:
        """The broker took an answer. Kept with the next write of the flash: telling twice harms nobody."""
        if taken.cancelled() or taken.exception() is not None:
            return
        flash = self._controller.flash
        flash.amend(
            seen=tuple(
                replace(one, told=True) if one.command_id == command_id and one.outcome != "begun" else one
                for one in flash.content.seen
            )
        )
