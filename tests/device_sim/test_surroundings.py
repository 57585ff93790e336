"""The way that no gateway sees: what a radio module says is what the gateway takes it to mean."""

from functools import partial

import pytest

from device_sim.faults.home import address_of
from device_sim.faults.reported import CAUSES
from device_sim.faults.surroundings import Surroundings, try_to_join
from gateway.domain.own_codes import code_of

TOLD = [(code, cause.keywords["around"], teller) for code, cause, teller, _ in CAUSES if isinstance(cause, partial)]


def test_where_nothing_is_wrong_nothing_stops_it() -> None:
    assert try_to_join(Surroundings()) is None


@pytest.mark.parametrize(("code", "around", "teller"), TOLD)
def test_what_is_told_means_the_code_that_is_expected(code: str, around: Surroundings, teller: str) -> None:
    stopped = try_to_join(around)
    assert stopped is not None
    assert stopped.teller == teller
    meant = code_of(stopped.stage, stopped.code)
    assert meant is not None
    # A refused password is told as such; that it is only suspect is the verdict's finding.
    assert meant.value == code or (meant, code) == ("wifi.password_rejected", "wifi.password_suspect")


def test_every_home_has_an_address_of_its_own_on_loopback() -> None:
    addresses = [address_of(number) for number in range(70_000)]
    assert len(set(addresses)) == len(addresses)
    assert addresses[0] == "127.1.0.1"
    assert address_of((1 << 24) - (1 << 16) - 3).startswith("127.255.255.")
    assert all(address.startswith("127.") for address in addresses)
