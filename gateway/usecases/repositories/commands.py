"""Commands, from acceptance to their end."""

from datetime import datetime
from typing import Protocol

from gateway.domain.commands import Command
from gateway.domain.identity import AccountId, CommandId, DeviceId


class CommandRepository(Protocol):
    """Rows of commands. What a command asked for (`params`) is forgotten at its end; action, result and times stay."""

    def get(self, command_id: CommandId) -> Command | None:
        """The command of this id."""

    def of_account(self, account_id: AccountId, command_id: CommandId) -> Command | None:
        """The command of this id, only while the account is bound to its device in its epoch."""

    def under_way(self, device_id: DeviceId) -> list[Command]:
        """A device's commands that have not ended, in order."""

    def add(self, command: Command, due_at: datetime | None) -> None:
        """A new command. `due_at` is when the timer must look at it again."""

    def update(self, command: Command, due_at: datetime | None) -> Command:
        """Store one that was read as version `command.version`; returns it with the raised version.

        Raises:
            StaleVersionError: it changed meanwhile.
        """

    def leave_to_owners(self, account_id: AccountId) -> int:
        """An account closes: what it has under way that turns off an appliance of somebody else goes on as the owner's.

        Returns how many commands that were.
        """

    def due(self, now: datetime, at_most: int) -> list[DeviceId]:
        """Devices with a command that the timer must look at now."""

    def next_due(self) -> datetime | None:
        """When the timer must look at the next command."""
