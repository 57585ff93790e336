"""Transitions of ownership: release, reset, members, transfer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from gateway.domain import commands as cmd
from gateway.domain.binding import (
    Role,
)
from gateway.domain.identity import AccountId
from gateway.domain.members import Accepted, Left
from gateway.domain.ownership import Refused, Released, Transferred
from tests.domain.exploration.stepper import RIGHT, WRONG, Stepper
from tests.domain.exploration.world import (
    ANNA,
    BERT,
    MALLORY,
    PEOPLE,
    Appliance,
    Broken,
    Step,
    World,
    put,
    with_device,
)


class OwnershipSteps(Stepper):
    """People leave, are let in and take over."""

    def releasing(self, world: World) -> Iterator[Step]:
        """Anybody asks for a release."""
        for at, device in enumerate(world.devices):
            for who in PEOPLE:
                answer = self.rules.release(
                    device=device, ownership=self.owned(world, at), by=who, reauthenticated=True, now=self.now(world)
                )
                yield self._left(world, at, answer, f"{who} releases {at}", entitled=self.owner(world, at) == who)

    def resetting(self, world: World) -> Iterator[Step]:
        """A reset to factory settings, and what people say to a release that a newcomer asked for."""
        for at, appliance in enumerate(world.appliances):
            if appliance.counter < self.limits.resets:
                blank = Appliance(counter=appliance.counter + 1, seen=appliance.seen, reports=appliance.reports)
                yield Step(f"reset of {at}", replace(world, appliances=put(world.appliances, at, blank)))
            for who in PEOPLE:
                yield from self._answers(world, at, who)
            waiting = world.waiting[at]
            due = waiting is not None and self.now(world) >= waiting.asked_at + timedelta(hours=72)
            lapsed = self.rules.lapse(device=world.devices[at], ownership=self.owned(world, at), now=self.now(world))
            yield self._left(world, at, lapsed, f"72 h over for {at}", entitled=due)

    def _answers(self, world: World, at: int, who: AccountId) -> Iterator[Step]:
        device, ownership, now = world.devices[at], self.owned(world, at), self.now(world)
        agreed = self.rules.agree(device=device, ownership=ownership, by=who, now=now)
        yield self._left(world, at, agreed, f"{who} agrees for {at}", entitled=self.owner(world, at) == who)
        disputed = self.rules.dispute(device=device, ownership=ownership, by=who, now=now)
        if isinstance(disputed, Refused):
            yield Step(f"{who} disputes for {at}", world, refused=disputed.why)
        else:
            rows = tuple(disputed.owner if one.role is Role.OWNER else one for one in world.bindings)
            after = replace(world, bindings=rows, waiting=put(world.waiting, at, None))
            yield Step(f"{who} disputes for {at}", after)

    def _left(self, world: World, at: int, answer: Released | Refused, label: str, *, entitled: bool) -> Step:
        if isinstance(answer, Refused):
            return Step(label, world, refused=answer.why)
        after = self.epoch_over(world, at, replace(world, devices=put(world.devices, at, answer.device)))
        after = replace(after, lawful=put(world.lawful, at, frozenset()))
        return Step(label, after, broken=() if entitled else (Broken.NO_PROOF,))

    def evicting(self, world: World) -> Iterator[Step]:
        """The broker ends the session of a device whose epoch is over; now the request returns."""
        for at in world.leaving:
            cut = replace(world.appliances[at], welcomed=False)
            after = replace(world, leaving=world.leaving - {at}, appliances=put(world.appliances, at, cut))
            yield Step(f"eviction of {at}", after)

    def inviting(self, world: World) -> Iterator[Step]:
        """Invitations to the first device: made by anybody, brought by anybody, with and without the code."""
        device, ownership, now = world.devices[0], self.owned(world, 0), self.now(world)
        for who in PEOPLE:
            if world.invitation is None:
                made = self.rules.invite(
                    device=device, ownership=ownership, by=who, role=Role.ADULT, code_digest=RIGHT, stay=None, now=now
                )
                if isinstance(made, Refused):
                    yield Step(f"{who} invites", world, refused=made.why)
                else:
                    broken = () if self.owner(world, 0) == who else (Broken.NO_PROOF,)
                    yield Step(f"{who} invites", replace(world, invitation=made), broken=broken)
            elif who != ANNA:
                yield self._joined(world, who, RIGHT if who == BERT else WRONG)
            gone = self.rules.remove_member(ownership=ownership, who=BERT, by=who, now=now)
            if isinstance(gone, Left):
                rows = tuple(one for one in world.bindings if one != gone.binding)
                allowed = put(world.lawful, 0, world.lawful[0] - {BERT})
                refused = tuple(
                    self.rules.advance(one, cmd.PermissionEnded(), now) if one.account_id == BERT else one
                    for one in world.commands
                )
                after = replace(world, bindings=rows, lawful=allowed, commands=refused)
                yield Step(f"{who} removes Bert", after)
            else:
                yield Step(f"{who} removes Bert", world, refused=gone.why)

    def _joined(self, world: World, who: AccountId, presented: bytes) -> Step:
        answer = self.rules.accept_invitation(
            device=world.devices[0],
            ownership=self.owned(world, 0),
            invitation=world.invitation,
            presented=presented,
            by=who,
            now=self.now(world),
        )
        if isinstance(answer, Refused):
            return Step(f"{who} accepts", world, refused=answer.why)
        return self._member(world, who, presented, answer)

    def _member(self, world: World, who: AccountId, presented: bytes, answer: Accepted) -> Step:
        after = replace(
            world,
            bindings=(*world.bindings, answer.binding),
            invitation=answer.invitation,
            lawful=put(world.lawful, 0, world.lawful[0] | {who}),
            spent=world.spent | {"invitation"},
        )
        broken = [Broken.USED_TWICE] if "invitation" in world.spent else []
        if world.invitation is not None and world.invitation.epoch != world.devices[0].epoch:
            broken.append(Broken.FORMER_OWNER)
        if presented != RIGHT:
            broken.append(Broken.NO_PROOF)
        return Step(f"{who} accepts", after, broken=tuple(broken))

    def transferring(self, world: World) -> Iterator[Step]:
        """One offer of the first device."""
        device, ownership, now = world.devices[0], self.owned(world, 0), self.now(world)
        for who in PEOPLE:
            if world.offer is None:
                made = self.rules.offer_transfer(
                    device=device, ownership=ownership, by=who, code_digest=RIGHT, reauthenticated=True, now=now
                )
                if isinstance(made, Refused):
                    yield Step(f"{who} offers", world, refused=made.why)
                else:
                    broken = () if self.owner(world, 0) == who else (Broken.NO_PROOF,)
                    yield Step(f"{who} offers", replace(world, offer=made), broken=broken)
            else:
                presented = WRONG if who == MALLORY else RIGHT
                answer = self.rules.accept_transfer(
                    device=device, ownership=ownership, offer=world.offer, presented=presented, by=who, held=0, now=now
                )
                yield self._moved(world, who, presented, answer)

    def _moved(self, world: World, who: AccountId, presented: bytes, answer: Transferred | Refused) -> Step:
        if isinstance(answer, Refused):
            return Step(f"{who} takes over", world, refused=answer.why)
        after = self.epoch_over(world, 0, with_device(world, 0, answer.device))
        after = replace(
            after,
            bindings=(*after.bindings, answer.binding),
            offer=answer.offer,
            lawful=put(world.lawful, 0, frozenset({who})),
            spent=world.spent | {"offer"},
        )
        broken = [Broken.USED_TWICE] if "offer" in world.spent else []
        if world.offer is not None and world.offer.epoch != world.devices[0].epoch:
            broken.append(Broken.FORMER_OWNER)
        if presented != RIGHT:
            broken.append(Broken.NO_PROOF)
        return Step(f"{who} takes over", after, broken=tuple(broken))
