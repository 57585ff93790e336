"""Finds what must never reach us: names of fields that look like a Wi-Fi password or a network's name.

The Wi-Fi password goes from the phone to the appliance over their local link and nowhere else. Firmware that sends it
here is refused before anything else looks at the message. Names decide; values are never looked at.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_WORDS: Final = frozenset({"ssid", "ssids", "bssid", "bssids", "essid", "essids", "psk", "psks", "pmk", "pwd"})
"""Words that give a name away wherever they stand in it: `home_ssid`, `wifiPSK`, `psk-hex`."""

_COMPACT: Final = re.compile(
    r"password|passphrase|passwd|passcode|presharedkey|networkkey|networkname|securitykey"
    # A word such as `class` before `id` also ends in these letters, and says nothing of a network; nor does `rssi_dbm`.
    r"|(?<!cla)(?<!ma)(?<!pa)(?<!gla)(?<!addre)(?<!proce)(?<!acce)(?<!progre)(?<!busine)(?<!pre)(?<!cro)(?<!lo)ssid(?!bm)"
    r"|^psk|psk[0-9]*$|(?:wifi|wlan|wpa[23]?|wep)psk"
    r"|(?:wifi|wlan|wpa[23]?|wep|hotspot|accesspoint|router)(?:key|pass|pwd|pw|secret|name|code|credential)"
)
"""What gives a name away with its separators and case taken out: `wifi-password`, `S.S.I.D`, `WPA_KEY`."""

_SPLIT: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NOT_ALPHANUMERIC: Final = re.compile(r"[^0-9a-z]+")
_SHOWABLE: Final = re.compile(r"[A-Za-z][0-9A-Za-z_-]{0,31}")


def secret_path(data: object) -> str | None:
    """The path of a field that looks like a Wi-Fi secret, such as `wifi.password`, or None.

    Goes through objects and arrays of any depth without recursion. The path holds names only, and no name that could
    itself be a value (see `segment`).
    """
    waiting: list[tuple[object, str, str]] = [(data, "", "")]
    while waiting:
        node, name, path = waiting.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                inner = join(path, segment(str(key)))
                if _looks_secret(name, str(key)):
                    return inner
                waiting.append((value, str(key), inner))
        elif isinstance(node, list | tuple):
            waiting.extend((value, name, join(path, str(at))) for at, value in enumerate(node))
    return None


def segment(name: str) -> str:
    """A field's name as it may be shown: a stranger's name that is no plain identifier may be a value, so it is `?`."""
    return name if _SHOWABLE.fullmatch(name) else "?"


def join(path: str, name: str) -> str:
    """One step further down a path."""
    return f"{path}.{name}" if path else name


def _looks_secret(parent: str, name: str) -> bool:
    # Full-width letters and the like are the same letters to whoever named the field.
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name)
    if any(word.lower() in _WORDS for word in _SPLIT.findall(plain)):
        return True
    compact = _NOT_ALPHANUMERIC.sub("", plain.lower())
    if _COMPACT.search(compact):
        return True
    container = _NOT_ALPHANUMERIC.sub("", parent.lower())
    return container in {"wifi", "wlan", "wpa", "wpa2", "wpa3", "wep"} and bool(_COMPACT.search(container + compact))


looks_secret: Final = lru_cache(maxsize=4096)(_looks_secret)
"""Whether a field's name gives a Wi-Fi secret away, alone or with the name of the object around it (`wifi`, `key`).

Remembers names, so give it short ones only: the memory is bounded in entries, not in characters.
"""
