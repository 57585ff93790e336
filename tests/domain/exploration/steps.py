"""The transitions: everything that anybody may do next, each with the domain's answer stored as a use case would.

A network that keeps every message and delivers any of them at any time covers what a crash can do to one transaction:
delivered twice (the acknowledgement was lost), answered twice, never, late, after a release. Use cases of more than one
step (commit, then evict; decide, then publish, then note it) are as many steps here, and anything fits in between.
"""

from collections.abc import Iterator
from dataclasses import replace

from tests.domain.exploration.operation_steps import OperationSteps
from tests.domain.exploration.ownership_steps import OwnershipSteps
from tests.domain.exploration.pairing_steps import PairingSteps
from tests.domain.exploration.world import Step, World


class Steps(PairingSteps, OwnershipSteps, OperationSteps):
    """All transitions of one exploration."""

    def of(self, world: World) -> Iterator[Step]:
        """Everything that may happen next."""
        for name in self.limits.steps:
            yield from getattr(self, name)(world)
        if world.clock + 1 < len(self.limits.moments):
            yield Step("time passes", replace(world, clock=world.clock + 1))
