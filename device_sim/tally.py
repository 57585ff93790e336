"""What a fleet counts, and whether that was good enough."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from device_sim.options import Thresholds


@dataclass(frozen=True, slots=True)
class Latency:
    """A distribution in milliseconds."""

    count: int
    p50_ms: float
    p99_ms: float
    worst_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency | None":
        """Nearest-rank percentiles, or None when nothing was measured."""
        if not seconds:
            return None
        ordered = sorted(seconds)

        def rank(percent: int) -> float:
            return round(ordered[max(0, -(-percent * len(ordered) // 100) - 1)] * 1000, 3)

        return cls(len(ordered), rank(50), rank(99), rank(100))


@dataclass(slots=True)
class Tally:
    """Counts of a run, while it runs."""

    appliances: int
    activated: int = 0
    paired: int = 0
    reports_taken: int = 0
    reports_failed: int = 0
    reports_lost: int = 0
    commands_accepted: int = 0
    commands_ended: int = 0
    commands_applied: int = 0
    commands_refused: int = 0
    activation_s: list[float] = field(default_factory=list)
    report_s: list[float] = field(default_factory=list)
    command_s: list[float] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    """Effects by command id."""
    codes: Counter[str] = field(default_factory=Counter)
    """Everything that was refused or failed, by code."""

    @property
    def duplicates(self) -> int:
        """Effects beyond the first of a command."""
        return sum(times - 1 for times in self.effects.values())

    @property
    def lost(self) -> int:
        """What was accepted and did not arrive."""
        return self.reports_lost + self.commands_accepted - self.commands_ended

    def missed(self, thresholds: Thresholds) -> tuple[str, ...]:
        """A sentence for each threshold that was not kept."""
        missed: list[str] = []
        if self.paired < thresholds.paired_share * self.appliances:
            missed.append(f"paired {self.paired} of {self.appliances}")
        if self.lost > thresholds.lost:
            missed.append(f"lost {self.lost}")
        if self.duplicates > thresholds.duplicates:
            missed.append(f"{self.duplicates} commands took effect twice")
        for name, measured, limit in (
            ("report", self.report_s, thresholds.report_p99_ms),
            ("command", self.command_s, thresholds.command_p99_ms),
        ):
            latency = Latency.of(measured)
            if limit is not None and (latency is None or latency.p99_ms > limit):
                shown = "unknown" if latency is None else f"{latency.p99_ms:g} ms"
                missed.append(f"{name} p99 is {shown}, {limit:g} ms wanted")
        return tuple(missed)

    def summary(self) -> dict[str, Any]:
        """All counts as JSON."""
        shown: dict[str, Any] = {
            "appliances": self.appliances,
            "activated": self.activated,
            "paired": self.paired,
            "reports_taken": self.reports_taken,
            "reports_failed": self.reports_failed,
            "reports_lost": self.reports_lost,
            "commands_accepted": self.commands_accepted,
            "commands_ended": self.commands_ended,
            "commands_applied": self.commands_applied,
            "commands_refused": self.commands_refused,
            "duplicates": self.duplicates,
            "codes": dict(sorted(self.codes.items())),
        }
        for name, measured in (
            ("activation", self.activation_s),
            ("report", self.report_s),
            ("command", self.command_s),
        ):
            latency = Latency.of(measured)
            if latency is not None:
                shown[f"{name}_ms"] = {"p50": latency.p50_ms, "p99": latency.p99_ms, "worst": latency.worst_ms}
        return shown


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    exit_code: int
    """0 good, 1 a threshold was missed, 2 the options were refused."""
    missed: tuple[str, ...]
    summary: dict[str, Any]
