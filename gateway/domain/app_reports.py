"""What the companion app can tell of an activation that it watched, and the evidence that it makes.

Everything in it is somebody's word: kept as reported by the app, or as told by the appliance over the local link, and
never as observed. It holds no name of a network, no address and no free text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from gateway.domain.evidence import APP_JOINED, WEAK_SIGNAL, Evidence, Source
from gateway.domain.failures import Code, Stage, stage_of
from gateway.domain.own_codes import WEAK_BELOW_DBM, code_of, may_say, step_of

ENTRIES_AT_MOST: Final = 32
NETWORKS_AT_MOST: Final = 32
REPORTS_AT_MOST: Final = 8
"""Reports about one pairing."""
_LONGEST_AGO: Final = timedelta(days=30)
"""What is said to be older is kept as if it were so old: evidence is not kept longer."""
_FAILURE_SAYS: Final = MappingProxyType(
    {
        Source.APP: "app_reports_failure",
        Source.LOCAL_LINK: "appliance_told_app_failure",
        Source.APPLIANCE_LATER: "appliance_remembers_failure",
    }
)
_STAGES: Final = frozenset(stage.value for stage in Stage)


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened: a step that was reached, or with a code a failure."""

    source: Source
    """`APP` for the app's own word, `LOCAL_LINK` for what the appliance told it."""
    stage: str
    own_code: str | None
    times: int
    ago_ms: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A network that the phone or the appliance hears. It has no name here."""

    rssi: int | None
    band: str | None
    security: str | None
    chosen: bool = False
    """The one that the appliance is to join."""

    def words(self) -> str:
        """In figures."""
        parts = [
            None if self.rssi is None else f"rssi {self.rssi} dBm",
            None if self.band is None else f"{self.band} GHz",
            self.security,
            "chosen" if self.chosen else None,
        ]
        return ", ".join(part for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class Report:
    """One report."""

    app_version: str | None = None
    told: tuple[Told, ...] = ()
    scan: tuple[Heard, ...] = ()
    radio: Heard | None = None
    """How the appliance hears its access point."""
    joined_same_network: bool | None = None
    """Whether the phone is on the network that the appliance was told to join, with the same password."""
    permissions: Mapping[str, bool] = field(default_factory=dict)
    timings_ms: Mapping[str, int] = field(default_factory=dict)
    probes: Mapping[str, str] = field(default_factory=dict)
    """What the phone could reach from the same Wi-Fi: `tcp_8883`, `tcp_443`, `http`, `dns`."""


def evidence_of(report: Report, now: datetime) -> list[Evidence]:
    """The lines that a report makes; the first says that there was one."""
    lines = [Evidence(Source.APP, now, "app_report", detail=_words(report))]
    if report.scan:
        lines.append(Evidence(Source.APP, now, "app_scan", detail="; ".join(one.words() for one in report.scan)[:1024]))
    if report.radio is not None:
        lines.append(radio_line(report.radio, Source.LOCAL_LINK, now))
    if report.joined_same_network is not None:
        says = APP_JOINED if report.joined_same_network else "app_could_not_join"
        lines.append(Evidence(Source.APP, now, says))
    if report.probes:
        code = _code_of_probes(report.probes)
        detail = ", ".join(f"{name} {result}" for name, result in report.probes.items())
        stage = None if code is None else stage_of(code)
        lines.append(Evidence(Source.APP, now, "app_probes", None, stage, code, detail=detail))
    lines.extend(_line(told, now) for told in report.told)
    return lines


def radio_line(radio: Heard, source: Source, now: datetime) -> Evidence:
    """How the appliance hears its access point; weak enough, it speaks against a wrong password."""
    weak = radio.rssi is not None and radio.rssi < WEAK_BELOW_DBM
    return Evidence(source, now, WEAK_SIGNAL if weak else "signal", detail=radio.words() or None)


def failure_line(source: Source, stage: str, own_code: str, times: int, at: datetime) -> Evidence:
    """A failure by the word of an appliance or an app, in our terms where they are ours and theirs to say.

    Args:
        source: the app, the appliance by way of the app, or the appliance's memory.
        stage: where it failed, in their word: kept as a detail, and only if it is one of our ten.
        own_code: what they call it.
        times: how many equal results they count.
        at: when it happened.
    """
    code = code_of(stage, own_code)
    if code is not None and not may_say(source, code):
        code = None
    word = stage.lower()
    return Evidence(
        source,
        at,
        _FAILURE_SAYS[source],
        own_code,
        None if code is None else stage_of(code),
        code,
        times=times,
        detail=word if word in _STAGES else None,
    )


def moment(now: datetime, ago_ms: int) -> datetime:
    """When something happened that is said to be so old."""
    return now - min(timedelta(milliseconds=min(ago_ms, 2**40)), _LONGEST_AGO)


def _line(told: Told, now: datetime) -> Evidence:
    at = moment(now, told.ago_ms)
    if told.own_code is not None:
        return failure_line(told.source, told.stage, told.own_code, told.times, at)
    says = "app_reports_step" if told.source is Source.APP else "appliance_told_app_step"
    return Evidence(told.source, at, says, stage=step_of(told.stage))


def _words(report: Report) -> str | None:
    parts = [f"{name} {'allowed' if allowed else 'not allowed'}" for name, allowed in report.permissions.items()]
    parts += [f"{name} {took} ms" for name, took in report.timings_ms.items()]
    return ", ".join(parts)[:1024] or None


def _code_of_probes(probes: Mapping[str, str]) -> Code | None:
    """What the phone's own tries say of the network, from the surest to the vaguest."""
    reached = {name for name, result in probes.items() if result == "ok"}
    if probes.get("http") == "portal":
        return Code.NET_CAPTIVE_PORTAL
    if not reached and len(probes) > 1:
        return Code.NET_NO_INTERNET
    if "dns" in probes and "dns" not in reached:
        return Code.NET_DNS_FAILED
    if "tcp_8883" in probes and "tcp_8883" not in reached and reached & {"tcp_443", "http"}:
        return Code.NET_PORT_BLOCKED
    return None
