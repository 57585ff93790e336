"""The route table: every route of the app's API, in the order in which the documents show them."""

from typing import Final

from gateway.api import (
    accounts,
    automations,
    commands,
    devices,
    events,
    households,
    location,
    pairing_evidence,
    pairings,
    sessions,
    support,
    types,
)
from gateway.api.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *accounts.ROUTES,
    *sessions.ROUTES,
    *pairings.ROUTES,
    *pairing_evidence.ROUTES,
    *devices.ROUTES,
    *commands.ROUTES,
    *types.ROUTES,
    *households.ROUTES,
    *location.ROUTES,
    *automations.ROUTES,
    *support.ROUTES,
    *events.ROUTES,
)
