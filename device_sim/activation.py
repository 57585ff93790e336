"""From the claim certificate to an own one.

The key is made once and kept before anybody is asked, so that after a lost answer the same key is asked for again and
the same certificate comes. The certificate is kept before it is used.
"""

import asyncio
import hmac
from concurrent.futures import Executor
from dataclasses import replace

from device_sim.controller import Controller
from device_sim.flash import Address, Credential, FlashContent
from device_sim.happenings import What
from device_sim.keys import certificate_request, common_name, fits, new_key, tls_context
from device_sim.link import Link, LinkError, Target, opened
from gateway.protocol.codec import MalformedMessageError, decode_activation_reply, encode
from gateway.protocol.messages import ActivationAccepted, ActivationRefused, ActivationRequest
from gateway.protocol.signing import proof_bytes
from gateway.protocol.topics import ClaimChannel, ClaimTopic

Reply = ActivationAccepted | ActivationRefused


async def activate(controller: Controller, executor: Executor | None) -> Reply:
    """Connect with the claim certificate, ask, and keep what the answer holds.

    Raises:
        LinkError: no connection, or no answer in time. The key is kept, asking again is right.
        OSError: the flash failed; nothing was lost that was promised.
    """
    kept = controller.flash.content
    claim_id = common_name(kept.claim.certificate_pem or "")
    target = Target(kept.claim_address, claim_id, tls_context(kept.claim, kept.trust_pem), source=controller.source)
    replies: asyncio.Queue[bytes] = asyncio.Queue(maxsize=8)

    def hear(_topic: str, payload: bytes) -> None:
        if not replies.full():  # nobody sends eight answers; what floods us may be lost
            replies.put_nowait(payload)

    async with opened(target, hear, timeout_s=controller.timings.connect_s, executor=executor) as link:
        controller.tell(What.CONNECTED, subject="claim")
        await link.subscribe(str(ClaimTopic(claim_id, ClaimChannel.REPLY)))
        reply = await _ask(controller, link, claim_id, replies)
    _keep(controller, reply)
    return reply


async def _ask(controller: Controller, link: Link, claim_id: str, replies: asyncio.Queue[bytes]) -> Reply:
    request = make_request(controller)
    topic = str(ClaimTopic(claim_id, ClaimChannel.REQUEST))
    try:
        async with asyncio.timeout(controller.timings.reply_s):
            await link.publish(topic, encode(request))
            while True:
                reply = await _next_reply(link, replies)
                if reply is not None and reply.request_id == request.request_id:
                    return reply
    except TimeoutError:
        raise LinkError("no_answer") from None


async def _next_reply(link: Link, replies: asyncio.Queue[bytes]) -> Reply | None:
    async with asyncio.TaskGroup() as group:
        came, lost = group.create_task(replies.get()), group.create_task(link.lost())
        await asyncio.wait((came, lost), return_when=asyncio.FIRST_COMPLETED)
        came.cancel()
        lost.cancel()
    if came.cancelled():
        raise LinkError("lost")
    try:
        return decode_activation_reply(came.result())
    except MalformedMessageError:
        return None


def make_request(controller: Controller) -> ActivationRequest:
    """The request, with a key that is in the flash already when this returns."""
    kept = controller.flash.content
    held = kept.candidate or kept.operational
    if held is None:
        held = Credential(new_key(controller.unit.key_kind))
        controller.flash.update(candidate=held)
    unit = controller.unit
    request = ActivationRequest(
        request_id=controller.request_id(),
        machine_code=unit.machine_code,
        mac=unit.mac,
        type_id=controller.model.descriptor.type_id,
        firmware=unit.firmware,
        csr=certificate_request(held.key_pem, "appliance"),
        reset_counter=kept.reset_counter,
        bind_token=kept.bind_token,
        history=controller.history() or None,
    )
    if unit.unit_key is None:
        return request
    proof = hmac.new(unit.unit_key, proof_bytes(request), "sha256").hexdigest()
    return request.model_copy(update={"proof": proof})


def _keep(controller: Controller, reply: Reply) -> None:
    match reply:
        case ActivationAccepted():
            kept = accepted(controller.flash.content, reply)
            if kept is None:
                raise LinkError("foreign_certificate")
            controller.clock.set_right(reply.time)
            controller.flash.save(replace(kept, failures=()))
            if reply.bind_code is None and kept.bind_token is not None:
                controller.asked.add(reply.request_id)
            controller.tell(What.ACTIVATED, trace_id=reply.trace_id)
            if reply.bind_code is not None:
                controller.flash.update(bind_token=None)
                controller.tell(What.PAIRING_REFUSED, code=reply.bind_code, trace_id=reply.trace_id)
        case ActivationRefused():
            controller.remember("activation", reply.code)
            controller.tell(What.ACTIVATION_REFUSED, code=reply.code, trace_id=reply.trace_id, retry=reply.retry)


def accepted(kept: FlashContent, reply: ActivationAccepted) -> FlashContent | None:
    """The flash with the new identity in the second slot, or None when the certificate is not for our key."""
    held = kept.candidate or kept.operational
    if held is None or not fits(held.key_pem, reply.certificate):
        return None
    same_device = kept.device_id == reply.device_id
    return replace(
        kept,
        candidate=Credential(held.key_pem, reply.certificate, reply.chain, reply.not_after, reply.renew_after),
        operational=kept.operational if same_device and kept.operational != kept.candidate else None,
        device_id=reply.device_id,
        address=Address(reply.endpoint.host, reply.endpoint.port),
        epoch=reply.epoch,
        command_key=reply.command_key,
        paired=kept.paired and same_device and reply.bound and kept.epoch == reply.epoch,
        last_command_seq=kept.last_command_seq if same_device and kept.epoch == reply.epoch else -1,
    )
