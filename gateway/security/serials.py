"""Serial numbers of certificates."""

import secrets


def new_serial() -> int:
    """A random serial number of 128 bits: positive, 127 of them random (RFC 5280 allows up to 159)."""
    return 1 << 127 | secrets.randbits(127)
