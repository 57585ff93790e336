"""Before the gateway serves: connect as an appliance and try what must fail.

A broker can accept a SUBSCRIBE or a PUBLISH and then drop it (NATS and Mosquitto both do), or seem to refuse and not.
So what counts is what arrives: an observer on the gateway's side of the broker, and the probe itself, look for markers.
Each thing that must fail has a control beside it, which shows that the same thing is seen when it is allowed.
"""

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from gateway.broker.probe import Heard, Probe, ProbeRefusedError, Will

_CHANNEL: Final = "canary"
"""No intake takes it, so what the canary says reaches no handler even if it gets through."""


class Observer(Protocol):
    """Sees everything under `hg/` and may write there, as a gateway does."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish as a gateway."""

    async def saw(self, payload: bytes, seconds: float) -> bool:
        """True as soon as a message with exactly this payload has been seen, False after so many seconds."""


class ProbeObserver:
    """An observer over MQTT: a probe with a gateway's certificate on a listener where it may read `hg/#`."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._seen: set[bytes] = set()

    async def start(self) -> None:
        """Subscribe.

        Raises:
            ProbeRefusedError: the broker did not grant it.
        """
        if await self._probe.subscribe(["hg/#"]) not in ([0], [1]):
            raise ProbeRefusedError("the observer may not read")

    async def publish(self, topic: str, payload: bytes) -> None:
        """See the protocol."""
        await self._probe.publish(topic, payload)

    async def saw(self, payload: bytes, seconds: float) -> bool:
        """See the protocol."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while payload not in self._seen:
                    self._seen.add((await self._probe.heard.get()).payload)
        return payload in self._seen


