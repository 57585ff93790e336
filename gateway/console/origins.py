"""Where a form came from and which page was left: what browsers say in Origin, Referer and Sec-Fetch-Site."""

from typing import Final
from urllib.parse import SplitResult, urlsplit

from aiohttp import web

_HOME: Final = "/"


def from_our_page(request: web.Request) -> bool:
    """Whether the browser says that a form came from this origin. Both headers are the browser's own words."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site != "same-origin":
        return False
    origin = request.headers.get("Origin")
    return origin is None or _ours(request, origin) is not None


def page_left(request: web.Request) -> str:
    """The page of ours that the browser came from, with its query; the start when it was none that can be opened.

    Where a form's answer was left there may be nothing to GET, and an address that does not exist is refused once more.
    """
    left = _ours(request, request.headers.get("Referer", ""))
    if left is None or not _can_be_opened(request.app, left.path):
        return _HOME
    return f"{left.path}?{left.query}" if left.query else left.path


def _ours(request: web.Request, named: str) -> SplitResult | None:
    """An address on this host, taken apart; None for any other, and for what is no address."""
    if not named.isascii():
        return None
    try:
        parts = urlsplit(named)
    except ValueError:
        return None
    return parts if parts.netloc == request.host else None


def _can_be_opened(app: web.Application, path: str) -> bool:
    for route in app.router.routes():
        if route.method != "GET" or route.resource is None:
            continue
        known = route.resource.get_info()
        pattern = known.get("pattern")
        if path == known.get("path") or (pattern is not None and pattern.fullmatch(path) is not None):
            return True
    return False
