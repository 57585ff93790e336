"""From settings to the limits of the HTTP listeners: an address has the same at the API and at the console."""

from datetime import timedelta

from gateway.api.buckets import Rate
from gateway.api.dependencies import ApiLimits
from gateway.config import Settings


def requests_of_address(settings: Settings) -> Rate:
    """Requests of one address."""
    limits = settings.limits
    return Rate(burst=limits.address_burst_requests, per_second=limits.address_requests_per_second)


def passwords_of_address(settings: Settings) -> Rate:
    """Requests of one address that cost a password's hash."""
    limits = settings.limits
    return Rate(burst=limits.address_burst_passwords, per_second=limits.address_passwords_per_second)


def api_limits(settings: Settings) -> ApiLimits:
    """Everything that the API bounds."""
    limits = settings.limits
    return ApiLimits(
        body_bytes=limits.request_body_bytes,
        body_seconds=limits.request_body_seconds,
        per_account=Rate(burst=limits.account_burst_requests, per_second=limits.account_requests_per_second),
        per_address=requests_of_address(settings),
        password_per_address=passwords_of_address(settings),
        streams_per_account=limits.account_streams,
        drain=timedelta(seconds=limits.drain_seconds),
    )
