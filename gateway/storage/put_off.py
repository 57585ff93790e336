"""Writes that wait for the end of the transaction, or for the next reading of their table.

One use case may touch a row half a dozen times, and only the last state of it is worth a statement.
"""

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Insert, Update, bindparam

from gateway.storage.statements import Statements


class PutOff:
    """Rows of one table, each guarded by its version."""

    def __init__(self, statements: Statements, insert: Insert, update: Update) -> None:
        """`update` finds its row by the parameters `b_key` and `b_version`."""
        self._statements: Final = statements
        self._insert: Final = insert
        self._update: Final = update
        self._new: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, tuple[int, dict[str, Any]]] = {}
        """By key: the version that was read, and the columns as they are to be."""

    def add(self, key: str, columns: dict[str, Any]) -> None:
        """A new row."""
        self._new[key] = columns

    def change(self, key: str, version: int, columns: dict[str, Any]) -> None:
        """New values of some columns, `version` among them, for a row that was read as `version`."""
        fresh = self._new.get(key)
        if fresh is not None:
            fresh.update(columns)
            return
        first, earlier = self._changed.get(key, (version, {}))
        self._changed[key] = (first, {**earlier, **columns})

    def flush(self) -> None:
        """Write all of it.

        Raises:
            StaleVersionError: a row changed meanwhile.
        """
        if self._new:
            new, self._new = self._new, {}
            self._statements.execute_many(self._insert, list(new.values()))
        if self._changed:
            changed, self._changed = self._changed, {}
            for key, (version, columns) in changed.items():
                statement = _setting(self._update, tuple(columns))
                self._statements.execute_guarded(statement, {"b_key": key, "b_version": version, **columns})


@lru_cache(maxsize=256)
def _setting(statement: Update, names: tuple[str, ...]) -> Update:
    """The update of these columns. Remembered: building a statement costs more than running it."""
    return statement.values({name: bindparam(name) for name in names})
