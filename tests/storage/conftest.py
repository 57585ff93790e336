"""Every repository is tested on every database."""

from tests.databases import database, database_kind, database_url

__all__ = ["database", "database_kind", "database_url"]