@dataclass(frozen=True, slots=True)
class CanaryPlan:
    """Where to try, and as whom.

    Attributes:
        host: name or address of the appliances' listener.
        port: its port.
        name: common name of the canary's certificate (`d-…`), which the broker must let in.
        tls: context with that certificate.
        other_name: a second appliance's name.
        other_tls: context with its certificate.
        anonymous_tls: a context that trusts the server and has no certificate.
        patience: seconds to wait for what must arrive.
        grace: seconds to wait for what must not, where no order of events shows that it did not.
    """

    host: str
    port: int
    name: str = field(repr=False)
    tls: ssl.SSLContext = field(repr=False)
    other_name: str = field(repr=False)
    other_tls: ssl.SSLContext = field(repr=False)
    anonymous_tls: ssl.SSLContext = field(repr=False)
    patience: float = 5.0
    grace: float = 0.2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be. With any of these the gateway does not serve.

    `what` is one of ours: `control.*` (something allowed did not work, so the rest proves nothing) or `hole.*`.
    """

    what: str
    says: str


async def fly(plan: CanaryPlan, observer: Observer) -> tuple[Finding, ...]:
    """Try everything; what was found. Empty is good.

    Nothing is raised for a broker that behaves badly: that is what findings are for.
    """
    canary = _Canary(plan, observer)
    for attempt in (
        canary.own_topics,
        canary.foreign_publish,
        canary.foreign_subscribe,
        canary.foreign_will,
        canary.foreign_client_id,
        canary.without_certificate,
    ):
        try:
            await attempt()
        except ProbeRefusedError as refused:
            canary.found("control.refused", f"{attempt.__name__}: the canary was not let in ({refused})")
        if any(finding.what.startswith("control.") for finding in canary.findings):
            break
    return tuple(canary.findings)


class _Canary:
    def __init__(self, plan: CanaryPlan, observer: Observer) -> None:
        self.plan = plan
        self.observer = observer
        self.findings: list[Finding] = []
        self._mine = f"hg/v1/dev/{plan.name}"
        self._theirs = f"hg/v1/dev/{plan.other_name}"

    def found(self, what: str, says: str) -> None:
        self.findings.append(Finding(what, says))

    async def own_topics(self) -> None:
        """The controls: what an appliance may do works, and both sides see it."""
        async with self._device() as device:
            await device.subscribe([f"{self._mine}/down/#"])
            if not await self._fence_up(device):
                self.found("control.publish", "a message on the canary's own topic did not arrive")
            if (await self._heard_before_fence(device)) is None:
                self.found("control.subscribe", "the canary did not hear its own topic")

    async def foreign_publish(self) -> None:
        """Other names' topics, the downward ones, and the gateways' own."""
        topics = (
            f"{self._theirs}/up/{_CHANNEL}",
            f"{self._theirs}/down/{_CHANNEL}",
            f"{self._mine}/down/{_CHANNEL}",
            f"hg/v1/claim/{self.plan.other_name}/reply",
            f"hg/v1/bus/{_CHANNEL}",
        )
        for topic in topics:
            marker = _marker()
            async with self._device() as device:
                await device.publish(topic, marker, seconds=self.plan.patience)
                await device.publish(topic, marker, retain=True, seconds=self.plan.patience)
            # A broker may end the connection of who tries; the fence goes over a new one.
            async with self._device() as device:
                fenced = await self._fence_up(device)
            if not fenced:
                self.found("control.publish", "the canary could not publish any more")
            elif await self.observer.saw(marker, 0.0):
                self.found("hole.publish", f"a foreign publish arrived: {self._blank(topic)}")

    async def foreign_subscribe(self) -> None:
        """Wildcards, other names, the broker's own topics; alone, and hidden among allowed ones."""
        filters = (
            "#",
            "+/#",
            "hg/#",
            "hg/v1/dev/+/down/#",
            f"{self._theirs}/down/#",
            f"{self._theirs}/up/#",
            f"{self._theirs}/down/{_CHANNEL}",
            "hg/v1/dev/+/+/+",
            "hg/v1/bus/#",
            "hg/v1/bus/+",
            "$SYS/#",
            "$share/canary/hg/#",
        )
        for group in (*((each,) for each in filters), filters):
            async with self._device() as device:
                await device.subscribe([*group, f"{self._mine}/down/#"])
                if device.ended.is_set():
                    continue
                for topic in (f"{self._theirs}/down/{_CHANNEL}", f"{self._theirs}/up/{_CHANNEL}", "hg/v1/bus/canary"):
                    await self.observer.publish(topic, _marker())
                before = await self._heard_before_fence(device)
                if before is None:
                    self.found("control.subscribe", "beside a foreign filter the canary did not hear its own topic")
                elif before:
                    says = f"heard {self._blank(before[0].topic)} after asking for {self._blank(', '.join(group))}"
                    self.found("hole.subscribe", says)

    async def foreign_will(self) -> None:
        """A will on another's topic must not be published; one on the own topic shows that wills are."""
        foreign, own = _marker(), _marker()
        for topic, marker in ((f"{self._theirs}/up/{_CHANNEL}", foreign), (f"{self._mine}/up/{_CHANNEL}", own)):
            with contextlib.suppress(ProbeRefusedError):  # to refuse such a connection is right as well
                async with self._device(will=Will(topic, marker)) as device:
                    device.abort()
                    await device.ended.wait()
        if not await self.observer.saw(own, self.plan.patience):
            self.found("control.will", "a will on the canary's own topic was not published")
        if await self.observer.saw(foreign, self.plan.grace):
            self.found("hole.will", "a will on a foreign topic was published")

    async def foreign_client_id(self) -> None:
        """With another's client id one must not end that one's connection or hear for it."""
        plan = self.plan
        victim = await Probe.connect(plan.host, plan.port, plan.other_tls, plan.other_name, seconds=plan.patience)
        try:
            await victim.subscribe([f"{self._theirs}/down/#"])
            with contextlib.suppress(ProbeRefusedError):
                thief = await Probe.connect(plan.host, plan.port, plan.tls, plan.other_name, seconds=plan.patience)
                await thief.ping()
                thief.abort()
            if not await victim.ping(plan.patience):
                self.found("hole.client_id", "a connection with another's client id ended that one's")
        finally:
            victim.abort()

    async def without_certificate(self) -> None:
        """Neither without a certificate nor without TLS."""
        for tls, what in ((self.plan.anonymous_tls, "without a certificate"), (None, "without TLS")):
            with contextlib.suppress(ProbeRefusedError):
                probe = await Probe.connect(
                    self.plan.host, self.plan.port, tls, self.plan.name, seconds=self.plan.patience
                )
                probe.abort()
                self.found("hole.certificate", f"a connection {what} was let in")

    @contextlib.asynccontextmanager
    async def _device(self, will: Will | None = None) -> AsyncIterator[Probe]:
        plan = self.plan
        probe = await Probe.connect(plan.host, plan.port, plan.tls, plan.name, will=will, seconds=plan.patience)
        try:
            yield probe
        finally:
            await probe.close()

    async def _fence_up(self, device: Probe) -> bool:
        """Publish something allowed and wait until it is seen: what was sent before it has been dealt with."""
        marker = _marker()
        await device.publish(f"{self._mine}/up/{_CHANNEL}", marker, seconds=self.plan.patience)
        return await self.observer.saw(marker, self.plan.patience)

    async def _heard_before_fence(self, device: Probe) -> list[Heard] | None:
        """What the device hears before an allowed message; None when that one does not come."""
        marker, before = _marker(), list[Heard]()
        await self.observer.publish(f"{self._mine}/down/{_CHANNEL}", marker)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.plan.patience):
                while True:
                    heard = await device.heard.get()
                    if heard.payload == marker:
                        return before
                    before.append(heard)
        return None

    def _blank(self, text: str) -> str:
        """A topic for a finding, without names in it."""
        return text.replace(self.plan.other_name, "OTHER").replace(self.plan.name, "OWN")


def _marker() -> bytes:
    return b"canary-" + secrets.token_hex(8).encode()
