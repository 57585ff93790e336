"""Every fault: how it is caused, and what support must read afterwards. And every code that is not caused, with why."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

from device_sim.faults import handshakes, operation, reported, requests
from device_sim.faults.home import Home

Injector = Callable[[Home], Awaitable[None]]


@unique
class Kind(StrEnum):
    """Which unit a fault needs."""

    LISTED = "listed"
    """In the production list, with a claim certificate of its own."""
    BATCH = "batch"
    """Listed, with the claim certificate of its batch and a key of its own."""
    OLD_BATCH = "old_batch"
    """As `BATCH`, of a type whose descriptor no longer accepts batches."""
    UNLISTED = "unlisted"
    """Made, and not in the list."""


SURE: Final = frozenset({"observed"})
BY_APPLIANCE: Final = frozenset({"reported_by_appliance"})
BY_APP: Final = frozenset({"reported_by_app"})
GUESSED: Final = frozenset({"inferred"})
UNKNOWN: Final = frozenset({"unknown", "inferred"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault."""

    name: str
    cause: Injector
    stage: str
    code: str | None
    """None: nobody can know the code, and none may be told."""
    confidences: frozenset[str]
    """How sure the verdict may be."""
    kind: Kind = Kind.LISTED
    silent: bool = False
    """Silence is all that there is: nobody could have said anything."""

    @property
    def expected(self) -> str:
        """The row of the confusion table."""
        return self.code or f"{self.stage}, code unknown"


def _heard(code: str, cause: Injector, confidences: frozenset[str], name: str = "", kind: Kind = Kind.LISTED) -> Fault:
    return Fault(name or code.partition(".")[2], cause, code.partition(".")[0], code, confidences, kind)


def _silence(name: str, cause: Injector, stage: str, code: str | None) -> Fault:
    return Fault(name, cause, stage, code, GUESSED if code else UNKNOWN, silent=True)


_TOLD: Final = tuple(
    _heard(code, cause, BY_APP if teller == "app" else BY_APPLIANCE, name)
    for code, cause, teller, name in reported.CAUSES
)

_HANDSHAKES: Final = (
    _heard("tls.server_untrusted", handshakes.server_not_trusted, GUESSED),
    _heard("tls.client_cert_missing", handshakes.without_certificate, GUESSED),
    _heard("tls.client_cert_invalid", handshakes.certificate_of_another_maker, GUESSED, "foreign_certificate"),
    _heard("tls.client_cert_invalid", handshakes.expired_certificate, GUESSED, "expired_certificate"),
    _heard("tls.version", handshakes.old_tls, GUESSED),
    _heard("tls.reset", handshakes.reset_in_the_middle, GUESSED),
    _silence("crowd", handshakes.without_certificate_in_a_crowd, "pair", None),
)

_REQUESTS: Final = (
    _heard("claim.bad_credential", requests.certificate_of_another_unit, SURE, "swapped_certificate"),
    _heard("claim.bad_credential", requests.without_proof, SURE, "batch_without_proof", Kind.BATCH),
    _heard("claim.not_authorised", requests.batch_no_longer_accepted, SURE, kind=Kind.OLD_BATCH),
    # Seen by the broker, under a name that no customer has; that it is this pairing's appliance is only probable.
    _heard("claim.id_mismatch", requests.wrong_client_id, SURE | GUESSED, "claim_id_mismatch"),
    _heard("claim.topic_denied", requests.wrong_topic, SURE | GUESSED),
    _heard("claim.duplicate_id", requests.cloned, SURE),
    _heard("act.malformed", requests.malformed, SURE),
    _heard("act.unknown_machine_code", requests.unlisted, SURE, kind=Kind.UNLISTED),
    _heard("act.mac_mismatch", requests.other_radio_module, SURE),
    _heard("act.typeid_unknown", requests.unknown_type, SURE),
    _heard("act.typeid_mismatch", requests.other_type, SURE),
    _heard("act.blocked", requests.blocked, SURE),
    _heard("act.replayed", requests.replayed, SURE),
    _heard("act.bad_signature", requests.wrong_unit_key, SURE, kind=Kind.BATCH),
    _heard("act.rate_limited", requests.asks_in_a_loop, SURE),
    _heard("act.secret_not_wanted", requests.sends_wifi_secret, SURE),
    _heard("cert.csr_invalid", requests.bad_request_for_a_certificate, SURE),
    _heard("cert.key_rejected", requests.weak_key, SURE, "weak_key"),
    _heard("cert.key_rejected", requests.key_of_another_unit, SURE, "reused_key"),
)

_OPERATION: Final = (
    _heard("cert.store_failed", operation.tells_of_its_flash, BY_APPLIANCE),
    _silence("falls_silent", operation.falls_silent, "opconn", "opconn.never"),
    _heard("opconn.cert_rejected", operation.superseded_certificate, SURE),
    # The claim connection is seen; that its own never came is silence, and said to be no more than that.
    _heard("opconn.still_claim", operation.stays_with_claim_certificate, SURE | GUESSED),
    _heard("opconn.id_mismatch", operation.wrong_device_client_id, SURE, "device_id_mismatch"),
    _heard("opconn.flapping", operation.flaps, SURE),
    _heard("opconn.acl_denied", operation.blocked_after_activation, SURE),
    _heard("bind.token_expired", operation.token_of_a_cancelled_pairing, SURE),
    _heard("bind.token_unknown", operation.token_of_nobody, SURE),
    _heard("bind.owned", operation.owned_by_somebody, SURE),
    _heard("bind.limit", operation.household_full, SURE),
    _silence("never_bound", operation.never_bound, "bind", "bind.timeout_retry"),
    _silence("never_reports", operation.never_reports, "first", "first.no_telemetry"),
    _heard("first.schema_mismatch", operation.reports_unknown_properties, SURE),
    _heard("first.clock_skew", operation.clock_is_wrong, SURE),
    _heard("first.mainboard_silent", operation.main_board_is_silent, BY_APPLIANCE),
    _heard("first.rejected_payload", operation.report_too_large, SURE),
    _heard("first.remote_off", operation.remote_is_off, BY_APPLIANCE),
)


def _by_name(faults: Iterable[Fault]) -> Mapping[str, Fault]:
    named: dict[str, Fault] = {}
    for fault in faults:
        if named.setdefault(fault.name, fault) is not fault:
            raise ValueError(f"two faults are called {fault.name}")
    return MappingProxyType(named)


FAULTS: Final = _by_name((*_TOLD, *_HANDSHAKES, *_REQUESTS, *_OPERATION))
"""By name, in the order of the stages."""

LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tls.broker_busy": "the broker of a run serves all its homes: overloading it would fail every other fault",
        "tls.wrong_region": "this version runs one region; there is no second one to be sent to",
        "claim.throttled": "the gateway bounds requests (act.rate_limited), not connections of a claim identity",
        "claim.revoked": "this version cannot revoke a batch of claim certificates",
        "act.already_active": "a used unit is activated again and refused only at binding (bind.owned)",
        "act.pending_approval": "this version has no approval by people",
        "cert.subject_mismatch": "the gateway writes its own subject and never reads the one in the request",
        "cert.ca_unavailable": "the authority is a file of the gateway; it fails in the last two years of its twenty",
        "cert.not_delivered": "an answer that found no listener and one that was lost look like silence (opconn.never)",
        "cert.token_expired": "a token that came late is told as bind.token_expired",
        "bind.no_presence": "pairing by button is not offered by this version's API",
    }
)
"""Codes of the catalogue that no fault causes, with the reason. Printed with every result."""
