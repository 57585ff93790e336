"""Network addresses, as far as two connections can be said to come from one home."""

import ipaddress


def home_of(address: str) -> str:
    """An IPv4 address, or the /64 that an IPv6 home has to itself.

    Raises:
        ValueError: this is no address.
    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def counted_as(address: str | None) -> str:
    """Whose limit a connection counts against: its home, or `unknown` for all that have no address."""
    try:
        return home_of(address or "")
    except ValueError:
        return "unknown"
