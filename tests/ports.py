"""Ports for servers of tests: free now, and not taken meanwhile by somebody's outgoing connection."""

import itertools
import socket
from random import SystemRandom

_BELOW_EPHEMERAL = range(20_000, 32_000)
"""Linux gives outgoing connections a port from 32768 on (ip_local_port_range): one of those that is free now may be
somebody's other end before our server has started."""

# Each process begins elsewhere: several suites may run on one machine.
_candidates = itertools.cycle(SystemRandom().sample(_BELOW_EPHEMERAL, len(_BELOW_EPHEMERAL)))


def free_port() -> int:
    """A port of loopback that nobody listens on; another one each time.

    Raises:
        OSError: there is none.
    """
    for port in itertools.islice(_candidates, len(_BELOW_EPHEMERAL)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no port is free")
