"""What every answer of the console carries: nothing from elsewhere, nothing kept, nobody frames it."""

from types import MappingProxyType
from typing import Final

from aiohttp import web

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; "  # live updates of our own script
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""No inline script and no inline style: what an appliance or a person wrote could not run even if it became markup."""

HEADERS: Final = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        # Not `no-referrer`: then browsers send `Origin: null` with our own forms, and the origin could not be checked.
        "Referrer-Policy": "same-origin",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    },
)
BEGUN: Final = web.RequestKey("begun", web.StreamResponse)
"""The answer whose head is written: a request gets no second one."""

_HSTS: Final = "max-age=31536000"


async def complete(request: web.Request, answer: web.StreamResponse) -> None:
    """Called by aiohttp right before the head of any answer is written."""
    request[BEGUN] = answer
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers["Server"] = "hearthgate"  # aiohttp has named itself by now
    if request.secure:
        answer.headers["Strict-Transport-Security"] = _HSTS
