"""The shape of what is said about a failure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """What a code says in one language. All but the title are sentences; other codes are named as "code 205"."""

    title: str
    """A few words, without a full stop."""
    cause: str
    """What most likely happened. For support; the words of the trade are allowed."""
    customer: str
    """To be read out to the customer, or shown in the app: no words of the trade, no blame, one thing to do."""
    support: str
    """What support looks at in the console, and what follows from it. Never tells anything about other people."""
