"""Transitions of pairing: consent, and the four proofs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from gateway.domain.binding import (
    AlreadyYours,
    Binding,
    BindOutcome,
    BindRefused,
    NowYours,
    ReleaseAsked,
)
from gateway.domain.identity import PairingId
from gateway.domain.label import Labelled
from gateway.domain.pairing import Pairing, PairingState
from tests.domain.exploration.stepper import RIGHT, WRONG, Stepper
from tests.domain.exploration.world import (
    MALLORY,
    PEOPLE,
    BindUp,
    Broken,
    Step,
    World,
    put,
    with_device,
)


class PairingSteps(Stepper):
    """Pairings are opened and cancelled; tokens, label codes and button presses arrive."""

    def opening(self, world: World) -> Iterator[Step]:
        """Somebody opens a pairing."""
        done = [one.account_id for one in world.pairings]
        for who in PEOPLE:
            if done.count(who) < self.limits.openings.count(who):
                number = len(world.pairings)
                opened = self.rules.open_pairing(
                    pairing_id=PairingId(f"p-{number}"),
                    account_id=who,
                    token_digest=bytes([number]) * 32,
                    trace_id="k7q-4m2",
                    already_open=world.pairings,
                    now=self.now(world),
                )
                yield Step(f"{who} opens {number}", replace(world, pairings=(*world.pairings, opened.pairing)))

    def cancelling(self, world: World) -> Iterator[Step]:
        """Somebody cancels their pairing."""
        for number, one in enumerate(world.pairings):
            after = put(world.pairings, number, self.rules.cancel_pairing(one))
            yield Step(f"{one.account_id} cancels {number}", replace(world, pairings=after))

    def handing(self, world: World) -> Iterator[Step]:
        """A phone hands a token to an appliance, any token to any appliance, and the appliance sends it."""
        for number in range(len(world.pairings)):
            for at in range(len(world.devices)):
                yield Step(f"token {number} to {at}", replace(world, up=world.up | {BindUp(at, number)}))

    def binding(self, world: World) -> Iterator[Step]:
        """An `up/bind` arrives, for the first time or again."""
        for message in world.up:
            if isinstance(message, BindUp):
                at, number = message
                device = replace(world.devices[at], reset_counter=world.appliances[at].counter)
                outcome = self.rules.present_token(
                    device=device,
                    ownership=self.owned(world, at),
                    pairing=world.pairings[number],
                    held=sum(1 for one in world.bindings if one.account_id == world.pairings[number].account_id),
                    now=self.now(world),
                )
                yield self._bound(world, at, number, outcome, f"token {number} from {at}", proven=True)

    def label(self, world: World) -> Iterator[Step]:
        """Somebody types a label code. Mallory never saw the label."""
        for number, pairing in enumerate(world.pairings):
            for presented in (WRONG,) if pairing.account_id == MALLORY else (RIGHT, WRONG):
                yield self._label(world, number, presented)

    def _label(self, world: World, number: int, presented: bytes) -> Step:
        pairing, tries = world.pairings[number], dict(world.tries)
        online = world.appliances[0].welcomed
        answer = self.rules.claim_by_label(
            pairing=pairing,
            labelled=Labelled(RIGHT, world.devices[0], self.owned(world, 0), online),
            presented=presented,
            unit_tries=tries.get("unit", ()),
            account_tries=tries.get(pairing.account_id, ()),
            held=0,
            now=self.now(world),
        )
        tries["unit"], tries[pairing.account_id] = answer.unit_tries, answer.account_tries
        counted = replace(world, tries=tuple(sorted(tries.items())))
        proven = presented == RIGHT and online
        return self._bound(counted, 0, number, answer.outcome, f"label for {number}", proven=proven)

    def button(self, world: World) -> Iterator[Step]:
        """A press, a pairing that joins it, and digits typed: right by who stands there, else a guess."""
        for at, press in enumerate(world.presses):
            used = len([secret for secret in world.spent if secret.startswith("press")])
            if press is None or (press.answered and used < self.limits.presses):
                made = self.rules.pressed(world.devices[at], bytes([used + 1]) * 16, press, self.now(world))
                yield Step(f"press on {at}", replace(world, presses=put(world.presses, at, made)))
            for number, pairing in enumerate(world.pairings):
                joined = self.rules.join(pairing=pairing, press=press, now=self.now(world))
                if isinstance(joined, BindRefused):
                    yield Step(f"{number} joins {at}", world, refused=joined.code)
                else:
                    yield Step(f"{number} joins {at}", replace(world, presses=put(world.presses, at, joined.press)))
                yield from self._typed(world, at, number)

    def _typed(self, world: World, at: int, number: int) -> Iterator[Step]:
        pairing, press = world.pairings[number], world.presses[at]
        shown = None
        if press is not None and press.joined_by is not None:
            joiner = next(one for one in world.pairings if one.pairing_id == press.joined_by)
            joined = self.rules.join(pairing=joiner, press=press, now=self.now(world))
            shown = None if isinstance(joined, BindRefused) else joined.digits
        for typed in {"none", shown if pairing.account_id != MALLORY else "none"} - {None}:
            answer = self.rules.confirm(
                pairing=pairing,
                press=press,
                typed=typed,
                device=world.devices[at],
                ownership=self.owned(world, at),
                held=0,
                now=self.now(world),
            )
            after = replace(world, presses=put(world.presses, at, answer.press))
            if press is not None and answer.press is not None and answer.press.answered:
                secret = f"press {press.nonce.hex()}"
                once = (
                    ()
                    if secret not in world.spent or not isinstance(answer.outcome, NowYours)
                    else (Broken.USED_TWICE,)
                )
                after = replace(after, spent=after.spent | {secret})
            else:
                once = ()
            proven = typed == shown and press is not None and press.joined_by == pairing.pairing_id
            step = self._bound(after, at, number, answer.outcome, f"{number} types for {at}", proven=proven)
            yield replace(step, broken=(*step.broken, *once))

    def _bound(self, world: World, at: int, number: int, outcome: BindOutcome, label: str, *, proven: bool) -> Step:
        """Store an outcome, and hold it against the independent account."""
        pairing = world.pairings[number]
        if outcome.pairing is not None:
            world = replace(world, pairings=put(world.pairings, number, outcome.pairing))
        match outcome:
            case BindRefused(code=code):
                return Step(label, world, refused=code)
            case AlreadyYours(binding=binding):
                rows = tuple(binding if one.account_id == binding.account_id else one for one in world.bindings)
                after = replace(world, bindings=rows, waiting=put(world.waiting, at, None))
                return Step(label, replace(after, spent=after.spent | {pairing.pairing_id}))
            case ReleaseAsked(waiting=waiting):
                return Step(label, replace(world, waiting=put(world.waiting, at, waiting)))
            case NowYours(device=device, binding=binding):
                after = with_device(world, at, device)
                after = replace(
                    after,
                    bindings=(*world.bindings, binding),
                    lawful=put(world.lawful, at, frozenset({pairing.account_id})),
                    spent=world.spent | {pairing.pairing_id},
                )
                return Step(label, after, broken=tuple(self._faults_of_binding(world, at, pairing, binding, proven)))

    def _faults_of_binding(
        self,
        world: World,
        at: int,
        pairing: Pairing,
        binding: Binding,
        proven: bool,  # noqa: FBT001 - private
    ) -> Iterator[Broken]:
        """`pairing` is the one before this step."""
        age = self.now(world) - pairing.opened_at
        if not proven or age >= timedelta(minutes=10) or binding.account_id != pairing.account_id:
            yield Broken.NO_PROOF
        if pairing.state is PairingState.CANCELLED:
            yield Broken.NO_PROOF
        if pairing.pairing_id in world.spent:
            yield Broken.USED_TWICE
        if world.lawful[at]:
            yield Broken.ONE_OWNER
