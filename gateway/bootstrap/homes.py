"""From an address that a broker tells to the index under which an app of the same home has opened its pairing."""

from gateway.domain.addresses import home_of
from gateway.usecases.services import BlindIndexes, IndexedField


def home_index(indexes: BlindIndexes, address: str | None) -> bytes | None:
    """The keyed digest of a home; None for what is no address: logs may hold anything."""
    try:
        return None if address is None else indexes.index(IndexedField.ADDRESS, home_of(address))
    except ValueError:
        return None
