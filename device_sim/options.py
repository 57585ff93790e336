"""What a simulated fleet shall do, and what it must not do: talk to machines that are not ours, unless told to."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from device_sim.flash import Address

MOST_APPLIANCES: Final = 5_000
"""In one process. Beyond this the process is measured, not the gateway."""


class UsageError(Exception):
    """The options make no sense, or would reach further than allowed. The text is for the person who gave them."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is still good. Milliseconds; None means not judged."""

    paired_share: float = 1.0
    lost: int = 0
    """Reports that the broker took and the gateway does not know, and accepted commands that never ended."""
    duplicates: int = 0
    """Commands that took effect more than once."""
    report_p99_ms: float | None = None
    command_p99_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """One run of a fleet."""

    api_url: str
    claim_address: Address
    trust: Path
    """PEM bundle of the authorities that sign the servers' certificates."""
    folder: Path
    """Where the appliances' flash lies; a second run with the same folder goes on with the same appliances."""
    appliances: int = 200
    accounts: int = 10
    rate: float = 5.0
    """State reports a second, of the whole fleet."""
    command_rate: float = 1.0
    """Commands a second, of the whole fleet."""
    seconds: float = 30.0
    seed: int = 0
    at_once: int = 32
    """Activations under way at a time."""
    pair_within_s: float = 180.0
    settle_within_s: float = 20.0
    device_address: Address | None = None
    """In the stead of what the gateway tells the appliances."""
    allow_remote: bool = False
    thresholds: Thresholds = field(default_factory=Thresholds)


def check(options: Options, units: int) -> None:
    """Refuse what makes no sense, what leaves this machine, and a fleet without enough units.

    Raises:
        UsageError: with a sentence that names the option.
    """
    if not 1 <= options.appliances <= MOST_APPLIANCES:
        raise UsageError(f"--appliances must be between 1 and {MOST_APPLIANCES}")
    if units < options.appliances:
        raise UsageError(f"there are {units} units, {options.appliances} appliances were asked for")
    if not 1 <= options.accounts <= options.appliances:
        raise UsageError("--accounts must be between 1 and the number of appliances")
    if options.rate < 0 or options.command_rate < 0 or options.seconds < 0 or options.at_once < 1:
        raise UsageError("rates and durations cannot be negative, and one activation at a time is the least")
    parts = urlsplit(options.api_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError("the API's address must be an http or https URL")
    if options.allow_remote:
        return
    hosts = {parts.hostname, options.claim_address.host}
    if options.device_address is not None:
        hosts.add(options.device_address.host)
    if not all(is_loopback(host) for host in hosts):
        raise UsageError("this would load machines other than this one; --allow-remote if they are yours")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very form. Names are not looked up: an answer can change in between."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
