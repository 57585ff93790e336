"""One connection of an activated appliance: hello, what it hears, what it reports, until something ends it."""

import asyncio
import contextlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from device_sim.binding import ask_for_binding, hear_epoch, hear_verdict
from device_sim.commands import CommandDesk
from device_sim.controller import Controller
from device_sim.flash import Credential
from device_sim.happenings import What
from device_sim.keys import serial_hex
from device_sim.link import Link, LinkError
from device_sim.renewal import ask_for_renewal, confirm, hear_answer, is_due
from gateway.protocol.codec import MalformedMessageError, decode, encode
from gateway.protocol.messages import (
    BindVerdict,
    Bye,
    Command,
    EventReport,
    Hello,
    LogReport,
    Message,
    RenewReply,
    Welcome,
)
from gateway.protocol.topics import DownChannel, DownTopic, UpChannel, UpTopic, parse

MAX_HELD: Final = 16
"""Commands that may wait for the first welcome, which brings the time."""

_LAST_WORD_S: Final = 2.0
"""For the broker to take the bye of a clean stop."""


class End(StrEnum):
    """Why a connection is over, when it was not lost."""

    STOP = "stop"
    RESET = "reset"
    SWITCH = "switch"
    """There is a newer certificate to connect with."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the gateway was told last."""

    state: dict[str, Any]
    at: float


