"""From commits to metrics: what took place is counted, what was rolled back is not."""

from typing import Final

from gateway.observability.metrics import Metrics
from gateway.usecases.outbox import Committed, Counted


class CommitCounts:
    """Listens to commits."""

    def __init__(self, metrics: Metrics) -> None:
        self._counters: Final = {
            Counted.ATTEMPT: metrics.attempts,
            Counted.PAIRING: metrics.pairings,
            Counted.COMMAND: metrics.commands,
            Counted.SUPPORT_ALARM: metrics.support_alarms,
        }

    def committed(self, committed: Committed) -> None:
        """Count what a commit says."""
        for what, labels in committed.counted:
            self._counters[what].labels(*labels).inc()
