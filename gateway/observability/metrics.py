"""Every metric of the gateway, in base units. No label ever names a device, an account or an address."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

LABELS: Final = frozenset(
    {
        "method",
        "route",
        "status",
        "policy",
        "channel",
        "reason",
        "outcome",
        "stage",
        "code",
        "confidence",
        "source",
        "state",
        "pool",
        "class",
        "step",
        "version",
    }
)
"""The labels that exist. Each has few values, all known beforehand; a test keeps it so."""

_FAST: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_SLOW: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 120.0, 180.0)
"""For what people wait for: an attempt has three minutes."""


_FAULTY: Final = ("claim", "hello", "bye", "state", "event", "ack", "bind", "renew", "log", "unknown")
"""Channels on which a fault of ours can drop a message."""

_EVIDENCE_LOST: Final = ("too_many", "database")
"""Why lines of the broker's log are not kept."""

_REQUEST_ALARMS: Final = ("day_20", "day_25", "day_28", "late")
_SUPPORT_ALARMS: Final = ("misses",)


class Metrics:
    """One registry with everything in it. One object a process; tests make their own."""

    def __init__(self, version: str = "") -> None:
        self.registry: Final = CollectorRegistry()
        own = self.registry
        self.build: Final = Gauge(
            "hearthgate_build_info", "Always 1; the version is the label.", ["version"], registry=own
        )
        self.build.labels(version).set(1)

        self.http_requests: Final = Counter(
            "hearthgate_http_requests_total", "Answered HTTP requests.", ["method", "route", "status"], registry=own
        )
        self.http_seconds: Final = Histogram(
            "hearthgate_http_request_duration_seconds",
            "From the first line of a request to its answer; streams are not counted.",
            ["route"],
            buckets=_FAST,
            registry=own,
        )
        self.http_limited: Final = Counter(
            "hearthgate_http_rate_limited_total", "Requests refused by a token bucket.", ["policy"], registry=own
        )
        self.http_replayed: Final = Counter(
            "hearthgate_http_replayed_total", "Requests answered from a kept answer.", registry=own
        )
        self.streams: Final = Gauge("hearthgate_http_streams", "Open event streams.", registry=own)
        self.streams_closed: Final = Counter(
            "hearthgate_http_streams_closed_total", "Event streams that ended, by reason.", ["reason"], registry=own
        )

        self.messages: Final = Counter(
            "hearthgate_messages_received_total", "MQTT messages that were handled.", ["channel"], registry=own
        )
        self.messages_dropped: Final = Counter(
            "hearthgate_messages_dropped_total",
            "MQTT messages that had no effect, by reason.",
            ["channel", "reason"],
            registry=own,
        )
        self.message_seconds: Final = Histogram(
            "hearthgate_message_duration_seconds",
            "From taking an MQTT message (or a batch of reports) in hand to its acknowledgement.",
            ["channel"],
            buckets=_FAST,
            registry=own,
        )
        self.attempts: Final = Counter(
            "hearthgate_activation_attempts_total", "Finished activation attempts.", ["stage", "outcome"], registry=own
        )
        self.failures: Final = Counter(
            "hearthgate_activation_failures_total",
            "Times that an attempt came to fail with a code; an attempt that goes on may fail again.",
            ["code", "confidence"],
            registry=own,
        )
        self.stage_seconds: Final = Histogram(
            "hearthgate_activation_stage_duration_seconds",
            "From the first sign of a stage to that of the next one seen, of attempts that succeeded.",
            ["stage"],
            buckets=_SLOW,
            registry=own,
        )
        self.evidence: Final = Counter(
            "hearthgate_activation_evidence_total",
            "Lines of evidence, by who vouches for them.",
            ["source"],
            registry=own,
        )
        self.look_ups: Final = Counter(
            "hearthgate_support_lookups_total", "Identifiers that staff looked up.", ["outcome"], registry=own
        )
        self.pairings: Final = Counter(
            "hearthgate_pairings_total", "Pairings that ended, by outcome.", ["outcome"], registry=own
        )
        self.commands: Final = Counter(
            "hearthgate_commands_total", "Commands that reached a state.", ["state"], registry=own
        )

        self.commits: Final = Counter("hearthgate_database_commits_total", "Committed transactions.", registry=own)
        self.commit_seconds: Final = Histogram(
            "hearthgate_database_commit_duration_seconds",
            "From handing over a use case to its commit.",
            buckets=_FAST,
            registry=own,
        )
        self.database_failures: Final = Counter(
            "hearthgate_database_failures_total",
            "Transactions that were not committed, by reason.",
            ["reason"],
            registry=own,
        )
        self.outbox_sent: Final = Counter("hearthgate_outbox_sent_total", "Outbox rows that were done.", registry=own)
        self.broker_connected: Final = Gauge("hearthgate_broker_connected", "1 while connected.", registry=own)
        self.broker_decisions: Final = Counter(
            "hearthgate_broker_decisions_total", "Decided MQTT connections.", ["outcome", "reason"], registry=own
        )
        self.logins: Final = Counter("hearthgate_logins_total", "Logins, by outcome.", ["outcome"], registry=own)
        self.audit_failures: Final = Counter(
            "hearthgate_audit_failures_total",
            "Answers that staff were refused because the audit could not be written, and times it could not be signed.",
            registry=own,
        )
        self.erasure_steps: Final = Counter(
            "hearthgate_erasure_steps_total",
            "Steps of erasures, by whether they were done or will be tried again.",
            ["step", "outcome"],
            registry=own,
        )
        self.erasures_oldest: Final = Gauge(
            "hearthgate_erasures_oldest_seconds",
            "Since when the oldest erasure that is not complete has been under way; 0 without any.",
            registry=own,
        )
        self.support_alarms: Final = Counter(
            "hearthgate_support_alarms_total",
            "Somebody of the staff looked for what is not there too often.",
            ["reason"],
            registry=own,
        )
        self.exports: Final = Counter(
            "hearthgate_exports_total", "Copies of people's data that reached a state.", ["state"], registry=own
        )
        self.requests: Final = Counter(
            "hearthgate_requests_total",
            "Requests of people about their data that reached a state.",
            ["state"],
            registry=own,
        )
        self.request_alarms: Final = Counter(
            "hearthgate_request_alarms_total",
            "Alarms of requests without an answer, by the days that they have waited: day_20, day_25, day_28, late.",
            ["state"],
            registry=own,
        )
        self.disclosures: Final = Counter(
            "hearthgate_disclosures_total", "Sendings to addresses that people named.", ["outcome"], registry=own
        )
        self.incidents: Final = Counter(
            "hearthgate_incidents_total", "Incidents with people's data that reached a state.", ["state"], registry=own
        )
        self.retained_oldest: Final = Gauge(
            "hearthgate_retention_oldest_age_seconds", "Age of the oldest row of a class.", ["class"], registry=own
        )
        self._show_what_alerts_wait_for()

    def expect(self, method: str, route: str) -> None:
        """Show a route's answers with 500 before there is one. Its application calls this when it is made."""
        self.http_requests.labels(method, route, "500")

    def _show_what_alerts_wait_for(self) -> None:
        # An alert at the first of something needs its series at 0 before: Prometheus sees no increase in a series that
        # begins at 1.
        for channel in _FAULTY:
            self.messages_dropped.labels(channel, "fault")
        for reason in _EVIDENCE_LOST:
            self.messages_dropped.labels("broker_log", reason)
        for reason in _SUPPORT_ALARMS:
            self.support_alarms.labels(reason)
        for state in _REQUEST_ALARMS:
            self.request_alarms.labels(state)
        self.database_failures.labels("unavailable")

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
