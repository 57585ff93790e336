"""English texts for failures at the entrance: secure connection and claim."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.failure_texts.text import Text
from gateway.domain.failures import Code

TEXTS: Final[Mapping[Code, Text]] = MappingProxyType(
    {
        Code.TLS_SERVER_UNTRUSTED: Text(
            title="Appliance does not trust our server",
            cause=(
                "The appliance could not verify our server: its list of authorities is "
                "old, it called a wrong address, or a box at home opens secure connections."
            ),
            customer=(
                "We see a problem with the secure connection and are "
                "looking into it. Please leave the appliance switched on."
            ),
            support=(
                "Look at the same failure elsewhere. Many units of one firmware: their "
                "list of authorities is old; tell the firmware team. This home only: "
                "ask about a firewall, child protection or virus scanner in the router."
            ),
        ),
        Code.TLS_CLOCK: Text(
            title="Appliance's clock is wrong",
            cause=(
                "By the appliance's clock a certificate is not yet valid "
                "or has expired; the clock is wrong, not the certificate."
            ),
            customer="Please unplug the appliance for ten seconds and plug it in again.",
            support=(
                "Find out why the time is wrong as for code 205. If the time is right "
                "and the code returns, have an engineer look at the certificate's dates."
            ),
        ),
        Code.TLS_CLIENT_CERT_MISSING: Text(
            title="Appliance showed no certificate",
            cause=(
                "The appliance connected without a certificate: it was "
                "never loaded in the factory, or the appliance lost it."
            ),
            customer="Please contact us and give the code 303; we will take it from there.",
            support=(
                "Nothing at home can help, so do not ask for a reset. If the same failure is found elsewhere, it "
                "comes from production, which can check the range around this machine code. A single unit needs "
                "service."
            ),
        ),
        Code.TLS_CLIENT_CERT_INVALID: Text(
            title="Certificate not accepted",
            cause="The appliance's certificate has expired or was revoked, or its issuer is not one of ours.",
            customer="Please contact us and give the code 304; we will take it from there.",
            support=(
                "See on the timeline whether it has expired. Expired: the appliance may renew it by itself once its "
                "clock is right, see code 302. Revoked: find out why before anything else. Another issuer: service."
            ),
        ),
        Code.TLS_VERSION: Text(
            title="Secure connection of an old kind",
            cause=(
                "The appliance's software secures its connection in a way that is no longer safe (older than TLS 1.2)."
            ),
            customer="The appliance needs a software update. Please install it in the app as soon as it is offered.",
            support=(
                "Nothing at home can help. Pass the firmware version to the firmware "
                "team; the same failure elsewhere shows how many units need the update."
            ),
        ),
        Code.TLS_RESET: Text(
            title="Secure connection broke off",
            cause=(
                "The connection broke while it was being secured: a firewall, "
                "an unusual packet size (MTU) on the line, or a bad line."
            ),
            customer=(
                "Please try once with your phone's hotspot instead of your Wi-Fi, so that we can see where it breaks."
            ),
            support=(
                "The hotspot decides: if it works there, look for a firewall or an unusual "
                "MTU in the home's router; if it fails there too, it is the appliance."
            ),
        ),
        Code.TLS_BROKER_BUSY: Text(
            title="Our service is busy",
            cause="Our service was overloaded or restarting at that moment.",
            customer=(
                "Our service is busy at the moment. Please leave the appliance switched on; it tries again by itself."
            ),
            support=(
                "Nothing to do at the customer's. If the code lasts "
                "longer than ten minutes, tell whoever runs the service."
            ),
        ),
        Code.TLS_WRONG_REGION: Text(
            title="Appliance called another region",
            cause="The appliance is set up for another region and called the service there.",
            customer=(
                "The appliance and your account are set up for different "
                "regions. Please contact us and give the code 308."
            ),
            support=(
                "Ask where the appliance was bought and in which country the account was made. Either the "
                "account is made anew in the appliance's region, or service sets the appliance up for this one."
            ),
        ),
        Code.CLAIM_BAD_CREDENTIAL: Text(
            title="Appliance could not prove who it is",
            cause="The secret that the factory gave to the appliance does not fit the production list.",
            customer="Please contact us and give the code 401; we will take it from there.",
            support=(
                "If the same failure is found elsewhere, the list or the batch is wrong: tell production. "
                "A single one goes to an engineer, as it may be a replaced board or a forgery."
            ),
        ),
        Code.CLAIM_NOT_AUTHORISED: Text(
            title="Appliance may not activate like this",
            cause="The appliance's type or batch does not allow the kind of credential that it used.",
            customer="Please contact us and give the code 402; we will take it from there.",
            support=(
                "An engineer compares what the type accepts with what the appliance "
                "used, and whether its batch is still open. Offer to call back."
            ),
        ),
        Code.CLAIM_ID_MISMATCH: Text(
            title="Identities do not agree",
            cause=(
                "The name in the appliance's certificate, the name it connected with and the unit "
                "that it says to be do not agree: wrong set-up in the factory, or a copied board."
            ),
            customer="Please contact us and give the code 403; we will take it from there.",
            support=(
                "An engineer compares the three. If another unit uses "
                "the same name, it is a copied board: see code 405."
            ),
        ),
        Code.CLAIM_TOPIC_DENIED: Text(
            title="Appliance asked in the wrong place",
            cause="The appliance's software sends to or listens on a topic that it may not use.",
            customer="The appliance needs a software update. Please install it in the app as soon as it is offered.",
            support=(
                "Pass firmware version and trace id to the firmware team. The "
                "same failure elsewhere shows how many units need the update."
            ),
        ),
        Code.CLAIM_DUPLICATE_ID: Text(
            title="Two appliances with one identity",
            cause=(
                "Two units show the same identity, as when the memory of one was copied "
                "to another. The one that works goes on; the newcomer is stopped."
            ),
            customer="Please contact us and give the code 405; we will take it from there.",
            support=(
                "Do not have the appliance that works reset. Connections that keep ending each other are the "
                "sign of a copy. Hand over to an engineer: the newcomer stays in quarantine until it is cleared."
            ),
        ),
        Code.CLAIM_THROTTLED: Text(
            title="Too many tries in a row",
            cause="The appliance tried to activate again and again without a pause, so we let it wait.",
            customer="Please leave the appliance switched on and wait ten minutes; it goes on by itself.",
            support=(
                "Find the code before this one on the timeline: that is the real cause. If its "
                "tries come without pauses, pass the firmware version to the firmware team."
            ),
        ),
        Code.CLAIM_REVOKED: Text(
            title="Factory credentials withdrawn",
            cause="The factory credentials of this batch were withdrawn after a leak.",
            customer="This appliance has to be activated by our service. Please contact us and give the code 407.",
            support="Arrange activation by service with a voucher. Do not discuss the reason with the caller.",
        ),
    }
)
"""Of each code of these stages."""
