"""The catalogue of everything that can go wrong on the way from the box to the app.

A code is a string for programs and three digits for people; the first digit is the stage. Neither is ever renumbered
or used again. What a code says to customers and to support staff is text, and lives apart from these rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final


@unique
class Stage(StrEnum):
    """The ten steps of an activation, in the order in which they happen."""

    PAIR = "pair"
    WIFI = "wifi"
    NET = "net"
    TLS = "tls"
    CLAIM = "claim"
    ACT = "act"
    CERT = "cert"
    OPCONN = "opconn"
    BIND = "bind"
    FIRST = "first"

    @property
    def digit(self) -> int:
        """0 to 9: the first digit of every code of this stage."""
        return _DIGITS[self]


_DIGITS: Final[Mapping[Stage, int]] = MappingProxyType({stage: digit for digit, stage in enumerate(Stage)})


@unique
class Retry(StrEnum):
    """What an appliance (or app) may do by itself after a failure."""

    NEVER = "never"
    """Trying again cannot help until a person has done something."""
    NOW = "now"
    """Trying again at once is right."""
    AFTER = "after"
    """Trying again is right after the given seconds."""


@unique
class Code(StrEnum):
    """Every failure code; the value is what travels and what is stored."""

    PAIR_DEVICE_NOT_FOUND = "pair.device_not_found"
    PAIR_LOCAL_LINK_LOST = "pair.local_link_lost"
    PAIR_PROOF_MISMATCH = "pair.proof_mismatch"
    PAIR_CONFIG_INCOMPLETE = "pair.config_incomplete"
    PAIR_BUSY = "pair.busy"
    PAIR_FIRMWARE_TOO_OLD = "pair.firmware_too_old"

    WIFI_SSID_NOT_FOUND = "wifi.ssid_not_found"
    WIFI_PASSWORD_REJECTED = "wifi.password_rejected"  # noqa: S105 - a failure code, not a password
    WIFI_PASSWORD_SUSPECT = "wifi.password_suspect"  # noqa: S105 - a failure code, not a password
    WIFI_SECURITY_UNSUPPORTED = "wifi.security_unsupported"
    WIFI_SIGNAL_WEAK = "wifi.signal_weak"
    WIFI_AP_FULL = "wifi.ap_full"
    WIFI_ASSOC_REFUSED = "wifi.assoc_refused"
    WIFI_CHANNEL_NOT_ALLOWED = "wifi.channel_not_allowed"
    WIFI_NETWORK_CHANGED = "wifi.network_changed"

    NET_DHCP_TIMEOUT = "net.dhcp_timeout"
    NET_DNS_FAILED = "net.dns_failed"
    NET_PORT_BLOCKED = "net.port_blocked"
    NET_CAPTIVE_PORTAL = "net.captive_portal"
    NET_TIME_UNSET = "net.time_unset"
    NET_NO_INTERNET = "net.no_internet"

    TLS_SERVER_UNTRUSTED = "tls.server_untrusted"
    TLS_CLOCK = "tls.clock"
    TLS_CLIENT_CERT_MISSING = "tls.client_cert_missing"
    TLS_CLIENT_CERT_INVALID = "tls.client_cert_invalid"
    TLS_VERSION = "tls.version"
    TLS_RESET = "tls.reset"
    TLS_BROKER_BUSY = "tls.broker_busy"
    TLS_WRONG_REGION = "tls.wrong_region"

    CLAIM_BAD_CREDENTIAL = "claim.bad_credential"
    CLAIM_NOT_AUTHORISED = "claim.not_authorised"
    CLAIM_ID_MISMATCH = "claim.id_mismatch"
    CLAIM_TOPIC_DENIED = "claim.topic_denied"
    CLAIM_DUPLICATE_ID = "claim.duplicate_id"
    CLAIM_THROTTLED = "claim.throttled"
    CLAIM_REVOKED = "claim.revoked"

    ACT_MALFORMED = "act.malformed"
    ACT_UNKNOWN_MACHINE_CODE = "act.unknown_machine_code"
    ACT_MAC_MISMATCH = "act.mac_mismatch"
    ACT_TYPEID_UNKNOWN = "act.typeid_unknown"
    ACT_TYPEID_MISMATCH = "act.typeid_mismatch"
    ACT_ALREADY_ACTIVE = "act.already_active"
    ACT_BLOCKED = "act.blocked"
    ACT_REPLAYED = "act.replayed"
    ACT_BAD_SIGNATURE = "act.bad_signature"
    ACT_RATE_LIMITED = "act.rate_limited"
    ACT_PENDING_APPROVAL = "act.pending_approval"
    ACT_SECRET_NOT_WANTED = "act.secret_not_wanted"  # noqa: S105 - a failure code, not a secret

    CERT_CSR_INVALID = "cert.csr_invalid"
    CERT_SUBJECT_MISMATCH = "cert.subject_mismatch"
    CERT_KEY_REJECTED = "cert.key_rejected"
    CERT_CA_UNAVAILABLE = "cert.ca_unavailable"
    CERT_NOT_DELIVERED = "cert.not_delivered"
    CERT_STORE_FAILED = "cert.store_failed"
    CERT_TOKEN_EXPIRED = "cert.token_expired"  # noqa: S105 - a failure code, not a token

    OPCONN_NEVER = "opconn.never"
    OPCONN_CERT_REJECTED = "opconn.cert_rejected"
    OPCONN_STILL_CLAIM = "opconn.still_claim"
    OPCONN_ID_MISMATCH = "opconn.id_mismatch"
    OPCONN_FLAPPING = "opconn.flapping"
    OPCONN_ACL_DENIED = "opconn.acl_denied"

    BIND_TOKEN_EXPIRED = "bind.token_expired"  # noqa: S105 - a failure code, not a token
    BIND_TOKEN_UNKNOWN = "bind.token_unknown"  # noqa: S105 - a failure code, not a token
    BIND_OWNED = "bind.owned"
    BIND_LIMIT = "bind.limit"
    BIND_NO_PRESENCE = "bind.no_presence"
    BIND_APP_OFFLINE = "bind.app_offline"
    BIND_TIMEOUT_RETRY = "bind.timeout_retry"

    FIRST_NO_TELEMETRY = "first.no_telemetry"
    FIRST_SCHEMA_MISMATCH = "first.schema_mismatch"
    FIRST_CLOCK_SKEW = "first.clock_skew"
    FIRST_MAINBOARD_SILENT = "first.mainboard_silent"
    FIRST_REJECTED_PAYLOAD = "first.rejected_payload"
    FIRST_REMOTE_OFF = "first.remote_off"


@dataclass(frozen=True, slots=True)
class Failure:
    """What is known of a code without its circumstances."""

    code: Code
    number: int
    """Three digits for people, printed with leading zeros: see `digits`."""
    retry: Retry
    retry_after_s: int | None
    """Seconds to wait by default; given exactly when `retry` is `after`."""

    @property
    def stage(self) -> Stage:
        """The stage that failed."""
        return _STAGES[self.number // 100]

    @property
    def digits(self) -> str:
        """The number as it is shown: always three digits."""
        return f"{self.number:03d}"


_STAGES: Final = tuple(Stage)

_NEVER: Final = (Retry.NEVER, None)
_NOW: Final = (Retry.NOW, None)
_SOON: Final = (Retry.AFTER, 10)
"""Passing trouble of a network or of a busy service."""
_MINUTE: Final = (Retry.AFTER, 60)
_MINUTES: Final = (Retry.AFTER, 300)
"""Somebody here has to do something first: a late production list, a new type descriptor."""
_TEN_MINUTES: Final = (Retry.AFTER, 600)

_TABLE: Final[tuple[tuple[int, Code, tuple[Retry, int | None]], ...]] = (
    (1, Code.PAIR_DEVICE_NOT_FOUND, _NOW),
    (2, Code.PAIR_LOCAL_LINK_LOST, _NOW),
    (3, Code.PAIR_PROOF_MISMATCH, _NOW),
    (4, Code.PAIR_CONFIG_INCOMPLETE, _NOW),
    (5, Code.PAIR_BUSY, (Retry.AFTER, 180)),
    (6, Code.PAIR_FIRMWARE_TOO_OLD, _NEVER),
    (101, Code.WIFI_SSID_NOT_FOUND, _NOW),
    (102, Code.WIFI_PASSWORD_REJECTED, _NEVER),
    (103, Code.WIFI_PASSWORD_SUSPECT, _NOW),
    (104, Code.WIFI_SECURITY_UNSUPPORTED, _NEVER),
    (105, Code.WIFI_SIGNAL_WEAK, _SOON),
    (106, Code.WIFI_AP_FULL, _MINUTE),
    (107, Code.WIFI_ASSOC_REFUSED, _NEVER),
    (108, Code.WIFI_CHANNEL_NOT_ALLOWED, _NEVER),
    (109, Code.WIFI_NETWORK_CHANGED, _NEVER),
    (201, Code.NET_DHCP_TIMEOUT, _SOON),
    (202, Code.NET_DNS_FAILED, _SOON),
    (203, Code.NET_PORT_BLOCKED, _MINUTE),
    (204, Code.NET_CAPTIVE_PORTAL, _NEVER),
    (205, Code.NET_TIME_UNSET, _SOON),
    (206, Code.NET_NO_INTERNET, _MINUTE),
    (301, Code.TLS_SERVER_UNTRUSTED, _MINUTES),
    (302, Code.TLS_CLOCK, _SOON),
    (303, Code.TLS_CLIENT_CERT_MISSING, _NEVER),
    (304, Code.TLS_CLIENT_CERT_INVALID, _NEVER),
    (305, Code.TLS_VERSION, _NEVER),
    (306, Code.TLS_RESET, _SOON),
    (307, Code.TLS_BROKER_BUSY, _SOON),
    (308, Code.TLS_WRONG_REGION, _NEVER),
    (401, Code.CLAIM_BAD_CREDENTIAL, _NEVER),
    (402, Code.CLAIM_NOT_AUTHORISED, _NEVER),
    (403, Code.CLAIM_ID_MISMATCH, _NEVER),
    (404, Code.CLAIM_TOPIC_DENIED, _NEVER),
    (405, Code.CLAIM_DUPLICATE_ID, _NEVER),
    (406, Code.CLAIM_THROTTLED, _TEN_MINUTES),
    (407, Code.CLAIM_REVOKED, _NEVER),
    (501, Code.ACT_MALFORMED, _NEVER),
    (502, Code.ACT_UNKNOWN_MACHINE_CODE, _MINUTES),
    (503, Code.ACT_MAC_MISMATCH, _NEVER),
    (504, Code.ACT_TYPEID_UNKNOWN, _MINUTES),
    (505, Code.ACT_TYPEID_MISMATCH, _NEVER),
    (506, Code.ACT_ALREADY_ACTIVE, _NEVER),
    (507, Code.ACT_BLOCKED, _NEVER),
    (508, Code.ACT_REPLAYED, _NEVER),
    (509, Code.ACT_BAD_SIGNATURE, _NEVER),
    (510, Code.ACT_RATE_LIMITED, _MINUTE),
    (511, Code.ACT_PENDING_APPROVAL, _MINUTE),
    (512, Code.ACT_SECRET_NOT_WANTED, _NEVER),
    (601, Code.CERT_CSR_INVALID, _NEVER),
    (602, Code.CERT_SUBJECT_MISMATCH, _NEVER),
    (603, Code.CERT_KEY_REJECTED, _NEVER),
    (604, Code.CERT_CA_UNAVAILABLE, _MINUTE),
    (605, Code.CERT_NOT_DELIVERED, _NOW),
    (606, Code.CERT_STORE_FAILED, _NOW),
    (607, Code.CERT_TOKEN_EXPIRED, _NEVER),
    (701, Code.OPCONN_NEVER, _NOW),
    (702, Code.OPCONN_CERT_REJECTED, _MINUTE),
    (703, Code.OPCONN_STILL_CLAIM, _NOW),
    (704, Code.OPCONN_ID_MISMATCH, _NEVER),
    (705, Code.OPCONN_FLAPPING, _MINUTE),
    (706, Code.OPCONN_ACL_DENIED, _MINUTE),
    (801, Code.BIND_TOKEN_EXPIRED, _NEVER),
    (802, Code.BIND_TOKEN_UNKNOWN, _NEVER),
    (803, Code.BIND_OWNED, _NEVER),
    (804, Code.BIND_LIMIT, _NEVER),
    (805, Code.BIND_NO_PRESENCE, _NOW),
    (806, Code.BIND_APP_OFFLINE, _SOON),
    (807, Code.BIND_TIMEOUT_RETRY, _NOW),
    (901, Code.FIRST_NO_TELEMETRY, _MINUTE),
    (902, Code.FIRST_SCHEMA_MISMATCH, _NEVER),
    (903, Code.FIRST_CLOCK_SKEW, _NOW),
    (904, Code.FIRST_MAINBOARD_SILENT, _NEVER),
    (905, Code.FIRST_REJECTED_PAYLOAD, _NEVER),
    (906, Code.FIRST_REMOTE_OFF, _NEVER),
)

CATALOGUE: Final[Mapping[Code, Failure]] = MappingProxyType(
    {code: Failure(code, number, retry, after) for number, code, (retry, after) in _TABLE}
)
"""Every code, in the order of the numbers."""


def number_of(code: Code) -> int:
    """The three digits of a code, as a number."""
    return CATALOGUE[code].number


def stage_of(code: Code) -> Stage:
    """The stage that a code belongs to."""
    return CATALOGUE[code].stage
