"""What the parts of an appliance share: its flash, model and clock, and the small things that are made from them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from device_sim.clock import Clock, CorrectedClock
from device_sim.flash import MAX_REMEMBERED, Flash, with_failure
from device_sim.happenings import Bell, Happening, Watcher, What
from device_sim.keys import KeyKind
from device_sim.models import Model
from gateway.protocol.messages import RememberedFailure, StateReport

SEQ_BLOCK: Final = 256
"""Report numbers reserved at once: flash wears out, and a gap in the numbers harms nobody."""

ModelMaker = Callable[[Random, dict[str, Any]], Model]
"""Builds the model from a source of randomness and the settings that were kept."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is printed on the appliance and burnt into it."""

    machine_code: str = field(repr=False)
    mac: str = field(repr=False)
    firmware: str = "1.4.2"
    unit_key: bytes | None = field(repr=False, default=None)
    """Of a unit whose claim certificate is shared by a batch: proves which one it is."""
    key_kind: KeyKind = "p256"


@dataclass(frozen=True, slots=True)
class Timings:
    """How long an appliance waits for what, in seconds."""

    connect_s: float = 15.0
    reply_s: float = 10.0
    """For the answer to an activation or a renewal."""
    welcome_s: float = 10.0
    verdict_s: float = 10.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 60.0
    tick_s: float = 1.0
    """How often the model moves on and is looked at."""
    report_every_s: float | None = None
    """Instead of what the welcome asks for."""
    reports_itself: bool = True
    """False where somebody else decides when to report (`Appliance.report`)."""
    speed: float = 1.0
    """Seconds that pass for the model in one second."""


class Controller:
    """The board of one appliance. Knows nothing of connections."""

    def __init__(
        self,
        flash: Flash,
        unit: Unit,
        make_model: ModelMaker,
        *,
        clock: Clock,
        seed: int,
        timings: Timings,
        watch: Watcher,
        source: str = "",
    ) -> None:
        self.source = source
        """Which address of this machine its connections come from; empty lets the system choose."""
        self.flash = flash
        self.unit = unit
        self.timings = timings
        self.clock = CorrectedClock(clock)
        self.bell = Bell()
        self.asked: set[str] = set()
        """Ids of requests whose verdict on binding is awaited. Forgotten with the power: one asks again then."""
        self.told_epoch = 0
        """Of the last welcome. Newer than the flash's: from then on the former owner is not obeyed."""
        self.last_told: dict[str, Any] | None = None
        """The state as of the last report and the answers since: what the gateway should know."""
        self.owned = False
        """Whether there is anybody to report to. Not kept, and never shown: "paired" is `FlashContent.paired`."""
        self._watch = watch
        self._start()
        # Mixed with the certificate and the number of starts: two appliances or two starts of one never say the same.
        kept = flash.content
        self.rng = Random(f"{seed}:{kept.starts}:{kept.claim.certificate_pem}")  # noqa: S311 - jitter and ids, no secrets
        self.model = make_model(self.rng, kept.settings)
        self._seq = kept.next_seq
        self._reserved = kept.next_seq

    def _start(self) -> None:
        """Count the start, and give up commands in whose midst the power went: they may or may not have had effect."""
        kept = self.flash.content
        seen = tuple(
            replace(one, outcome="failed", code="interrupted") if one.outcome == "begun" else one for one in kept.seen
        )
        self.flash.update(starts=kept.starts + 1, seen=seen)

    def tell(
        self,
        what: What,
        *,
        code: str | None = None,
        trace_id: str | None = None,
        subject: str | None = None,
        retry: str | None = None,
    ) -> None:
        """Something happened: tell who watches and wake who waits."""
        self._watch(Happening(what, self.clock.now(), None if code is None else str(code), trace_id, subject, retry))
        self.bell.ring()

    def request_id(self) -> str:
        """A random UUID, version 4: an appliance without a clock cannot make one of version 7."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def next_seq(self) -> int:
        """The number of the next report. Never the same twice, whatever happens to the power."""
        if self._seq >= self._reserved:
            self._reserved = self._seq + SEQ_BLOCK
            self.flash.update(next_seq=self._reserved)
        number = self._seq
        self._seq += 1
        return number

    def restart_seq(self) -> None:
        """Begin to count anew, after a factory reset with its new boot value."""
        self._seq = self._reserved = self.flash.content.next_seq

    def report(self, state: dict[str, Any], *, full: bool) -> StateReport:
        """A state report that holds these properties."""
        return StateReport(
            seq=self.next_seq(),
            boot=self.flash.content.boot,
            at=self.clock.now(),
            state=state,
            full=full,
            epoch=self.flash.content.epoch,
        )

    def remember(self, stage: str, code: str) -> None:
        """Keep a failure for when there is somebody to tell."""
        self.flash.save(with_failure(self.flash.content, stage, code, self.clock.now()))

    def history(self) -> tuple[RememberedFailure, ...]:
        """The failures that were kept, with their age."""
        now = self.clock.now()
        return tuple(
            RememberedFailure(
                stage=one.stage,
                code=one.code,
                count=one.count,
                ago_ms=max(0, (now - one.at) // timedelta(milliseconds=1)),
            )
            for one in self.flash.content.failures[-MAX_REMEMBERED:]
        )
