"""The demo and everything that is tried out take ports that nobody else is given meanwhile."""

import socket

from gateway.cli.ports import free_port, is_free

FIRST_EPHEMERAL = 32_768
"""From here on Linux gives ports to outgoing connections."""


def test_ports_differ_and_are_none_that_an_outgoing_connection_may_get() -> None:
    ports = [free_port() for _ in range(100)]
    assert len(set(ports)) == len(ports)
    assert max(ports) < FIRST_EPHEMERAL


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    port = free_port()
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        assert not is_free(port)
    assert is_free(port)
