"""What appliances and apps call a failure, in our terms: one table, the same for history, logs and reports.

Our own words always work: `wifi.password_rejected`, `password_rejected` with the stage `wifi`, or the three digits
`102`. So do the names that Wi-Fi modules give (ESP-IDF's reasons, with or without `WIFI_REASON_`). Numbers are always
ours: a module's own reason 201 is sent as `no_ap_found`. What is unknown is kept as it came and shown, and decides
nothing; nor does a code that the teller cannot know, such as an app's word on what only the broker sees.
"""

from types import MappingProxyType
from typing import Final

from gateway.domain.evidence import Source
from gateway.domain.failures import CATALOGUE, Code, Stage, stage_of

WEAK_BELOW_DBM: Final = -70
"""A refusal at a signal weaker than this says nothing about the password."""

ALIASES: Final = MappingProxyType(
    {
        "no_ap_found": Code.WIFI_SSID_NOT_FOUND,
        "ssid_not_found": Code.WIFI_SSID_NOT_FOUND,
        "auth_fail": Code.WIFI_PASSWORD_REJECTED,
        "wrong_password": Code.WIFI_PASSWORD_REJECTED,
        "handshake_timeout": Code.WIFI_PASSWORD_REJECTED,
        "4way_handshake_timeout": Code.WIFI_PASSWORD_REJECTED,
        "mic_failure": Code.WIFI_PASSWORD_REJECTED,
        "no_ap_found_w_compatible_security": Code.WIFI_SECURITY_UNSUPPORTED,
        "no_ap_found_in_authmode_threshold": Code.WIFI_SECURITY_UNSUPPORTED,
        "802_1x_auth_failed": Code.WIFI_SECURITY_UNSUPPORTED,
        "akmp_invalid": Code.WIFI_SECURITY_UNSUPPORTED,
        "no_ap_found_in_rssi_threshold": Code.WIFI_SIGNAL_WEAK,
        "beacon_timeout": Code.WIFI_SIGNAL_WEAK,
        "assoc_toomany": Code.WIFI_AP_FULL,
        "assoc_fail": Code.WIFI_ASSOC_REFUSED,
        "auth_expire": Code.WIFI_ASSOC_REFUSED,
        "not_authed": Code.WIFI_ASSOC_REFUSED,
        "disassoc_supchan_bad": Code.WIFI_CHANNEL_NOT_ALLOWED,
        "dhcp_timeout": Code.NET_DHCP_TIMEOUT,
        "dns_failed": Code.NET_DNS_FAILED,
        "dns_timeout": Code.NET_DNS_FAILED,
        "sntp_timeout": Code.NET_TIME_UNSET,
        "tcp_timeout": Code.NET_PORT_BLOCKED,
        "captive_portal": Code.NET_CAPTIVE_PORTAL,
        "x509_cert_verify_failed": Code.TLS_SERVER_UNTRUSTED,
        "nvs_write_failed": Code.CERT_STORE_FAILED,
        "mainboard_timeout": Code.FIRST_MAINBOARD_SILENT,
    }
)
"""By lower-case name, without `wifi_reason_`."""

_BY_DIGITS: Final = MappingProxyType({failure.digits: code for code, failure in CATALOGUE.items()})
_APPLIANCE_KNOWS: Final = (
    frozenset(code for code in Code if stage_of(code) in {Stage.WIFI, Stage.NET})
    | {Code.PAIR_PROOF_MISMATCH, Code.PAIR_CONFIG_INCOMPLETE, Code.PAIR_BUSY, Code.PAIR_FIRMWARE_TOO_OLD}
    | {Code.TLS_SERVER_UNTRUSTED, Code.TLS_CLOCK, Code.CERT_STORE_FAILED, Code.BIND_NO_PRESENCE}
    | {Code.FIRST_MAINBOARD_SILENT, Code.FIRST_REMOTE_OFF}
)
_APP_KNOWS: Final = frozenset(code for code in Code if stage_of(code) in {Stage.PAIR, Stage.WIFI, Stage.NET}) | {
    Code.TLS_RESET,
    Code.BIND_TOKEN_EXPIRED,
    Code.BIND_NO_PRESENCE,
    Code.BIND_APP_OFFLINE,
}
_STEPS: Final = frozenset({Stage.PAIR, Stage.WIFI, Stage.NET})


def code_of(stage: str, own: str) -> Code | None:
    """Our code for what somebody else calls a failure; None when it is none of ours."""
    name = own.lower().replace("-", "_").removeprefix("wifi_reason_")
    if name in _BY_DIGITS:
        return _BY_DIGITS[name]
    for candidate in (name, f"{stage.lower()}.{name}"):
        if candidate in _VALUES:
            return Code(candidate)
    return ALIASES.get(name)


_VALUES: Final = frozenset(code.value for code in Code)


def may_say(source: Source, code: Code) -> bool:
    """True when this teller can know of that failure. What it cannot know is kept, and decides nothing."""
    match source:
        case Source.APPLIANCE | Source.APPLIANCE_LATER | Source.LOCAL_LINK:
            return code in _APPLIANCE_KNOWS
        case Source.APP:
            return code in _APP_KNOWS
        case Source.BROKER | Source.CLAIM | Source.GATEWAY | Source.SILENCE:
            return True


def step_of(stage: str) -> Stage | None:
    """The stage that an app's "it came so far" may vouch for: beyond the home network we see for ourselves."""
    return Stage(stage) if stage in _STEPS else None
