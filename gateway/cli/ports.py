"""Ports for servers that are about to start: free now, and not taken meanwhile by somebody's outgoing connection."""

import itertools
import socket
from random import SystemRandom
from typing import Final

_BELOW_EPHEMERAL: Final = range(20_000, 32_000)
"""Linux gives outgoing connections a port from 32768 on (ip_local_port_range): one of those that is free now may be
somebody's other end before the server has started."""

# Each process begins elsewhere: several may look at once on one machine.
_candidates: Final = itertools.cycle(SystemRandom().sample(_BELOW_EPHEMERAL, len(_BELOW_EPHEMERAL)))


def free_port() -> int:
    """A port of loopback that nobody listens on; another one each time.

    Raises:
        OSError: there is none.
    """
    for port in itertools.islice(_candidates, len(_BELOW_EPHEMERAL)):
        if is_free(port):
            return port
    raise OSError("no port is free")


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback now. One that has just ended is no hindrance."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
