"""Kinds of data that a person deletes by themselves, at any time, without asking anybody and without leaving."""

from enum import StrEnum, unique


@unique
class DataClass(StrEnum):
    """What can be deleted alone.

    What is missing here either keeps the service working until the account closes (password, bindings, consents), or is
    not the person's to remove (who of the staff looked at what).
    """

    COMMANDS = "commands"
    """What they told their appliances and what became of it. Commands under way are left to end."""
    SESSIONS = "sessions"
    """Log-ins that are over."""
    NICKNAMES = "nicknames"
    """What they call their appliances."""
    SETUPS = "setups"
    """How adding appliances went: pairings that are over, with their attempts and evidence."""
    AUTOMATIONS = "automations"
    """Their rules, with what explains them."""
    EXPORTS = "exports"
    """Copies of their data, and that they asked for them."""
    REQUESTS = "requests"
    """Requests that are over, with their answers."""
    DISCLOSURES = "disclosures"
    """The list of what was sent to their addresses and has arrived or was given up."""
    NOTICES = "notices"
