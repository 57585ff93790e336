"""The route table: every route of the app's API, in the order in which the documents show them."""

from typing import Final

from gateway.api import (
    accounts,
    automations,
    commands,
    consents,
    devices,
    erasures,
    events,
    households,
    location,
    notices,
    pairing_evidence,
    pairings,
    policies,
    sessions,
    support,
    types,
    ward_routes,
)
from gateway.api.routes import Route

ROUTES: Final[tuple[Route, ...]] = (
    *accounts.ROUTES,
    *sessions.ROUTES,
    *policies.ROUTES,
    *consents.ROUTES,
    *ward_routes.ROUTES,
    *notices.ROUTES,
    *pairings.ROUTES,
    *pairing_evidence.ROUTES,
    *devices.ROUTES,
    *commands.ROUTES,
    *types.ROUTES,
    *households.ROUTES,
    *location.ROUTES,
    *automations.ROUTES,
    *support.ROUTES,
    *erasures.ROUTES,
    *events.ROUTES,
)
