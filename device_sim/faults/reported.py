"""What only the people's side knows: the appliance told the phone over the local link, or the app saw it itself."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from device_sim.faults.home import Home
from device_sim.faults.surroundings import Stopped, Surroundings, Teller, try_to_join
from device_sim.faults.wire import FaultError, activate, go_online

APP_VERSION: Final = "3.2.1"
_FINE: Final = Surroundings()
_WEAK_DBM: Final = -76
_TOO_WEAK_DBM: Final = -86
_PROBE_S: Final = 3.0
_HTTPS: Final = 443

Injector = Callable[[Home], Awaitable[None]]


async def stopped_on_the_way(home: Home, around: Surroundings) -> None:
    """Try in these surroundings, and have the app report where it stopped.

    Raises:
        FaultError: nothing stopped it.
        ProblemError: the report was refused.
    """
    pairing = await home.begin()
    stopped = try_to_join(around)
    if stopped is None:
        raise FaultError("nothing went wrong in these surroundings")
    await home.phone.tell(pairing.pairing_id, _report(around, stopped))


async def port_blocked(home: Home) -> None:
    """Something drops outgoing connections to the broker's port. The app tries from the same network, for real.

    Raises:
        FaultError: the port is open after all.
        ProblemError: the report was refused.
    """
    pairing = await home.begin()
    api = urlsplit(home.world.api_url)
    with socket.socket() as taken:
        taken.bind((home.world.claim.host, 0))  # bound and not listened on: whoever connects is refused
        broker = await _probe(home.world.claim.host, taken.getsockname()[1], home.source)
    if broker == "ok":
        raise FaultError("the port that had to be closed is open")
    https = await _probe(api.hostname or "", api.port or _HTTPS, home.source)
    report = {"app_version": APP_VERSION, "probes": {"tcp_8883": broker, "tcp_443": https}}
    await home.phone.tell(pairing.pairing_id, report)


async def phone_was_away(home: Home) -> None:
    """The phone stayed on the appliance's hotspot and never handed the token over; back home, its app says so.

    Raises:
        ProblemError: the report was refused.
    """
    pairing = await home.begin()
    await go_online(home, await activate(home, bind_token=None))
    await home.phone.tell(pairing.pairing_id, _report(_FINE, Stopped("bind", "app_offline", "app")))


async def _probe(host: str, port: int, source: str) -> str:
    """What an app that tries a port finds, in the words of its report."""
    try:
        async with asyncio.timeout(_PROBE_S):
            _reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0))
    except TimeoutError:
        return "timeout"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "unreachable"
    writer.close()
    return "ok"


def _report(around: Surroundings, stopped: Stopped) -> dict[str, Any]:
    """The app's report, as its route takes it."""
    entry = {
        "source": "appliance" if stopped.teller == "appliance" else "app",
        "stage": stopped.stage,
        "code": stopped.code,
        "count": stopped.times,
    }
    return {
        "app_version": APP_VERSION,
        "entries": [entry],
        "radio": {"rssi": around.rssi, "security": around.security, "band": "2.4" if around.on_24_ghz else "5"},
        "joined_same_network": around.phone_joined or None,
    }


def _in(**changes: Any) -> Injector:
    return partial(stopped_on_the_way, around=replace(_FINE, **changes))


CAUSES: Final[tuple[tuple[str, Injector, Teller, str], ...]] = (
    ("pair.device_not_found", _in(in_pairing_mode=False), "app", ""),
    ("pair.local_link_lost", _in(phone_stays=False), "app", ""),
    ("pair.proof_mismatch", _in(label_fits=False), "appliance", ""),
    ("pair.config_incomplete", _in(password_length=64), "appliance", ""),
    ("pair.busy", _in(other_phone=True), "app", ""),
    ("pair.firmware_too_old", _in(protocol=0), "appliance", ""),
    ("wifi.ssid_not_found", _in(on_24_ghz=False), "appliance", ""),
    ("wifi.password_rejected", _in(password_right=False), "appliance", ""),
    ("wifi.password_suspect", _in(password_right=False, tries=1), "appliance", "refused_once"),
    ("wifi.password_suspect", _in(password_right=False, rssi=_WEAK_DBM), "appliance", "refused_with_weak_signal"),
    ("wifi.password_suspect", _in(password_right=False, phone_joined=True), "appliance", "refused_but_phone_joined"),
    ("wifi.security_unsupported", _in(security="wpa3"), "appliance", ""),
    ("wifi.signal_weak", _in(rssi=_TOO_WEAK_DBM), "appliance", ""),
    ("wifi.ap_full", _in(room=False), "appliance", ""),
    ("wifi.assoc_refused", _in(admits=False), "appliance", ""),
    ("wifi.channel_not_allowed", _in(channel=13), "appliance", ""),
    ("wifi.network_changed", _in(renamed_later=True), "app", ""),
    ("net.dhcp_timeout", _in(leases=False), "appliance", ""),
    ("net.dns_failed", _in(names=False), "appliance", ""),
    ("net.port_blocked", port_blocked, "app", ""),
    ("net.captive_portal", _in(portal=True), "app", ""),
    ("net.time_unset", _in(time=False), "appliance", ""),
    ("net.no_internet", _in(internet=False), "app", ""),
    ("tls.clock", _in(clock_right=False), "appliance", "appliance_clock"),
    ("bind.app_offline", phone_was_away, "app", ""),
)
"""Code, how it is caused, who tells of it, and a name where one code has several causes."""
