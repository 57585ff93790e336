"""Ports for servers of tests: the function that the demo takes its own from."""

from gateway.cli.ports import free_port

__all__ = ["free_port"]
