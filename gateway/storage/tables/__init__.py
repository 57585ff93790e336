"""Every table, one module a feature. Names of constraints and indexes are explicit through one convention."""

from gateway.storage.tables import (
    access,
    audit,
    automations,
    consent,
    delivery,
    erasure,
    households,
    lifecycle,
    operation,
    registry,
    rights,
    staff,
)
from gateway.storage.tables.schema import metadata

__all__ = [
    "access",
    "audit",
    "automations",
    "consent",
    "delivery",
    "erasure",
    "households",
    "lifecycle",
    "metadata",
    "operation",
    "registry",
    "rights",
    "staff",
]
