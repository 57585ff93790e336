"""One connection of an activated appliance: hello, what it hears, what it asks for, until something ends it."""

import asyncio
import contextlib
from enum import StrEnum
from typing import Final

from device_sim.binding import ask_for_binding, hear_epoch, hear_verdict
from device_sim.commands import CommandDesk
from device_sim.controller import Controller
from device_sim.flash import Credential
from device_sim.happenings import What
from device_sim.keys import serial_hex
from device_sim.link import Connection, LinkError
from device_sim.renewal import ask_for_renewal, confirm, has_untried, hear_answer, is_due
from device_sim.reporting import Reporter
from gateway.protocol.codec import MalformedMessageError, decode, encode
from gateway.protocol.messages import BindVerdict, Bye, Command, Hello, LogReport, Message, RenewReply, Welcome
from gateway.protocol.topics import DownChannel, DownTopic, UpChannel, UpTopic, parse

MAX_HELD: Final = 16
"""Commands that may wait for the first welcome, which brings the time."""

TRY_NEW_AGAIN_S: Final = 60.0
"""After which an appliance that had to fall back to its old certificate tries the new one again."""

_LAST_WORD_S: Final = 2.0
"""For the broker to take the bye of a clean stop."""


class End(StrEnum):
    """Why a connection is over, when it was not lost."""

    STOP = "stop"
    RESET = "reset"
    SWITCH = "switch"
    """There is a newer certificate to connect with."""


class Session:
    """Everything between CONNACK and the end. Incoming messages are handled at once, on the loop, in order."""

    def __init__(self, controller: Controller, credential: Credential) -> None:
        self._controller = controller
        self._credential = credential
        self._device_id = controller.flash.content.device_id or ""
        self._link: Connection | None = None
        self._desk = CommandDesk(controller, self.say)
        self._reporter = Reporter(controller, self.say)
        self._held: list[Command] = []
        self._renew_only = False
        self._renewing: str | None = None
        self._renew_at = 0.0
        self._bind_at = 0.0
        self.welcome: Welcome | None = None
        self.end: End | LinkError | None = None

    def finish(self, end: End | LinkError) -> None:
        """End the session; the first reason counts."""
        if self.end is None:
            self.end = end
        self._controller.bell.ring()

    def say(self, channel: UpChannel, message: Message) -> asyncio.Future[None]:
        """Publish something under the own topics.

        Raises:
            LinkError: there is no connection yet.
        """
        if self._link is None:
            raise LinkError("closed")
        return self._link.publish(str(UpTopic(self._device_id, channel)), encode(message))

    def report(self, *, full: bool = False) -> asyncio.Future[None]:
        """Report now; see `Reporter.report`."""
        return self._reporter.report(full=full)

    async def run(self, link: Connection) -> End:
        """Live on this connection until it ends.

        Raises:
            LinkError: it was lost, or no welcome came.
        """
        self._link = link
        await self._subscribe(link)
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
                    self._reporter.start_over()
            case DownChannel.RENEW:
                asked, self._renewing = self._renewing, None
                wait_s = hear_answer(self._controller, decode(RenewReply, payload), asked)
                if wait_s is None:
                    self.finish(End.SWITCH)
                else:
                    self._renew_at = asyncio.get_running_loop().time() + wait_s

    def _welcomed(self, welcome: Welcome) -> None:
        first, self.welcome = self.welcome is None, welcome
        self._controller.clock.set_right(welcome.time)
        hear_epoch(self._controller, welcome)
        confirm(self._controller, self._credential)
        held, self._held = self._held, []
        for command in held:
            self._desk.take(command)
        if first:
            self._desk.tell_again()
            self._hand_over_failures()
        if welcome.report.full:
            self._reporter.start_over()
        self._controller.tell(What.WELCOMED)

    def _hand_over_failures(self) -> None:
        entries = self._controller.history()
        if not entries:
            return
        flash = self._controller.flash
        handed = flash.content.failures

        def forget(done: asyncio.Future[None]) -> None:
            if not done.cancelled() and done.exception() is None:
                flash.amend(failures=tuple(one for one in flash.content.failures if one not in handed))

        self.say(UpChannel.LOG, LogReport(entries=entries)).add_done_callback(forget)

    async def _subscribe(self, link: Connection) -> None:
        """Listen before speaking. Who may hear nothing but a renewal has expired, and asks for that only."""
        try:
            await link.subscribe(f"hg/v1/dev/{self._device_id}/down/#")
        except LinkError as error:
            if error.reason != "denied" or not self._may_have_expired():
                raise  # a broker in trouble refuses, too: one of several that just lost its leader, say
            self._renew_only = True
            await link.subscribe(str(DownTopic(self._device_id, DownChannel.RENEW)))
        else:
            self.say(UpChannel.HELLO, self._hello())

    def _may_have_expired(self) -> bool:
        """Whether the certificate is over, as far as an appliance can tell that may not know the time."""
        clock, not_after = self._controller.clock, self._credential.not_after
        return not_after is None or not clock.is_set or clock.now() >= not_after

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

    async def _watch(self, link: Connection) -> None:
        self.finish(LinkError(await link.lost()))

    async def _live(self) -> None:
        """Ask for what is due and let time pass, over and over."""
        started = asyncio.get_running_loop().time()
        try:
            while True:
                self._look_around(started)
                await self._pause()
        except LinkError as error:
            self.finish(error)
        except OSError:
            self.finish(LinkError("flash_failed"))

    def _look_around(self, started: float) -> None:
        now, timings = asyncio.get_running_loop().time(), self._controller.timings
        kept = self._controller.flash.content
        if now >= self._renew_at and (is_due(self._controller) or (self._renew_only and not has_untried(kept))):
            # Also before any welcome: who is expired is not welcomed, and may do this and no more.
            self._renew_at = now + 3 * timings.reply_s
            self._renewing = ask_for_renewal(self._controller, self.say)
        if self.welcome is None:
            if now - started > timings.welcome_s:
                raise LinkError("no_welcome")
            return
        if has_untried(kept) and now - started > TRY_NEW_AGAIN_S:
            self.finish(End.SWITCH)
        if kept.bind_token is None:
            self._bind_at = 0.0
        elif now >= self._bind_at:
            self._bind_at = now + timings.verdict_s
            # When the token went with the activation, the verdict comes by itself.
            if not (self._controller.asked and self.welcome.bound and now - started < timings.verdict_s):
                ask_for_binding(self._controller, self.say)
        self._reporter.pass_time(now, float(self.welcome.report.every_s))

    async def _pause(self) -> None:
        """Wait for the next tick, but not while there is news: a token, a welcome, an owner."""
        token, welcome = self._controller.flash.content.bind_token, self.welcome
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._controller.timings.tick_s):
                await self._controller.bell.until(
                    lambda: (
                        self.welcome is not welcome
                        or (self.welcome is not None and self._reporter.owes_everything)
                        or self._controller.flash.content.bind_token not in {token, None}
                    )
                )
