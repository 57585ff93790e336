r"""The one way to write a JSON value, so that two sides sign the same bytes.

This is RFC 8785 (JSON Canonicalization Scheme), limited to what a small controller can produce and check. What is
written is exactly what RFC 8785 writes; where that would need a general shortest-double printer or UTF-16 sorting, it
is refused:

- No white space. Object members sorted by name. Names are printable ASCII, so sorting bytes is sorting UTF-16 units.
- `true`, `false`, `null`. Text is UTF-8; escaped are only `\"` `\\` `\b` `\t` `\n` `\f` `\r`, and as `\u00xx` (with
  lower-case hex) the others below U+0020. A slash, U+007F and everything beyond ASCII stand for themselves.
- Integers: plain decimal digits, between -(2^53 - 1) and 2^53 - 1. No sign for zero.
- Fractions: at most 4 digits after the point and an absolute value below 10^9, so no exponent ever appears and 13
  significant digits suffice (every double keeps 15). No trailing zeros, at least one digit before the point: `0.5`.
- **A number without a fraction is an integer**: 22.0 is written `22`, as RFC 8785 does (ECMAScript prints no `22.0`),
  and -0.0 is `0`. So 22 and 22.0 are one value with one form.
- NaN, infinities, lone surrogates and any other number are refused.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

MAX_INTEGER: Final = 2**53 - 1

_NAME: Final = re.compile(r"[ -~]*")
_FRACTION: Final = re.compile(r"-?[0-9]{1,9}\.[0-9]{0,3}[1-9]")


class NotCanonicalError(ValueError):
    """A value that has no canonical form here. The text never holds the value."""


def canonical(value: object) -> bytes:
    """The canonical form of a JSON value (None, bool, int, float, str, list, tuple, mapping with text names), UTF-8.

    Raises:
        NotCanonicalError: it holds a number outside the limits above, a name that is not printable ASCII, a lone
            surrogate, or something that is not JSON.
    """
    try:
        return json.dumps(
            _plain(value), ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
        ).encode()
    except UnicodeEncodeError:
        pass
    except RecursionError:
        pass
    raise NotCanonicalError("a lone surrogate, or nested too deeply")


def _plain(value: object) -> Any:
    """The same value in types whose JSON text is the canonical one."""
    match value:
        case None | bool() | str():
            return value
        case int():
            if not -MAX_INTEGER <= value <= MAX_INTEGER:
                raise NotCanonicalError("an integer beyond 2^53 - 1")
            return int(value)
        case float():
            return _number(value)
        case list() | tuple():
            return [_plain(element) for element in value]
        case Mapping():
            return {_name(name): _plain(element) for name, element in value.items()}
        case _:
            raise NotCanonicalError("not a JSON value")


def _name(name: object) -> str:
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise NotCanonicalError("a name that is not printable ASCII")
    return name


def _number(value: float) -> float | int:
    """An integer when there is no fraction; a fraction whose shortest text is short and plain."""
    if not -MAX_INTEGER <= value <= MAX_INTEGER:  # NaN fails this as well
        raise NotCanonicalError("a number out of range")
    if value.is_integer():
        return int(value)
    # `repr`, which json prints, and ECMAScript agree on the shortest digits. They differ in where exponents start, and
    # inside these limits neither writes one.
    if _FRACTION.fullmatch(repr(value)) is None:
        raise NotCanonicalError("a fraction with too many digits")
    return value
