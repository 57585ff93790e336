"""The route table: every route of the app's API, in the order in which the documents show them."""

from typing import Final

from gateway.api import accounts, commands, devices, events, pairing_evidence, pairings, sessions, support, types
from gateway.api.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *accounts.ROUTES,
    *sessions.ROUTES,
    *pairings.ROUTES,
    *pairing_evidence.ROUTES,
    *devices.ROUTES,
    *commands.ROUTES,
    *types.ROUTES,
    *support.ROUTES,
    *events.ROUTES,
)
