"""What all transitions share: the rules, the moment, and what the end of an epoch removes."""

from dataclasses import replace
from datetime import datetime

from gateway.domain import commands as cmd
from gateway.domain.binding import (
    Ownership,
    Role,
)
from gateway.domain.identity import AccountId
from tests.domain.exploration.world import (
    START,
    Limits,
    Rules,
    World,
    put,
)

RIGHT, WRONG = b"right" * 7, b"wrong" * 7


class Stepper:
    """What all transitions share."""

    def __init__(self, rules: Rules, limits: Limits) -> None:
        self.rules = rules
        self.limits = limits

    def now(self, world: World) -> datetime:
        """The moment of a world."""
        return START + self.limits.moments[world.clock]

    def owned(self, world: World, at: int) -> Ownership:
        """Whom a device serves, from the stored rows."""
        return self.rules.ownership_of(world.devices[at], world.bindings, world.waiting[at])

    def owner(self, world: World, at: int) -> AccountId | None:
        device = world.devices[at]
        rows = [one for one in world.bindings if one.device_id == device.device_id and one.role is Role.OWNER]
        return rows[0].account_id if rows else None

    def epoch_over(self, world: World, at: int, after: World) -> World:
        """What the release's transaction removes. Invitations and offers stay: the domain has to refuse them."""
        device = world.devices[at]
        over = cmd.EpochEnded()
        return replace(
            after,
            bindings=tuple(one for one in world.bindings if one.device_id != device.device_id),
            waiting=put(world.waiting, at, None),
            commands=tuple(
                self.rules.advance(one, over, self.now(world)) if one.device_id == device.device_id else one
                for one in world.commands
            ),
            leaving=world.leaving | {at},
        )
