"""`hearthgate attempt list | explain`: how activations went, for people at a terminal."""

from gateway.cli.attempts.commands import group

__all__ = ["group"]
