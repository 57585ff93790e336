"""Every table, one module a feature. Names of constraints and indexes are explicit through one convention."""

from gateway.storage.tables import access, audit, delivery, lifecycle, operation, registry, staff
from gateway.storage.tables.schema import metadata

__all__ = ["access", "audit", "delivery", "lifecycle", "metadata", "operation", "registry", "staff"]
