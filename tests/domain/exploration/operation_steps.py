"""Transitions of operation: commands down, answers and reports up."""

from collections.abc import Iterator
from dataclasses import replace

from gateway.domain import commands as cmd
from gateway.domain import state
from gateway.domain.identity import CommandId
from gateway.domain.sending import Send
from tests.domain.exploration.stepper import Stepper
from tests.domain.exploration.world import (
    PEOPLE,
    AckUp,
    Broken,
    CommandDown,
    ReportUp,
    Step,
    StoredState,
    World,
    put,
    with_device,
)


class OperationSteps(Stepper):
    """Commands are made, relayed, obeyed and answered; state is reported."""

    def commanding(self, world: World) -> Iterator[Step]:
        """Anybody sends a command to anything."""
        for at, device in enumerate(world.devices):
            for who in PEOPLE:
                allowed = self.rules.binding_of(self.owned(world, at), who, self.now(world)) is not None
                number = len(world.commands)
                if allowed and number < self.limits.commands:
                    made = cmd.accept(
                        command_id=CommandId(f"command-{number}"),
                        device=device,
                        account_id=who,
                        seq=number,
                        action=f"action-{number}",
                        params={},
                        life=cmd.LONGEST_LIFE,
                        now=self.now(world),
                    )
                    broken = () if who in world.lawful[at] else (Broken.NOT_BOUND,)
                    after = replace(world, commands=(*world.commands, made))
                    yield Step(f"{who} commands {at}", after, broken=broken)

    def relaying(self, world: World) -> Iterator[Step]:
        """The relay decides, publishes, notes it; and may die before each."""
        for at, device in enumerate(world.devices):
            mine = [one for one in world.commands if one.device_id == device.device_id]
            decided = world.decided[at]
            if decided is None:
                answer = self.rules.next_to_send(mine, epoch=device.epoch, now=self.now(world))
                if isinstance(answer, Send):
                    old = answer.command.epoch != device.epoch
                    after = replace(world, decided=put(world.decided, at, answer.command.command_id))
                    yield Step(f"relay decides for {at}", after, broken=(Broken.OLD_COMMAND,) if old else ())
                continue
            idle = replace(world, decided=put(world.decided, at, None))
            yield Step(f"relay dies for {at}", idle)
            published = replace(idle, down=world.down | {CommandDown(at, decided)})
            yield Step(f"relay publishes for {at} and dies", published)
            yield Step(f"relay publishes for {at}", self._event(published, decided, cmd.WasSent()))

    def _event(self, world: World, command_id: CommandId, event: cmd.Event) -> World:
        return replace(
            world,
            commands=tuple(
                self.rules.advance(one, event, self.now(world)) if one.command_id == command_id else one
                for one in world.commands
            ),
        )

    def obeying(self, world: World) -> Iterator[Step]:
        """A command reaches its appliance: late, again, out of order."""
        for message in world.down:
            at, command_id = message
            appliance = world.appliances[at]
            command = next(one for one in world.commands if one.command_id == command_id)
            willing = appliance.welcomed and command.epoch == appliance.epoch and command_id not in appliance.seen
            if willing and self.now(world) < command.expires_at:
                done = replace(appliance, seen=appliance.seen | {command_id})
                after = replace(
                    world, appliances=put(world.appliances, at, done), up=world.up | {AckUp(at, command_id)}
                )
                old = command.epoch != world.devices[at].epoch and at not in world.leaving
                stranger = command.account_id not in world.lawful[at] and at not in world.leaving
                broken = [Broken.OLD_COMMAND] if old else []
                broken += [Broken.FORMER_OWNER] if stranger and command.status is cmd.Status.ACCEPTED else []
                yield Step(f"{at} obeys {command_id}", after, broken=tuple(broken))

    def answering(self, world: World) -> Iterator[Step]:
        """An appliance's word on a command arrives, for the first time or again."""
        for message in world.up:
            if isinstance(message, AckUp):
                yield Step(f"{message.device} answers", self._event(world, message.command_id, cmd.WasApplied()))

    def greeting(self, world: World) -> Iterator[Step]:
        """An appliance (re)connects, says hello and is told its epoch."""
        for at, appliance in enumerate(world.appliances):
            device = world.devices[at]
            told = replace(appliance, welcomed=True, epoch=device.epoch)
            if told != appliance and at not in world.leaving:
                known = replace(device, reset_counter=max(device.reset_counter, appliance.counter))
                after = with_device(world, at, known)
                yield Step(f"hello of {at}", replace(after, appliances=put(world.appliances, at, told)))

    def reporting(self, world: World) -> Iterator[Step]:
        """An appliance reports, and reports arrive, in whatever order."""
        for at, appliance in enumerate(world.appliances):
            if appliance.welcomed and appliance.reports < self.limits.reports:
                one_more = replace(appliance, reports=appliance.reports + 1)
                message = ReportUp(at, appliance.epoch, one_more.reports)
                yield Step(
                    f"{at} reports",
                    replace(world, appliances=put(world.appliances, at, one_more), up=world.up | {message}),
                )
        for arrived in world.up:
            if isinstance(arrived, ReportUp):
                yield Step(f"report {arrived.seq} of {arrived.device}", self._stored(world, arrived))

    def _stored(self, world: World, message: ReportUp) -> World:
        at, epoch, seq = message
        device, row = world.devices[at], world.states[at]
        if not self.rules.of_epoch(epoch, device.epoch):
            return world
        known = None
        if row is not None:
            known = state.Known("boot", row.seq, {"origin": row.origin})
            known = known if row.epoch == device.epoch else state.forget(known)
        result = self.rules.apply_report(known, "boot", seq, {"origin": epoch}, False)
        if isinstance(result, state.Ignored):
            return world
        stored = StoredState(device.epoch, result.seq, result.state["origin"])
        return replace(world, states=put(world.states, at, stored))
