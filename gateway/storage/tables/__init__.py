"""Every table, one module a feature. Names of constraints and indexes are explicit through one convention."""

from gateway.storage.tables import access, delivery, lifecycle, operation, registry
from gateway.storage.tables.schema import metadata

__all__ = ["access", "delivery", "lifecycle", "metadata", "operation", "registry"]
