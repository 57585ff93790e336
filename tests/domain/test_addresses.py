"""Network addresses: one home is one, however its connections are written."""

import pytest

from gateway.domain.addresses import counted_as


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("no address", "unknown"),
    ],
)
def test_a_connection_counts_against_its_home(address: str | None, counted: str) -> None:
    assert counted_as(address) == counted
