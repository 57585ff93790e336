"""Which texts are addresses that may be called, and which IP addresses a name may lead to. One test for each trick."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.recipients import BadAddress, Webhook, is_public, webhook

REASONS = {
    "has at most 500 characters",
    "is an https address such as https://example.org/hook, in plain ASCII and without a fragment",
    "holds no name or password",
    "has a host name and, if at all, a port after it",
    "is at the port for https",
    "has a host name of letters, digits, hyphens and dots",
    "has a host name; numbers are not called",
    "has a host name that means something on the open Internet",
}
"""None of which can hold anything of the text."""

GOOD = [
    ("https://example.com/hook", "example.com", 443, "/hook"),
    ("https://EXAMPLE.com", "example.com", 443, "/"),
    ("https://a.b.example.co.uk:443/x?y=1&z=%20", "a.b.example.co.uk", 443, "/x?y=1&z=%20"),
    ("https://example.com?q", "example.com", 443, "?q"),
    ("https://xn--bcher-kva.ch/", "xn--bcher-kva.ch", 443, "/"),
    ("https://1.example.com/", "1.example.com", 443, "/"),
]

TRICKS = [
    "",
    "example.com/hook",
    "http://example.com/hook",
    "HTTPS://example.com/",  # one way to write it, ours
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "https://",
    "https:///hook",
    "https:/example.com",
    "//example.com/",
    # who is called is behind the @
    "https://example.com@127.0.0.1/",
    "https://user:pass@example.com/",
    "https://example.com:443@127.0.0.1/",
    # IPv4, in every way of writing it
    "https://127.0.0.1/",
    "https://127.1/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://017700000001/",
    "https://0177.0.0.01/",
    "https://127.0.0.1./",
    "https://10.0.0.1.nip.0x7f/",
    "https://169.254.169.254/latest/meta-data/",
    "https://8.8.8.8/",  # a public one as well: names only
    # IPv6
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    # names that mean something inside only
    "https://localhost/",
    "https://foo.localhost/",
    "https://printer.local/",
    "https://vault.internal/",
    "https://router.home.arpa/",
    "https://router.lan/",
    "https://kubernetes/",
    "https://example.com./",  # its own name for it, with the root
    # letters that turn into others
    "https://exa\u200bmple.com/",
    "https://\u24d4xample.com/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://example\u3002com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com\r\nHost: evil.com/",
    "https://example.com\t/",
    "https://example.com /",
    " https://example.com/",
    "https://example.com/\n",
    "https://example.com/hook#fragment",
    "https://example.com/\u202e",
    # ports
    "https://example.com:80/",
    "https://example.com:22/",
    "https://example.com:8443/",
    "https://example.com:0443/",
    "https://example.com:/",
    "https://example.com:443:443/",
    "https://example.com:99999/",
    "https://example.com:-1/",
    "https://example.com:\uff14\uff14\uff13/",
    # shapes
    "https://-example.com/",
    "https://example-.com/",
    "https://exa_mple.com/",
    "https://..example.com/",
    "https://example..com/",
    "https://%31%32%37.0.0.1/",
    "https://example.com%00.evil.com/",
    "https://" + "a" * 64 + ".com/",
    "https://" + "a." * 130 + "com/",
    "https://example.com/" + "x" * 500,
]

INSIDE = [
    "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    str(ipaddress.IPv4Address(0)), "::", "::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001:82f::200e", "::ffff:8.8.8.8"]


@pytest.mark.parametrize(("text", "host", "port", "target"), GOOD)
def test_an_https_address_with_a_name_is_one(text: str, host: str, port: int, target: str) -> None:
    assert webhook(text) == Webhook(host, port, target)


@pytest.mark.parametrize("text", TRICKS)
def test_anything_clever_is_none_and_is_not_repeated(text: str) -> None:
    refused = webhook(text)
    assert isinstance(refused, BadAddress)
    assert refused.reason in REASONS


def test_other_ports_only_where_they_are_allowed() -> None:
    assert isinstance(webhook("https://example.com:8443/"), BadAddress)
    allowed = webhook("https://example.com:8443/", ports=frozenset({443, 8443}))
    assert isinstance(allowed, Webhook)
    assert allowed.url == "https://example.com:8443/"


@given(st.text(max_size=60))
def test_what_is_taken_is_written_in_one_way(text: str) -> None:
    for candidate in (text, f"https://{text}/", f"https://{text}.com/{text}"):
        found = webhook(candidate)
        if isinstance(found, Webhook):
            assert webhook(found.url) == found
            assert found.url.isascii()
            assert not any(letter in found.url for letter in "@\\#\r\n\t ")


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_of_networks_inside_and_of_nobody_are_not_called(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_addresses_of_the_internet_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f.1", "1.2.3.4.5", "::1%", "[::1]"])
def test_what_is_no_address_is_not_called(text: str) -> None:
    assert not is_public(text)


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_judged_the_same_inside_an_ipv6_one(number: int) -> None:
    plain = ipaddress.IPv4Address(number)
    mapped = ipaddress.IPv6Address(0xFFFF << 32 | number)
    assert is_public(str(plain)) == is_public(str(mapped))


@given(st.integers(0, 2**32 - 1))
def test_nothing_private_passes(number: int) -> None:
    address = ipaddress.IPv4Address(number)
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert not is_public(str(address))
