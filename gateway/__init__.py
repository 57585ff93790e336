"""Hearthgate: a self-hosted gateway between home appliances, their app and the people who help."""

__version__ = "0.1.0"
