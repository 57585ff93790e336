"""Which sources usually tell of a failure: what to look for, and where, before a verdict is believed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.evidence import Source
from gateway.domain.failures import Code

_LETTERS: Final[Mapping[Code, str]] = MappingProxyType(
    {
        Code.PAIR_DEVICE_NOT_FOUND: "A",
        Code.PAIR_LOCAL_LINK_LOST: "A",
        Code.PAIR_PROOF_MISMATCH: "AN",
        Code.PAIR_CONFIG_INCOMPLETE: "ADN",
        Code.PAIR_BUSY: "AG",
        Code.PAIR_FIRMWARE_TOO_OLD: "AN",
        Code.WIFI_SSID_NOT_FOUND: "DLNA",
        Code.WIFI_PASSWORD_REJECTED: "DLN",
        Code.WIFI_PASSWORD_SUSPECT: "DLNA",
        Code.WIFI_SECURITY_UNSUPPORTED: "DLN",
        Code.WIFI_SIGNAL_WEAK: "DLN",
        Code.WIFI_AP_FULL: "DL",
        Code.WIFI_ASSOC_REFUSED: "DLN",
        Code.WIFI_CHANNEL_NOT_ALLOWED: "DLN",
        Code.WIFI_NETWORK_CHANGED: "LA",
        Code.NET_DHCP_TIMEOUT: "DLN",
        Code.NET_DNS_FAILED: "DLNA",
        Code.NET_PORT_BLOCKED: "ANS",
        Code.NET_CAPTIVE_PORTAL: "AD",
        Code.NET_TIME_UNSET: "DLB",
        Code.NET_NO_INTERNET: "AD",
        Code.TLS_SERVER_UNTRUSTED: "BDL",
        Code.TLS_CLOCK: "BDL",
        Code.TLS_CLIENT_CERT_MISSING: "B",
        Code.TLS_CLIENT_CERT_INVALID: "BG",
        Code.TLS_VERSION: "B",
        Code.TLS_RESET: "BA",
        Code.TLS_BROKER_BUSY: "BG",
        Code.TLS_WRONG_REGION: "BG",
        Code.CLAIM_BAD_CREDENTIAL: "BG",
        Code.CLAIM_NOT_AUTHORISED: "BG",
        Code.CLAIM_ID_MISMATCH: "BG",
        Code.CLAIM_TOPIC_DENIED: "B",
        Code.CLAIM_DUPLICATE_ID: "BG",
        Code.CLAIM_THROTTLED: "BG",
        Code.CLAIM_REVOKED: "G",
        Code.ACT_MALFORMED: "CG",
        Code.ACT_UNKNOWN_MACHINE_CODE: "CG",
        Code.ACT_MAC_MISMATCH: "CG",
        Code.ACT_TYPEID_UNKNOWN: "CG",
        Code.ACT_TYPEID_MISMATCH: "CG",
        Code.ACT_ALREADY_ACTIVE: "CG",
        Code.ACT_BLOCKED: "G",
        Code.ACT_REPLAYED: "CG",
        Code.ACT_BAD_SIGNATURE: "CG",
        Code.ACT_RATE_LIMITED: "G",
        Code.ACT_PENDING_APPROVAL: "G",
        Code.ACT_SECRET_NOT_WANTED: "CG",
        Code.CERT_CSR_INVALID: "CG",
        Code.CERT_SUBJECT_MISMATCH: "CG",
        Code.CERT_KEY_REJECTED: "CG",
        Code.CERT_CA_UNAVAILABLE: "G",
        Code.CERT_NOT_DELIVERED: "BCG",
        Code.CERT_STORE_FAILED: "DL",
        Code.CERT_TOKEN_EXPIRED: "CG",
        Code.OPCONN_NEVER: "SG",
        Code.OPCONN_CERT_REJECTED: "B",
        Code.OPCONN_STILL_CLAIM: "B",
        Code.OPCONN_ID_MISMATCH: "B",
        Code.OPCONN_FLAPPING: "BG",
        Code.OPCONN_ACL_DENIED: "BG",
        Code.BIND_TOKEN_EXPIRED: "AG",
        Code.BIND_TOKEN_UNKNOWN: "AG",
        Code.BIND_OWNED: "G",
        Code.BIND_LIMIT: "G",
        Code.BIND_NO_PRESENCE: "AD",
        Code.BIND_APP_OFFLINE: "AG",
        Code.BIND_TIMEOUT_RETRY: "G",
        Code.FIRST_NO_TELEMETRY: "SG",
        Code.FIRST_SCHEMA_MISMATCH: "G",
        Code.FIRST_CLOCK_SKEW: "G",
        Code.FIRST_MAINBOARD_SILENT: "DL",
        Code.FIRST_REJECTED_PAYLOAD: "BG",
        Code.FIRST_REMOTE_OFF: "D",
    }
)
"""The letters of the sources, as in `Source`; the most telling first."""


def sources_of(code: Code) -> tuple[Source, ...]:
    """The sources that usually tell of a failure. Another one may."""
    return tuple(Source(letter) for letter in _LETTERS[code])
