"""Rows of a production list, each number a unit of its own."""

import hashlib
from datetime import UTC, datetime

from gateway.security.keys import KeyRing, MasterKey
from gateway.usecases.production_list import Row

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEATER = "heater.panel.s2"
KEYS = KeyRing(MasterKey(bytes(range(32))))


def key(number: int) -> str:
    return "key:" + hashlib.blake2b(b"key %d" % number, digest_size=32).hexdigest()


def fingerprint(number: int) -> str:
    return "sha256:" + hashlib.blake2b(b"certificate %d" % number, digest_size=32).hexdigest()


def code(number: int) -> str:
    return hashlib.blake2b(b"code %d" % number, digest_size=5).hexdigest().upper()


def row(number: int = 1) -> Row:
    return Row(
        line=number,
        type_id=HEATER,
        machine_code=f"SQ24-{number:04d}-1183",
        mac=f"a4:c1:38:00:{number >> 8:02x}:{number & 255:02x}",
        credential=fingerprint(number),
        setup_code=code(number),
    )
