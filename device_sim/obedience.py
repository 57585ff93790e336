"""What an appliance obeys: rules without I/O, so that every refusal can be tested by itself.

Whoever can write to the broker can send anything here. Nothing takes effect that is not signed by the key that was
trusted on activation, for this device and its present epoch, unexpired, new, and in order.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from device_sim.flash import FlashContent, SeenCommand
from device_sim.keys import is_signed
from gateway.protocol.messages import BindVerdict, Command
from gateway.protocol.signing import command_signing_bytes, verdict_signing_bytes


class Refusal(StrEnum):
    """Why a message was not obeyed."""

    FORGED = "forged"
    """No activation yet, or the signature is not the gateway's for this device and these fields."""
    FOREIGN_EPOCH = "foreign_epoch"
    """Of an owner who is gone, or of one this appliance has not been told of yet."""
    EXPIRED = "expired"
    OUT_OF_ORDER = "out_of_order"
    """An unknown command that is older than one obeyed already."""
    REPEATED = "repeated"
    """A verdict that says nothing new."""
    CONTRADICTED = "contradicted"
    """A verdict on a request that was not made, or against what a later one said."""


@dataclass(frozen=True, slots=True)
class Obey:
    """Do it: remember it first, then act."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """It was seen. Answer as before and do nothing."""

    seen: SeenCommand


@dataclass(frozen=True, slots=True)
class Reject:
    """Signed, but not to be obeyed: the gateway is told why."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Drop:
    """Not worth an answer: counted, and nothing else."""

    refusal: Refusal


CommandJudgement = Obey | Repeat | Reject | Drop


def judge_command(  # noqa: PLR0911 - one return for each rule, in the order in which they count
    command: Command, kept: FlashContent, now: datetime, *, told_epoch: int
) -> CommandJudgement:
    """What to do with a command, given what the flash holds, the corrected time and the epoch of the last welcome.

    Only a signed command is answered: an answer to a forged one would tell a stranger that somebody is there. A command
    of another epoch is dropped too; its sender has no business with the present owner's appliance.
    """
    if kept.device_id is None or kept.command_key is None:
        return Drop(Refusal.FORGED)
    if not is_signed(command_signing_bytes(kept.device_id, command), command.sig, kept.command_key):
        return Drop(Refusal.FORGED)
    if command.epoch != kept.epoch or told_epoch > kept.epoch:
        return Drop(Refusal.FOREIGN_EPOCH)
    known = next((seen for seen in kept.seen if seen.command_id == command.command_id), None)
    if known is not None:
        return Repeat(known)
    if now >= command.expires_at:
        return Reject(Refusal.EXPIRED)
    if command.seq <= kept.last_command_seq:
        return Reject(Refusal.OUT_OF_ORDER)
    return Obey()


@dataclass(frozen=True, slots=True)
class BecomePaired:
    """Show "paired"."""

    epoch: int


@dataclass(frozen=True, slots=True)
class BecomeWiped:
    """The owner let go: forget everything of a person."""

    epoch: int


@dataclass(frozen=True, slots=True)
class ShowRefusal:
    """The pairing failed; show its number and trace id."""

    code: str


VerdictJudgement = BecomePaired | BecomeWiped | ShowRefusal | Drop


def judge_verdict(  # noqa: PLR0911 - one return for each rule, in the order in which they count
    verdict: BindVerdict, kept: FlashContent, asked: frozenset[str]
) -> VerdictJudgement:
    """What to do with a verdict on binding. `asked` holds the ids of requests that wait for one.

    The epoch goes up with each binding and each release, so a verdict of an earlier epoch is a replay, and of one epoch
    only one of "bound" and "released" was ever signed.
    """
    if kept.device_id is None or kept.command_key is None:
        return Drop(Refusal.FORGED)
    if not is_signed(verdict_signing_bytes(kept.device_id, verdict), verdict.sig, kept.command_key):
        return Drop(Refusal.FORGED)
    if verdict.epoch < kept.epoch:
        return Drop(Refusal.FOREIGN_EPOCH)
    if verdict.bound:
        if kept.paired and verdict.epoch == kept.epoch and verdict.request_id not in asked:
            return Drop(Refusal.REPEATED)
        return BecomePaired(verdict.epoch)
    if verdict.code is not None:
        # A refusal changes nothing that is kept; an old one may still not be shown to who did not ask.
        awaited = verdict.request_id in asked or (verdict.request_id is None and not kept.paired)
        return ShowRefusal(verdict.code) if awaited else Drop(Refusal.CONTRADICTED)
    if verdict.epoch == kept.epoch and kept.paired:
        return Drop(Refusal.CONTRADICTED)
    if verdict.epoch == kept.epoch and not kept.settings:
        return Drop(Refusal.REPEATED)  # also with a token: it came after the release, for the next owner
    return BecomeWiped(verdict.epoch)
