"""A new certificate over the running connection, with a new key, while the old one still works."""

from dataclasses import replace
from typing import Final

from device_sim.commands import Say
from device_sim.controller import Controller
from device_sim.flash import Credential, FlashContent
from device_sim.happenings import What
from device_sim.keys import certificate_request, fits, new_key
from gateway.protocol.messages import RenewReply, RenewRequest
from gateway.protocol.topics import UpChannel

LATER_S: Final = 3600.0
"""Before a renewal that was refused for good is tried again: the gateway may have been mistaken."""


def in_use(kept: FlashContent, *, prefer_candidate: bool = True) -> Credential | None:
    """The credential to connect with: the newest that has a certificate, or the older one where that was no good."""
    candidate = kept.candidate if kept.candidate is not None and kept.candidate.certificate_pem is not None else None
    return (candidate or kept.operational) if prefer_candidate else (kept.operational or candidate)


def has_untried(kept: FlashContent) -> bool:
    """Whether a renewed certificate waits beside the one in use."""
    return kept.operational is not None and kept.candidate is not None and kept.candidate.certificate_pem is not None


def is_due(controller: Controller) -> bool:
    """Whether it is time, and no newer certificate waits to be tried."""
    kept = controller.flash.content
    current = kept.operational
    if current is None or current.renew_after is None:
        return False
    return not has_untried(kept) and controller.clock.now() >= current.renew_after


def ask_for_renewal(controller: Controller, say: Say) -> str:
    """Send a request for a new key, which is kept first, and return the request's id."""
    candidate = controller.flash.content.candidate
    if candidate is None:
        candidate = Credential(new_key(controller.unit.key_kind))
        controller.flash.update(candidate=candidate)
    request = RenewRequest(request_id=controller.request_id(), csr=certificate_request(candidate.key_pem, "appliance"))
    say(UpChannel.RENEW, request)
    return request.request_id


def hear_answer(controller: Controller, reply: RenewReply, asked: str | None) -> float | None:
    """Keep the new certificate. None when it is there to be tried, else the seconds before asking again.

    Raises:
        OSError: the flash failed; the old certificate goes on.
    """
    candidate = controller.flash.content.candidate
    if reply.request_id != asked or candidate is None:
        controller.tell(What.MESSAGE_DROPPED, code="contradicted", subject="renewal")
        return 0.0
    if reply.certificate is None:
        controller.remember("renewal", reply.code or "refused")
        controller.tell(What.RENEWAL_REFUSED, code=reply.code, trace_id=reply.trace_id, retry=reply.retry)
        return {"never": LATER_S, "now": 0.0}.get(reply.retry or "never", float(reply.retry_after_s or LATER_S))
    if not fits(candidate.key_pem, reply.certificate):
        controller.tell(What.MESSAGE_DROPPED, code="foreign_certificate", subject="renewal")
        return LATER_S
    controller.flash.update(
        candidate=replace(
            candidate,
            certificate_pem=reply.certificate,
            chain_pem=reply.chain or "",
            not_after=reply.not_after,
            renew_after=reply.renew_after,
        )
    )
    return None


def confirm(controller: Controller, used: Credential) -> None:
    """The gateway welcomed this credential: from now on it is the one, and what was before may go."""
    kept = controller.flash.content
    if kept.candidate is not None and used == kept.candidate:
        renewed = kept.operational is not None
        controller.flash.update(operational=kept.candidate, candidate=None)
        if renewed:
            controller.tell(What.RENEWED)
