"""From commits to metrics: what took place is counted, what was rolled back is not."""

from typing import Final

from gateway.observability.metrics import Metrics
from gateway.usecases.outbox import Committed, Counted, Timed


class CommitCounts:
    """Listens to commits."""

    def __init__(self, metrics: Metrics) -> None:
        self._counters: Final = {
            Counted.ATTEMPT: metrics.attempts,
            Counted.PAIRING: metrics.pairings,
            Counted.COMMAND: metrics.commands,
            Counted.FAILURE: metrics.failures,
            Counted.EVIDENCE: metrics.evidence,
            Counted.LOOK_UP: metrics.look_ups,
            Counted.SUPPORT_ALARM: metrics.support_alarms,
            Counted.EXPORT: metrics.exports,
            Counted.REQUEST: metrics.requests,
            Counted.REQUEST_ALARM: metrics.request_alarms,
            Counted.DISCLOSURE: metrics.disclosures,
            Counted.INCIDENT: metrics.incidents,
        }
        self._durations: Final = {Timed.STAGE: metrics.stage_seconds}

    def committed(self, committed: Committed) -> None:
        """Count what a commit says."""
        for what, labels in committed.counted:
            self._counters[what].labels(*labels).inc()
        for duration, seconds, labels in committed.timed:
            self._durations[duration].labels(*labels).observe(seconds)
