from datetime import UTC, datetime

import pytest


@pytest.fixture
def now() -> datetime:
    """The moment at which most tests happen."""
    return datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
