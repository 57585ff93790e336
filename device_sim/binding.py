"""How an appliance comes to show "paired", and to forget its owner: by signed verdicts and nothing else."""

from dataclasses import replace

from device_sim.commands import Say
from device_sim.controller import Controller
from device_sim.flash import wiped
from device_sim.happenings import What
from device_sim.obedience import BecomePaired, BecomeWiped, Drop, ShowRefusal, judge_verdict
from gateway.protocol.messages import BindRequest, BindVerdict, Welcome
from gateway.protocol.topics import UpChannel


def hear_verdict(controller: Controller, verdict: BindVerdict) -> None:
    """Do what a verdict says, if it is to be believed.

    Raises:
        OSError: the flash failed; nothing is shown that is not kept.
    """
    kept = controller.flash.content
    judgement = judge_verdict(verdict, kept, frozenset(controller.asked))
    if isinstance(judgement, Drop):
        controller.tell(What.MESSAGE_DROPPED, code=judgement.refusal, subject="verdict")
        return
    controller.clock.not_before(verdict.time)
    if verdict.request_id is not None:
        controller.asked.discard(verdict.request_id)
    match judgement:
        case BecomePaired(epoch):
            newer = epoch != kept.epoch
            controller.flash.save(
                replace(
                    kept,
                    paired=True,
                    epoch=epoch,
                    bind_token=None,
                    last_command_seq=-1 if newer else kept.last_command_seq,
                    settings={} if newer and kept.paired else kept.settings,
                )
            )
            if newer and kept.paired:
                controller.model.wipe()  # a new owner in one step: nothing of the former one stays
            controller.owned = True
            controller.tell(What.PAIRED, trace_id=verdict.trace_id)
        case BecomeWiped(epoch):
            controller.flash.save(wiped(kept, epoch))
            controller.model.wipe()
            controller.owned = False
            controller.tell(What.WIPED, trace_id=verdict.trace_id)
        case ShowRefusal(code):
            if verdict.retry == "never" or verdict.retry is None:
                controller.flash.update(bind_token=None)
            controller.tell(What.PAIRING_REFUSED, code=code, trace_id=verdict.trace_id, retry=verdict.retry)


def hear_epoch(controller: Controller, welcome: Welcome) -> None:
    """Note the epoch of a welcome. It is not signed, so it can only take something away, and nothing of it is kept.

    When it is newer than ours, nobody is obeyed until the signed verdict came. Our next hello still says the old epoch,
    which is how the gateway knows that the verdict did not arrive.
    """
    controller.told_epoch = welcome.epoch
    controller.owned = welcome.bound and welcome.epoch >= controller.flash.content.epoch


def ask_for_binding(controller: Controller, say: Say) -> str | None:
    """Hand over the token that the phone left, and return the request's id. None when there is no token."""
    token = controller.flash.content.bind_token
    if token is None:
        return None
    request = BindRequest(
        request_id=controller.request_id(), bind_token=token, reset_counter=controller.flash.content.reset_counter
    )
    controller.asked.add(request.request_id)
    say(UpChannel.BIND, request)
    return request.request_id
