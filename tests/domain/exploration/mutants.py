"""Seeded mistakes: domain functions with one rule missing. A checker that misses any of them checks nothing."""

from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from gateway.domain import binding, button, commands, label, members, ownership
from gateway.domain.binding import Binding, BindOutcome, BindRefused, NowYours, Role, Unbound
from gateway.domain.commands import Command
from gateway.domain.identity import AccountId
from gateway.domain.pairing import PairingState
from tests.domain.exploration.stepper import RIGHT
from tests.domain.exploration.world import Broken, Rules


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake, where it must be found, and as what."""

    rules: Rules
    scenario: str
    broken: Broken


def _epoch_not_raised(**facts: Any) -> ownership.Released | ownership.Refused:
    answer = ownership.release(**facts)
    return answer if isinstance(answer, ownership.Refused) else replace(answer, device=facts["device"])


def _anybody_releases(**facts: Any) -> ownership.Released | ownership.Refused:
    now_owned = facts["ownership"]
    if isinstance(now_owned, Unbound):
        return ownership.release(**facts)
    return ownership.release(**{**facts, "by": now_owned.owner.account_id})


def _token_not_consumed(**facts: Any) -> BindOutcome:
    outcome = binding.present_token(**facts)
    return replace(outcome, pairing=facts["pairing"]) if isinstance(outcome, NowYours) else outcome


def _token_for_two_devices(**facts: Any) -> BindOutcome:
    return binding.present_token(**{**facts, "pairing": _reopened(facts["pairing"], {PairingState.COMPLETED})})


def _cancelled_accepted(**facts: Any) -> BindOutcome:
    return binding.present_token(**{**facts, "pairing": _reopened(facts["pairing"], {PairingState.CANCELLED})})


def _reopened(pairing: Any, states: set[PairingState]) -> Any:
    return replace(pairing, state=PairingState.OPEN, device_id=None) if pairing.state in states else pairing


def _expired_accepted(**facts: Any) -> BindOutcome:
    pairing = facts["pairing"]
    if pairing.state is PairingState.OPEN:
        pairing = replace(pairing, expires_at=facts["now"] + timedelta(minutes=1))
    return binding.present_token(**{**facts, "pairing": pairing})


def _owner_overwritten(**facts: Any) -> BindOutcome:
    return binding.present_token(**{**facts, "ownership": Unbound()})


def _refusal_gives_time(**facts: Any) -> BindOutcome:
    outcome = binding.present_token(**facts)
    if isinstance(outcome, BindRefused) and outcome.pairing is not None:
        return replace(outcome, pairing=replace(facts["pairing"], state=PairingState.OPEN, device_id=None))
    return outcome


def _reset_is_enough(**facts: Any) -> BindOutcome:
    owned = facts["ownership"]
    taken = not isinstance(owned, Unbound) and facts["device"].reset_counter > owned.owner.reset_counter
    return binding.present_token(**{**facts, "ownership": Unbound() if taken else owned})


def _bound_to_the_asker(**facts: Any) -> BindOutcome:
    outcome = binding.present_token(**facts)
    if not isinstance(outcome, NowYours):
        return outcome
    return replace(outcome, binding=replace(outcome.binding, account_id=AccountId("a-nobody")))


def _commands_survive(command: Command, event: commands.Event, now: Any) -> Command:
    return command if isinstance(event, commands.EpochEnded) else commands.advance(command, event, now)


def _connected_is_bound(owned: Any, account_id: Any, now: Any) -> Binding | None:
    found = binding.binding_of(owned, account_id, now)
    return found or Binding(account_id, 0, account_id, Role.ADULT, now)


def _any_code_will_do(**facts: Any) -> label.LabelAnswer:
    return label.claim_by_label(**{**facts, "presented": RIGHT})


def _label_without_presence(**facts: Any) -> label.LabelAnswer:
    return label.claim_by_label(**{**facts, "labelled": replace(facts["labelled"], online=True)})


def _any_digits_will_do(**facts: Any) -> button.ButtonAnswer:
    press = facts["press"]
    if press is None:
        return button.confirm(**facts)
    return button.confirm(**{**facts, "typed": button.digits_for(press.nonce, facts["pairing"].pairing_id)})


def _press_works_again(**facts: Any) -> button.ButtonAnswer:
    press = facts["press"]
    fresh = None if press is None else replace(press, answered=False, at=facts["now"])
    return button.confirm(**{**facts, "press": fresh})


def _invitation_survives(**facts: Any) -> members.Accepted | ownership.Refused:
    here = replace(facts["invitation"], epoch=facts["device"].epoch)
    return members.accept(**{**facts, "invitation": here})


def _invitation_not_consumed(**facts: Any) -> members.Accepted | ownership.Refused:
    answer = members.accept(**facts)
    return answer if isinstance(answer, ownership.Refused) else replace(answer, invitation=facts["invitation"])


def _offer_not_consumed(**facts: Any) -> ownership.Transferred | ownership.Refused:
    here = replace(facts["offer"], state=ownership.OfferState.OPEN, epoch=facts["device"].epoch)
    return ownership.accept_transfer(**{**facts, "offer": here})


def _transfer_keeps_epoch(**facts: Any) -> ownership.Transferred | ownership.Refused:
    answer = ownership.accept_transfer(**facts)
    if isinstance(answer, ownership.Refused):
        return answer
    same = replace(answer.binding, epoch=facts["device"].epoch)
    return replace(answer, device=facts["device"], binding=same)


def _released_at_once(**facts: Any) -> ownership.Released | ownership.Refused:
    return ownership.lapse(**{**facts, "now": facts["now"] + timedelta(hours=72)})


_TOKENS: Final = "tokens of two accounts on two appliances"
_COMMANDS: Final = "commands around releases"
_REPORTS: Final = "reports around releases"
_RESETS: Final = "resets by strangers"
_LABELS: Final = "label codes"
_BUTTONS: Final = "button presses"
_PEOPLE: Final = "members and transfers"

MUTANTS: Final = MappingProxyType(
    {
        "a release that does not raise the epoch": Mutant(
            Rules(release=_epoch_not_raised), _TOKENS, Broken.FORMER_OWNER
        ),
        "a release for anybody": Mutant(Rules(release=_anybody_releases), _TOKENS, Broken.NO_PROOF),
        "a token that is not consumed": Mutant(Rules(present_token=_token_not_consumed), _TOKENS, Broken.USED_TWICE),
        "a token for two appliances": Mutant(Rules(present_token=_token_for_two_devices), _TOKENS, Broken.USED_TWICE),
        "a cancelled token that works": Mutant(Rules(present_token=_cancelled_accepted), _TOKENS, Broken.NO_PROOF),
        "an expired token that works": Mutant(Rules(present_token=_expired_accepted), _TOKENS, Broken.NO_PROOF),
        "an owner who is overwritten": Mutant(Rules(present_token=_owner_overwritten), _TOKENS, Broken.ONE_OWNER),
        "a refusal that opens the pairing again": Mutant(
            Rules(present_token=_refusal_gives_time), _TOKENS, Broken.REFUSAL_CHANGED
        ),
        "a binding to somebody who did not ask": Mutant(
            Rules(present_token=_bound_to_the_asker), _TOKENS, Broken.NO_PROOF
        ),
        "a reset that takes the device away": Mutant(Rules(present_token=_reset_is_enough), _RESETS, Broken.ONE_OWNER),
        "a release that does not wait 72 hours": Mutant(Rules(lapse=_released_at_once), _RESETS, Broken.NO_PROOF),
        "commands that survive a release": Mutant(Rules(advance=_commands_survive), _COMMANDS, Broken.FORMER_OWNER),
        "connected taken for bound": Mutant(Rules(binding_of=_connected_is_bound), _COMMANDS, Broken.NOT_BOUND),
        "a report stored in whatever epoch is present": Mutant(
            Rules(of_epoch=lambda _reported, _present: True), _REPORTS, Broken.FOREIGN_STATE
        ),
        "a label code that is not compared": Mutant(Rules(claim_by_label=_any_code_will_do), _LABELS, Broken.NO_PROOF),
        "a label code for an appliance that is away": Mutant(
            Rules(claim_by_label=_label_without_presence), _LABELS, Broken.NO_PROOF
        ),
        "digits that are not compared": Mutant(Rules(confirm=_any_digits_will_do), _BUTTONS, Broken.NO_PROOF),
        "a press that works again": Mutant(Rules(confirm=_press_works_again), _BUTTONS, Broken.USED_TWICE),
        "an invitation that survives a release": Mutant(
            Rules(accept_invitation=_invitation_survives), _PEOPLE, Broken.FORMER_OWNER
        ),
        "an invitation that works twice": Mutant(
            Rules(accept_invitation=_invitation_not_consumed), _PEOPLE, Broken.USED_TWICE
        ),
        "a transfer that works twice": Mutant(Rules(accept_transfer=_offer_not_consumed), _PEOPLE, Broken.USED_TWICE),
        "a transfer in the same epoch": Mutant(
            Rules(accept_transfer=_transfer_keeps_epoch), _PEOPLE, Broken.FORMER_OWNER
        ),
    }
)
