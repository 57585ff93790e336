"""Records sealed under the master key at the first start, by which a wrong key is noticed in time."""

from typing import Final

from sqlalchemy import Engine, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.storage.tables.delivery import key_checks
from gateway.storage.trouble import as_told

MASTER_KEY: Final = "master key"

_KEEP: Final = {
    True: postgresql.insert(key_checks).on_conflict_do_nothing(),
    False: sqlite.insert(key_checks).on_conflict_do_nothing(),
}
_KEPT: Final = select(key_checks.c.record).where(key_checks.c.name == bindparam("name"))


def remembered_key_check(engine: Engine, record: bytes, name: str = MASTER_KEY) -> bytes:
    """The record that was kept first; `record` itself at the first start. Two who start at once get the same one.

    Raises:
        DatabaseUnavailableError: it cannot be reached or written.
    """
    try:
        with engine.connect() as connection:
            kept = connection.execute(_KEPT, {"name": name}).scalar()
            if kept is None:
                values = {"name": name, "record": record}
                connection.execute(_KEEP[engine.dialect.name == "postgresql"], values)
                connection.commit()
                kept = connection.execute(_KEPT, {"name": name}).scalar_one()
            remembered: bytes = kept
            return remembered
    except Exception as error:
        told = as_told(error)
        if told is error:
            raise
        raise told from error
