"""The system clock. Everything else takes a clock as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment, timezone-aware, UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that may
