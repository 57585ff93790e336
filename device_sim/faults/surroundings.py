"""The way that no gateway sees: phone, local link, radio, router. What goes wrong here, appliance and app have to tell.

`try_to_join` goes through it as a radio module does, step by step, and stops where the surroundings stop it. Codes are
the names that a radio module knows (those of ESP-IDF where it has one) or the catalogue's.
"""

from dataclasses import dataclass
from typing import Final, Literal

WEAKEST_DBM: Final = -80
"""Below this an appliance gives up."""
TRIES: Final = 3
"""So often the radio module tries a password before it tells."""
PROTOCOL: Final = 1
ALLOWED_CHANNELS: Final = range(1, 12)
LONGEST_PASSWORD: Final = 63
"""Of WPA2 (IEEE 802.11-2020, J.4.1)."""

Teller = Literal["app", "appliance"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A home as phone and radio module meet it. Without changes everything works."""

    in_pairing_mode: bool = True
    phone_stays: bool = True
    """The phone stays on the appliance's hotspot although that has no Internet."""
    label_fits: bool = True
    password_length: int = 12
    other_phone: bool = False
    protocol: int = PROTOCOL
    on_24_ghz: bool = True
    renamed_later: bool = False
    """The router was given a new name after the appliance was paired."""
    security: Literal["open", "wpa2", "wpa3", "wep"] = "wpa2"
    channel: int = 6
    rssi: int = -55
    room: bool = True
    admits: bool = True
    """No MAC filter keeps it out."""
    password_right: bool = True
    tries: int = TRIES
    phone_joined: bool = False
    """The phone joined the same network with the same password."""
    leases: bool = True
    portal: bool = False
    internet: bool = True
    names: bool = True
    time: bool = True
    clock_right: bool = True
    """The appliance's clock lies within the life of the broker's certificate."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where it stopped, and who knows."""

    stage: str
    code: str
    teller: Teller
    times: int = 1


def try_to_join(around: Surroundings) -> Stopped | None:
    """Hand over the credentials and join the network; None when the appliance is on the Internet."""
    return _hand_over(around) or _associate(around) or _get_out(around)


def _hand_over(around: Surroundings) -> Stopped | None:  # noqa: PLR0911 - one return a step
    if not around.in_pairing_mode:
        return Stopped("pair", "device_not_found", "app")
    if around.other_phone:
        return Stopped("pair", "busy", "app")
    if around.protocol != PROTOCOL:
        return Stopped("pair", "firmware_too_old", "appliance")
    if not around.label_fits:
        return Stopped("pair", "proof_mismatch", "appliance")
    if not around.phone_stays:
        return Stopped("pair", "local_link_lost", "app")
    if around.password_length > LONGEST_PASSWORD:
        return Stopped("pair", "config_incomplete", "appliance")
    return None


def _associate(around: Surroundings) -> Stopped | None:  # noqa: PLR0911 - one return a step of IEEE 802.11
    if around.renamed_later:
        return Stopped("wifi", "network_changed", "app")
    if not around.on_24_ghz:
        return Stopped("wifi", "no_ap_found", "appliance")
    if around.channel not in ALLOWED_CHANNELS:
        return Stopped("wifi", "channel_not_allowed", "appliance")
    if around.security in {"wpa3", "wep"}:
        return Stopped("wifi", "security_unsupported", "appliance")
    if around.rssi < WEAKEST_DBM:
        return Stopped("wifi", "signal_weak", "appliance")
    if not around.room:
        return Stopped("wifi", "assoc_toomany", "appliance")
    if not around.admits:
        return Stopped("wifi", "assoc_refused", "appliance")
    if not around.password_right:
        return Stopped("wifi", "auth_fail", "appliance", around.tries)
    return None


def _get_out(around: Surroundings) -> Stopped | None:
    if not around.leases:
        return Stopped("net", "dhcp_timeout", "appliance")
    if around.portal:
        return Stopped("net", "captive_portal", "app")
    if not around.internet:
        return Stopped("net", "no_internet", "app")
    if not around.names:
        return Stopped("net", "dns_failed", "appliance")
    if not around.time:
        return Stopped("net", "time_unset", "appliance")
    return None if around.clock_right else Stopped("tls", "clock", "appliance")