class Session:
    """Everything between CONNACK and the end. Incoming messages are handled at once, on the loop, in order."""

    def __init__(self, controller: Controller, credential: Credential) -> None:
        self._controller = controller
        self._credential = credential
        self._device_id = controller.flash.content.device_id or ""
        self._link: Link | None = None
        self._desk = CommandDesk(controller, self.say)
        self._held: list[Command] = []
        self._renewing: str | None = None
        self._renew_at = 0.0
        self._known: _Known | None = None
        self._ticked = 0.0
        self.welcome: Welcome | None = None
        self.end: End | LinkError | None = None

    def finish(self, end: End | LinkError) -> None:
        """End the session; the first reason counts."""
        if self.end is None:
            self.end = end
        self._controller.bell.ring()

    def say(self, channel: UpChannel, message: Message) -> asyncio.Future[None]:
        """Publish something under the own topics."""
        if self._link is None:
            raise LinkError("closed")
        return self._link.publish(str(UpTopic(self._device_id, channel)), encode(message))

    async def run(self, link: Link) -> End:
        """Live on this connection until it ends.

        Raises:
            LinkError: it was lost, or no welcome came.
        """
        self._link = link
        await link.subscribe(f"hg/v1/dev/{self._device_id}/down/#")
        self.say(UpChannel.HELLO, self._hello())
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._watch(link)), group.create_task(self._live())]
            await self._controller.bell.until(lambda: self.end is not None)
            for task in tasks:
                task.cancel()
        if self.end is End.STOP:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORD_S):
                    await self.say(UpChannel.BYE, Bye())
        if isinstance(self.end, End):
            return self.end
        raise self.end or LinkError("lost")

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a message from the broker. Nothing in it can end the appliance."""
        parsed = parse(topic)
        if not isinstance(parsed, DownTopic) or parsed.device_id != self._device_id:
            self._controller.tell(What.MESSAGE_DROPPED, code="foreign_topic")
            return
        try:
            self._hear(parsed.channel, payload)
        except MalformedMessageError as error:
            self._controller.tell(What.MESSAGE_DROPPED, code=error.code, subject=parsed.channel.value)
        except LinkError as error:
            self.finish(error)
        except OSError:
            # As on a board whose flash chip fails: do nothing further, start again from what is kept.
            self.finish(LinkError("flash_failed"))

    def report(self, *, full: bool = False) -> asyncio.Future[None]:
        """Report what changed since the last report, or everything.

        Raises:
            LinkError: the connection is gone.
        """
        state = self._controller.model.state
        known = {} if full or self._known is None else self._known.state
        changed = {name: value for name, value in state.items() if name not in known or known[name] != value}
        report = self._controller.report(changed, full=not known)
        self._known = _Known(state, asyncio.get_running_loop().time())
        taken = self.say(UpChannel.STATE, report)
        taken.add_done_callback(lambda done: self._reported(done, report.seq))
        return taken

    def _reported(self, done: asyncio.Future[None], seq: int) -> None:
        if not done.cancelled() and done.exception() is None:
            self._controller.tell(What.REPORTED, subject=str(seq))

    def _hear(self, channel: DownChannel, payload: bytes) -> None:
        match channel:
            case DownChannel.WELCOME:
                self._welcomed(decode(Welcome, payload))
            case DownChannel.COMMAND:
                command = decode(Command, payload)
                if self._controller.clock.is_set:
                    self._desk.take(command)
                elif len(self._held) < MAX_HELD:
                    self._held.append(command)  # without the time nobody can say whether it has expired
            case DownChannel.BIND:
                before = self._controller.flash.content.epoch
                hear_verdict(self._controller, decode(BindVerdict, payload))
                if self._controller.flash.content.epoch != before:
                    self._known = None
            case DownChannel.RENEW:
                asked, self._renewing = self._renewing, None
                wait_s = hear_answer(self._controller, decode(RenewReply, payload), asked)
                if wait_s is None:
                    self.finish(End.SWITCH)
                else:
                    self._renew_at = asyncio.get_running_loop().time() + wait_s

    def _welcomed(self, welcome: Welcome) -> None:
        self._controller.clock.set_right(welcome.time)
        hear_epoch(self._controller, welcome)
        confirm(self._controller, self._credential)
        first, self.welcome = self.welcome is None, welcome
        held, self._held = self._held, []
        for command in held:
            self._desk.take(command)
        if first:
            self._desk.tell_again()
            self._hand_over_failures()
        if welcome.report.full:
            self._known = None
        self._controller.tell(What.WELCOMED)

    def _hand_over_failures(self) -> None:
        entries = self._controller.history()
        if not entries:
            return
        handed = self._controller.flash.content.failures

        def forget(done: asyncio.Future[None]) -> None:
            if not done.cancelled() and done.exception() is None:
                left = tuple(one for one in self._controller.flash.content.failures if one not in handed)
                self._controller.flash.amend(failures=left)

        self.say(UpChannel.LOG, LogReport(entries=entries)).add_done_callback(forget)

    def _hello(self) -> Hello:
        kept = self._controller.flash.content
        return Hello(
            firmware=self._controller.unit.firmware,
            reset_counter=kept.reset_counter,
            descriptor_version=self._controller.model.descriptor.version,
            clock=self._controller.clock.now(),
            boot=kept.boot,
            serial=serial_hex(self._credential.certificate_pem or ""),
            epoch=kept.epoch,
        )

    async def _watch(self, link: Link) -> None:
        self.finish(LinkError(await link.lost()))

    async def _live(self) -> None:
        """Ask for what is due, then let time pass, over and over."""
        try:
            await self._live_until_lost()
        except LinkError as error:
            self.finish(error)
        except OSError:
            self.finish(LinkError("flash_failed"))

    async def _live_until_lost(self) -> None:
        loop, timings = asyncio.get_running_loop(), self._controller.timings
        started = self._ticked = loop.time()
        bind_at = 0.0
        while True:
            now = loop.time()
            if self.welcome is None and now - started > timings.welcome_s:
                raise LinkError("no_welcome")
            if is_due(self._controller) and now >= self._renew_at:
                # Also before any welcome: who is expired is not welcomed, and may do this and no more.
                self._renewing = ask_for_renewal(self._controller, self.say)
                self._renew_at = now + 3 * timings.reply_s
            if self.welcome is not None:
                if self._controller.flash.content.bind_token is None:
                    bind_at = 0.0
                elif now >= bind_at:
                    bind_at = now + timings.verdict_s
                    if not self._answer_is_on_its_way(now - started):
                        ask_for_binding(self._controller, self.say)
                self._pass_time(now)
            await self._pause(timings.tick_s)

    def _answer_is_on_its_way(self, since_start_s: float) -> bool:
        """The token went with the activation and the gateway says bound: the verdict will come by itself."""
        return bool(
            self._controller.asked
            and self.welcome is not None
            and self.welcome.bound
            and since_start_s < self._controller.timings.verdict_s
        )

    def _pass_time(self, now: float) -> None:
        timings = self._controller.timings
        happened = self._controller.model.tick((now - self._ticked) * timings.speed)
        self._ticked = now
        if not timings.reports_itself or self.welcome is None or not self._controller.owned:
            return
        for one in happened:
            self.say(UpChannel.EVENT, EventReport(id=self._controller.request_id(), name=one.name, data=one.data))
        every = timings.report_every_s or self.welcome.report.every_s
        if self._known is None or now - self._known.at >= every:
            self.report()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not while there is news: a token, a welcome, a verdict."""
        token, welcome = self._controller.flash.content.bind_token, self.welcome
        try:
            async with asyncio.timeout(seconds):
                await self._controller.bell.until(
                    lambda: (
                        self._controller.flash.content.bind_token != token
                        or self.welcome is not welcome
                        or self._known is None
                        and self._controller.owned
                        and self._controller.timings.reports_itself
                    )
                )
        except TimeoutError:
            return
