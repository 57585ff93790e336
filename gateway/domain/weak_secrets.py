"""Factory secrets that are none: setup codes and unit keys that follow from what is printed beside them.

A code that anyone can compute from the MAC or the machine code proves nothing, and both travel in clear (radio beacons,
photographs of labels). Checked at import, once a unit; about 100 µs.
"""

import hashlib
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

_NOT_ALNUM: Final = re.compile(r"[^0-9a-z]")
_SHORTEST_PART: Final = 6
"""Characters of an identifier whose presence inside a setup code gives the code away: half a MAC."""
_DIGESTS: Final = (hashlib.md5, hashlib.sha1, hashlib.sha256)


def derivable(secret: str | bytes, *, mac: str, machine_code: str) -> bool:
    """True when a secret is obvious, or follows from the MAC or machine code (both in normal form).

    Found: all the same, repeated, counting up or down; equal to, part of, or containing an identifier or its tail, in
    any case, with or without separators, forwards or backwards, as a number; part of the MD5, SHA-1 or SHA-256 of an
    identifier, in hexadecimal or raw.

    Args:
        secret: a setup code as text, or a unit key as bytes.
        mac: such as `a4:c1:38:00:4f:2a`.
        machine_code: such as `SQ24-0007-1183`.
    """
    text = secret.hex() if isinstance(secret, bytes) else _NOT_ALNUM.sub("", secret.lower())
    symbols: bytes = secret if isinstance(secret, bytes) else text.encode()
    if _obvious(symbols):
        return True
    if any(text in form for form in _visible_forms(mac, machine_code)):
        return True
    if isinstance(secret, bytes):
        if any(form in text for form in _whole_forms_in_bytes(mac, machine_code)):
            return True
    elif any(part in text for part in _parts(mac, machine_code)):
        return True
    return any(text in digest for digest in _digests(mac, machine_code))


def _obvious(symbols: bytes) -> bool:
    """All the same, a shorter piece repeated, or counting up or down in equal steps."""
    for period in range(1, len(symbols) // 2 + 1):
        if symbols[period:] == symbols[:-period]:
            return True
    steps = {(after - before) % 256 for before, after in pairwise(symbols)}
    if len(steps) <= 1:
        return True
    # 8901 and 6789ABCD count as well: in digits round the corner, in hexadecimal or the alphabet across it.
    for alphabet in ("0123456789", "0123456789abcdef", "0123456789abcdefghijklmnopqrstuvwxyz"):
        places = [alphabet.find(chr(symbol)) for symbol in symbols]
        if -1 not in places:
            steps = {(after - before) % len(alphabet) for before, after in pairwise(places)}
            if len(steps) <= 1:
                return True
    return False


def _bare(identifier: str) -> str:
    return _NOT_ALNUM.sub("", identifier.lower())


def _octets_reversed(mac_bare: str) -> str:
    return bytes.fromhex(mac_bare)[::-1].hex()


def _visible_forms(mac: str, machine_code: str) -> Iterator[str]:
    """What a person or a short program would make of the identifiers; a secret inside one of these is derivable."""
    mac_bare, code_bare = _bare(mac), _bare(machine_code)
    digits = re.sub(r"\D", "", machine_code)
    plain = (
        mac_bare,
        code_bare,
        digits,
        mac_bare + code_bare,
        code_bare + mac_bare,
        f"{int(mac_bare, 16):015d}",
        f"{int(mac_bare[-6:], 16):08d}",
        _octets_reversed(mac_bare),
    )
    for form in plain:
        yield form
        yield form[::-1]
        yield form.encode().hex()
    for form in (mac, mac_bare, machine_code, machine_code.lower(), code_bare, code_bare.upper(), mac_bare.upper()):
        yield (form * 3).encode().hex()  # a key filled up with the identifier as text
    yield mac_bare * 6  # and one filled up with the raw octets


def _parts(mac: str, machine_code: str) -> Iterator[str]:
    """What gives a setup code away when it is inside it: the tail of the MAC or of the machine code."""
    mac_bare, code_bare = _bare(mac), _bare(machine_code)
    tails = [mac_bare[-_SHORTEST_PART:], mac_bare[-_SHORTEST_PART:][::-1], _octets_reversed(mac_bare)[:_SHORTEST_PART]]
    tails.append(f"{int(mac_bare[-_SHORTEST_PART:], 16):08d}")
    digits = re.sub(r"\D", "", machine_code)
    tails += [form[-_SHORTEST_PART:] for form in (code_bare, digits) if len(form) >= _SHORTEST_PART]
    tails += [form[-_SHORTEST_PART:][::-1] for form in (code_bare, digits) if len(form) >= _SHORTEST_PART]
    yield from tails


def _whole_forms_in_bytes(mac: str, machine_code: str) -> Iterator[str]:
    """What gives a unit key away when it is inside it, in hexadecimal. Only whole identifiers: keys are long."""
    mac_bare, code_bare = _bare(mac), _bare(machine_code)
    yield mac_bare
    yield _octets_reversed(mac_bare)
    for form in (mac_bare, mac_bare.upper(), code_bare, code_bare.upper(), machine_code):
        if len(form) >= _SHORTEST_PART:
            yield form.encode().hex()
            yield form[::-1].encode().hex()


def _digests(mac: str, machine_code: str) -> Iterator[str]:
    mac_bare, code_bare = _bare(mac), _bare(machine_code)
    hyphens = mac.replace(":", "-")
    inputs = {
        *(mac, mac.upper(), mac_bare, mac_bare.upper(), hyphens, hyphens.upper()),
        *(machine_code, machine_code.lower(), code_bare, code_bare.upper()),
        *(mac_bare + code_bare, code_bare + mac_bare, mac + machine_code, machine_code + mac),
        *(mac_bare.upper() + code_bare.upper(), code_bare.upper() + mac_bare.upper()),
    }
    for text in inputs:
        for newline in (text, text + "\n"):  # `echo MAC | md5sum`
            for digest in _DIGESTS:
                yield digest(newline.encode(), usedforsecurity=False).hexdigest()
    for digest in _DIGESTS:
        yield digest(bytes.fromhex(mac_bare), usedforsecurity=False).hexdigest()
