"""What all tables share: the metadata with its naming convention, and the column types."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Integer, MetaData
from sqlalchemy.types import TypeDecorator

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    },
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def to_milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00:00Z; a naive time is refused by the subtraction."""
    return (moment - _EPOCH) // _MILLISECOND


def from_milliseconds(value: int) -> datetime:
    """The UTC moment of so many milliseconds since 1970."""
    return _EPOCH + value * _MILLISECOND


class Instant(TypeDecorator[datetime]):
    """A UTC moment as integer milliseconds: the same order, size and precision on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """To the database."""
        return None if value is None else to_milliseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - same
        """From the database."""
        return None if value is None else from_milliseconds(value)


AutoId: Final = BigInteger().with_variant(Integer, "sqlite")
"""A generated number. SQLite generates only for INTEGER PRIMARY KEY, whose range is 64 bits as well."""
