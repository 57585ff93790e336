"""English texts for failures of activation and certificate."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.failure_texts.text import Text
from gateway.domain.failures import Code

TEXTS: Final[Mapping[Code, Text]] = MappingProxyType(
    {
        Code.ACT_MALFORMED: Text(
            title="Request not understood",
            cause=(
                "The activation request does not have the agreed form: the "
                "appliance's software is faulty or newer than our service."
            ),
            customer="The appliance needs a software update. Please install it in the app as soon as it is offered.",
            support=(
                "The timeline names the field that did not fit, never its value. Pass it to the firmware team "
                "with the firmware version; the same failure elsewhere shows how many units are concerned."
            ),
        ),
        Code.ACT_UNKNOWN_MACHINE_CODE: Text(
            title="Appliance not in our list yet",
            cause="The machine code is not in the production list; usually the list comes late.",
            customer="Please contact us with the code 502 and a photo of the label that shows only the machine code.",
            support=(
                "Look up the machine code exactly as printed. If there is no such unit, ask production for the "
                "missing list and have it imported; the appliance asks again every five minutes and then goes on by "
                "itself."
            ),
        ),
        Code.ACT_MAC_MISMATCH: Text(
            title="Wi-Fi module was replaced",
            cause=(
                "The appliance's network address is not the one in the "
                "production list, as after a repair with a new Wi-Fi module."
            ),
            customer="If this appliance was repaired, please contact us and give the code 503.",
            support=(
                "Ask for the repair order. With it, service enters the new module after a second "
                "person has approved. Without a repair, treat it as a possible copy: see code 405."
            ),
        ),
        Code.ACT_TYPEID_UNKNOWN: Text(
            title="Model not known yet",
            cause="The model is newer than our catalogue.",
            customer="We are adding your model. Please leave the appliance switched on; it tries again by itself.",
            support=(
                "Give the type on the verdict card to the engineers: its descriptor is missing. "
                "Once it is there, the appliance goes on by itself within five minutes."
            ),
        ),
        Code.ACT_TYPEID_MISMATCH: Text(
            title="Label and board differ",
            cause=(
                "The type that the appliance reports is not the one in "
                "the production list: a wrong board or a wrong label."
            ),
            customer="Please contact us and give the code 505; we will take it from there.",
            support=(
                "Compare the type on the verdict card with the model on the label and with the production record. A "
                "board of another model is a case for service; do not have the list changed without production's word."
            ),
        ),
        Code.ACT_ALREADY_ACTIVE: Text(
            title="Appliance is in use elsewhere",
            cause="The appliance is activated and was not released, as happens with used appliances.",
            customer="Please ask the former owner to release the appliance in their app.",
            support=(
                "Never say or hint who uses or used it. If the former owner cannot help, "
                "the customer can prove possession with the button and the label's code; "
                "the other side is told, and may object before anything changes."
            ),
        ),
        Code.ACT_BLOCKED: Text(
            title="Appliance is blocked",
            cause="The unit was blocked by us: a recall, a reported theft or abuse.",
            customer="Please call us and give the code 507.",
            support=(
                "The look-up shows the reason of the block. Never tell it to the "
                "caller, nor hint at it. Hand the call to a lead, who decides on it."
            ),
        ),
        Code.ACT_REPLAYED: Text(
            title="Request out of date",
            cause=(
                "The request was old or had been sent before: a message "
                "sent again, or a clock or counter that went backwards."
            ),
            customer="Please start the pairing again in the app.",
            support=(
                "See whether the clock was wrong, as with code 205. If it returns with a new pairing, the "
                "appliance's reset counter has gone backwards, as after a repair: hand it to an engineer."
            ),
        ),
        Code.ACT_BAD_SIGNATURE: Text(
            title="Proof is wrong",
            cause="The proof in the request was made with a key that is not the one in the production list.",
            customer="Please contact us and give the code 509; we will take it from there.",
            support=(
                "If the same failure is found elsewhere, the keys of a batch were listed wrongly: tell "
                "production. A single one goes to an engineer, as it may be a replaced board or a forgery."
            ),
        ),
        Code.ACT_RATE_LIMITED: Text(
            title="Too many tries",
            cause="More requests came from this appliance or account than are allowed in a short time.",
            customer="There were many tries in a short time. Please wait a few minutes before the next one.",
            support=(
                "The code before this one on the timeline is the real cause. For label codes "
                "the limit is five wrong ones in fifteen minutes; nobody can shorten the wait."
            ),
        ),
        Code.ACT_PENDING_APPROVAL: Text(
            title="Waiting for approval",
            cause="This is not a failure: a person has to confirm this activation first.",
            customer=(
                "The appliance is waiting for our confirmation. Please leave it switched on; it goes on by itself."
            ),
            support=(
                "Whoever is responsible approves or denies it, with a reason. "
                "After that the appliance goes on by itself within a minute."
            ),
        ),
        Code.ACT_SECRET_NOT_WANTED: Text(
            title="Appliance sent a Wi-Fi secret",
            cause=(
                "The appliance's software put a Wi-Fi password or network name "
                "into its request. We refused the request and stored none of it."
            ),
            customer="The appliance needs a software update. Please install it in the app as soon as it is offered.",
            support=(
                "Tell the customer that nothing of it was stored. Pass the firmware version to the "
                "firmware team at once; the same failure elsewhere shows how many units are concerned."
            ),
        ),
        Code.CERT_CSR_INVALID: Text(
            title="Certificate request is faulty",
            cause="The appliance's request for a certificate is damaged, or of a kind that we do not sign.",
            customer="Please contact us and give the code 601; we will take it from there.",
            support=(
                "Pass firmware version and trace id to the firmware team. The same "
                "failure elsewhere shows whether it is this unit or the firmware."
            ),
        ),
        Code.CERT_SUBJECT_MISMATCH: Text(
            title="Certificate request for another name",
            cause="The appliance asked for a certificate in a name that is not its own.",
            customer="Please contact us and give the code 602; we will take it from there.",
            support=(
                "An engineer compares the name in the request with the unit. One unit: "
                "wrong set-up in the factory. Several of one firmware: the firmware."
            ),
        ),
        Code.CERT_KEY_REJECTED: Text(
            title="Key not accepted",
            cause="The appliance's key is weak, or another unit has used it already.",
            customer="Please contact us and give the code 603; we will take it from there.",
            support=(
                "An engineer finds out which of the two it is. A key that two units share is a fault in production: "
                "tell production at once, so that the batch is stopped. A weak key is the fault of the firmware."
            ),
        ),
        Code.CERT_CA_UNAVAILABLE: Text(
            title="No certificates at the moment",
            cause="Our certificate authority cannot sign at the moment.",
            customer="The problem is on our side. Please leave the appliance switched on; it tries again by itself.",
            support=(
                "Tell whoever is on call. Nothing to do at the customer's: every "
                "activation stops here until it is solved, and then goes on by itself."
            ),
        ),
        Code.CERT_NOT_DELIVERED: Text(
            title="Certificate did not arrive",
            cause=(
                "We issued the certificate, but the appliance did not get our "
                "answer: it asked before it listened, or the connection dropped."
            ),
            customer="Please unplug the appliance for ten seconds and plug it in again.",
            support=(
                "If the timeline shows that the appliance asked before it listened, pass it to the firmware team. "
                "Otherwise the connection dropped; asking again brings the same certificate, so trying again does no "
                "harm."
            ),
        ),
        Code.CERT_STORE_FAILED: Text(
            title="Appliance could not save its certificate",
            cause="The appliance's memory or security chip reported an error while writing.",
            customer=(
                "Please unplug the appliance for ten seconds and plug "
                "it in again; if the code 606 comes back, contact us."
            ),
            support=(
                "Read the appliance's own code on the timeline. If it fails again "
                "after a restart, arrange a repair or exchange and pass that code on."
            ),
        ),
        Code.CERT_TOKEN_EXPIRED: Text(
            title="Pairing ran out on the way",
            cause="The pairing's ten minutes were over when the appliance's request arrived.",
            customer="Please start the pairing again in the app.",
            support=(
                "The timeline shows which stage took the time; mostly it is Wi-Fi. Nothing is wrong with the appliance."
            ),
        ),
    }
)
"""Of each code of these stages."""
