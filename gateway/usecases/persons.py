"""The key of each person. What is sealed under it is erased by destroying it, in every copy and backup at once."""

from dataclasses import dataclass, field
from typing import Protocol

from gateway.domain.identity import AccountId
from gateway.usecases.services import Sealer


class PersonKeyGoneError(ValueError):
    """This person has no key: it was destroyed, or never made. What was sealed under it can be read by nobody."""

    def __init__(self) -> None:
        super().__init__("the key of this person is gone")


class PersonKeys(Protocol):
    """Keys of persons, in a store of their own, wrapped by the master key. Never in the database or its backups."""

    def sealer(self, account_id: AccountId) -> Sealer:
        """What seals and opens for this person. Take one for each transaction; it must not outlive it.

        The store is asked when something is first sealed or opened, and the key is made when something is first
        sealed. From then on `seal` and `open` raise PersonKeyGoneError when the key was destroyed (it is never made
        again), `open` also when there never was one.
        """

    def destroy(self, account_id: AccountId) -> bool:
        """Destroy a key for ever; True when there was one. Durable when this returns. May be repeated."""


@dataclass(frozen=True, slots=True)
class SealedBefore:
    """Seals under a person's key; opens also what was sealed under the common key, before persons had theirs.

    Such a value comes under the person's key when it is next written. Until then it goes with its row.
    """

    own: Sealer = field(repr=False)
    common: Sealer = field(repr=False)

    def seal(self, value: bytes, *, place: str) -> bytes:
        """See `Sealer`."""
        return self.own.seal(value, place=place)

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """See `Sealer`."""
        try:
            return self.own.open(sealed, place=place)
        except ValueError as refused:
            try:
                return self.common.open(sealed, place=place)
            except ValueError:
                raise refused from None
