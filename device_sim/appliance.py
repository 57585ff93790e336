"""A simulated appliance: from the box to daily life, over real MQTT and TLS.

`run` is its power: cancelling the task that runs it is pulling the plug, `stop` is switching it off.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any, Final

from device_sim.activation import Reply, activate
from device_sim.backoff import Backoff
from device_sim.clock import Clock
from device_sim.controller import Controller, ModelMaker, Timings, Unit
from device_sim.flash import Address, Flash, FlashContent, factory_reset
from device_sim.happenings import Happening, Watcher, What
from device_sim.keys import common_name, tls_context
from device_sim.link import LinkError, Target, opened
from device_sim.models import Model
from device_sim.renewal import in_use
from device_sim.session import End, Session
from gateway.protocol.messages import ActivationRefused
from gateway.protocol.topics import UpChannel, UpTopic

PATIENCE: Final = 6
"""So many connections refused in a row, and the appliance asks with its claim certificate again, with the same key."""


class Appliance:
    """One appliance with its flash, its model and its label."""

    def __init__(
        self,
        flash: Flash,
        unit: Unit,
        make_model: ModelMaker,
        *,
        clock: Clock,
        seed: int = 0,
        timings: Timings | None = None,
        watch: Watcher = lambda _happening: None,
        executor: Executor | None = None,
        device_address: Address | None = None,
        source: str = "",
    ) -> None:
        """Put an appliance together.

        Args:
            flash: what it keeps, as the factory or its last run left it.
            unit: its label.
            make_model: builds the model, such as `lambda rng, settings: Model(descriptor, rng, settings)`.
            clock: its own clock, which may be wrong.
            seed: of jitter, ids and the model's behaviour.
            timings: its patience.
            watch: is told what happens, on the loop.
            executor: threads for TLS handshakes, shared by a fleet; the loop's own when absent.
            device_address: where to connect after activation, in the stead of what the gateway says.
            source: which address of this machine to come from; the system chooses when empty.
        """
        self._timings = timings or Timings()
        self._controller = Controller(
            flash,
            unit,
            make_model,
            clock=clock,
            seed=seed,
            timings=self._timings,
            watch=self._saw,
            source=source,
        )
        self._watch = watch
        self._executor = executor
        self._device_address = device_address
        self._backoff = Backoff(
            self._controller.rng, first_s=self._timings.first_pause_s, longest_s=self._timings.longest_pause_s
        )
        self._session: Session | None = None
        self._stopping = False
        self._news = 0
        self._refusals = 0
        self.has_given_up = False
        """The gateway refused the activation for good. A new token or a reset makes it try again."""
        self._old_one_next = False
        self.happenings: dict[What, int] = {}
        """How often each thing happened since the start."""

    @property
    def kept(self) -> FlashContent:
        """What the flash holds."""
        return self._controller.flash.content

    @property
    def model(self) -> Model:
        """The appliance behind the radio module."""
        return self._controller.model

    @property
    def is_paired(self) -> bool:
        """What the appliance shows. Only a signed verdict brings it, and only a signed one or a reset takes it."""
        return self.kept.paired

    @property
    def is_online(self) -> bool:
        """Connected as an activated appliance, and welcomed."""
        return self._session is not None and self._session.welcome is not None and self._session.end is None

    async def until(self, condition: Callable[["Appliance"], bool]) -> None:
        """Return once the condition holds; put a timeout around it."""
        await self._controller.bell.until(lambda: condition(self))

    def provision(self, token: str) -> None:
        """The phone hands over a bind token on the local link, before the activation or at any time later."""
        self._controller.flash.update(bind_token=token)
        self._wake()

    @property
    def last_reported(self) -> dict[str, Any] | None:
        """The state as of the last report, as the gateway should know it."""
        return self._controller.last_told

    def report(self, *, full: bool = False) -> asyncio.Future[None]:
        """Report now. The future ends when the broker took it.

        Raises:
            LinkError: not connected, or not welcomed yet.
        """
        if self._session is None or not self.is_online:
            raise LinkError("closed")
        return self._session.report(full=full)

    def stop(self) -> None:
        """Switch off: say bye, disconnect, and let `run` return."""
        self._stopping = True
        if self._session is not None:
            self._session.finish(End.STOP)
        self._wake()

    def factory_reset(self) -> None:
        """Hold the button for ten seconds: identity and owner's settings gone, the reset counter one up."""
        boot = f"b{self._controller.rng.getrandbits(40):010x}"
        self._controller.flash.save(factory_reset(self.kept, boot))
        self._controller.restart_seq()
        self._controller.asked.clear()
        self._controller.owned = False
        self.model.wipe()
        if self._session is not None:
            self._session.finish(End.RESET)
        self._controller.tell(What.RESET)
        self._wake()

    async def run(self) -> None:
        """Live until stopped. Cancel it to pull the plug: the broker then publishes the will."""
        while not self._stopping:
            news = self._news
            self.has_given_up = False
            try:
                pause = await self._take_a_turn()
            except LinkError as error:
                pause = self._failed(error.reason)
            except OSError:
                # The flash. What was not kept was not promised either, so trying again is safe.
                pause = self._failed("flash_failed")
            await self._rest(pause, news)
        self._controller.tell(What.STOPPED)

    async def _take_a_turn(self) -> float | None:
        """Activate, or live on one connection. Returns the pause before the next turn; None to wait for news."""
        if in_use(self.kept) is None:
            return self._after_activation(await activate(self._controller, self._executor))
        return await self._operate()

    def _after_activation(self, reply: Reply) -> float | None:
        if not isinstance(reply, ActivationRefused):
            self._backoff.succeeded()
            return 0.0
        match reply.retry:
            case "never":
                self.has_given_up = True
                self._controller.bell.ring()
                return None
            case "now":
                return self._backoff.next_s()
            case "after":
                return self._backoff.next_s(at_least_s=float(reply.retry_after_s or 0))

    async def _operate(self) -> float:
        kept = self.kept
        credential = in_use(kept, prefer_candidate=not self._old_one_next)
        address = self._device_address or kept.address
        if credential is None or address is None or kept.device_id is None:
            raise LinkError("no_identity")
        self._old_one_next = False
        is_new = credential == kept.candidate and kept.operational is not None
        session = Session(self._controller, credential)
        target = Target(
            address,
            common_name(credential.certificate_pem or ""),
            tls_context(credential, kept.trust_pem),
            str(UpTopic(kept.device_id, UpChannel.BYE)),
            source=self._controller.source,
        )
        try:
            async with opened(target, session.hear, timeout_s=self._timings.connect_s, executor=self._executor) as link:
                self._controller.tell(What.CONNECTED, subject="device")
                self._session = session
                if self._stopping:
                    session.finish(End.STOP)
                await session.run(link)
        except LinkError:
            # Make before break: what fails with the new certificate is tried with the old one, and then again.
            self._old_one_next = is_new and session.welcome is None
            raise
        finally:
            self._session = None
            if session.welcome is not None:
                self._backoff.succeeded()
                self._refusals = 0
        return 0.0

    def _failed(self, reason: str) -> float:
        self._controller.tell(What.LINK_FAILED, code=reason)
        if reason in {"refused", "tls"} and in_use(self.kept) is not None:
            self._refusals += 1
            if self._refusals >= PATIENCE:
                self._refusals = 0
                self._go_back_to_claim()
        return self._backoff.next_s()

    def _go_back_to_claim(self) -> None:
        """Nobody takes our certificate. Ask for the same key again: a good certificate comes back as it was."""
        kept = self.kept
        held = kept.operational or kept.candidate
        with contextlib.suppress(OSError):
            if held is not None:
                self._controller.flash.update(
                    operational=None, candidate=replace(held, certificate_pem=None, chain_pem="")
                )

    async def _rest(self, pause: float | None, news: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._controller.bell.until(lambda: self._stopping or self._news != news)

    def _wake(self) -> None:
        self._news += 1
        self._controller.bell.ring()

    def _saw(self, happening: Happening) -> None:
        self.happenings[happening.what] = self.happenings.get(happening.what, 0) + 1
        self._watch(happening)
