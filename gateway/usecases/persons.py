"""The key of each person. What is sealed under it is erased by destroying it, in every copy and backup at once."""

from typing import Protocol

from gateway.domain.identity import AccountId
from gateway.usecases.services import Sealer


class PersonKeyGoneError(Exception):
    """This person has no key: it was destroyed, or never made. What was sealed under it can be read by nobody."""

    def __init__(self) -> None:
        super().__init__("the key of this person is gone")


class PersonKeys(Protocol):
    """Keys of persons, in a store of their own, wrapped by the master key. Never in the database or its backups."""

    def sealer(self, account_id: AccountId) -> Sealer:
        """What seals and opens for this person; the key is made at the first call.

        Raises:
            PersonKeyGoneError: the key was destroyed. A destroyed key is never made again.
        """

    def destroy(self, account_id: AccountId) -> bool:
        """Destroy a key for ever; True when there was one. Durable when this returns. May be repeated."""
