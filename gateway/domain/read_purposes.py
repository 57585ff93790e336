"""What the gateway reads people's data for.

Not to be mixed up with `domain.consent.Purpose`: that is what a person allows; this is why a column is read. Each
repository reads for one of these, and the data map says of every column that tells something about people for which.
"""

from enum import StrEnum, unique


@unique
class ReadPurpose(StrEnum):
    """Why a column is read."""

    SERVICE = "service"
    """What the person asked for: their appliances, names, commands, rules, notices."""
    OWN_DATA = "own_data"
    """The person sees, copies or corrects what is held about them."""
    CONSENT = "consent"
    """What a person allows, and who decides for a minor."""
    LOCATION = "location"
    """Whereabouts and rules, for what a person allowed about their location."""
    SUPPORT_UNIT = "support_unit"
    """Support looks at an appliance; nothing of it is about people."""
    SUPPORT_CUSTOMER = "support_customer"
    """Which appliance is open to whom of the staff: the customer's code, grants, break-glass."""
    PRIVACY_OFFICE = "privacy_office"
    """Requests and incidents are worked on."""
    SECURITY = "security"
    """Log-ins, guessing, answers kept against a repeated request."""
    STAFF = "staff"
    """Accounts of those who work here, and the audit of what they did."""
    DELIVERY = "delivery"
    """What leaves the process because of a commit, or because a person wanted it to be sent."""
    RETENTION = "retention"
    """Removing what is over, and everything of a person who leaves."""
