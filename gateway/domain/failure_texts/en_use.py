"""English texts for failures of operation, binding and first report."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.failure_texts.text import Text
from gateway.domain.failures import Code

TEXTS: Final[Mapping[Code, Text]] = MappingProxyType(
    {
        Code.OPCONN_NEVER: Text(
            title="Silent after activation",
            cause="The appliance got its certificate, but has not connected with it since.",
            customer="Please leave the appliance switched on for five minutes.",
            support=(
                "This is inferred from silence, so check in this order: is the appliance on, does "
                "it know the time (code 205), does the network let its connection out (code 203)."
            ),
        ),
        Code.OPCONN_CERT_REJECTED: Text(
            title="New certificate was refused",
            cause=(
                "The certificate that we issued was not accepted: it came "
                "incomplete, is not valid now, or the clock is wrong."
            ),
            customer="Please contact us and give the code 702; we will take it from there.",
            support=(
                "An engineer looks at the certificate's chain and dates. If "
                "the appliance's clock was wrong, go on as with code 302."
            ),
        ),
        Code.OPCONN_STILL_CLAIM: Text(
            title="Still using the factory certificate",
            cause="The appliance has its own certificate, but goes on connecting with the factory's.",
            customer="Please unplug the appliance for ten seconds and plug it in again.",
            support=(
                "After the restart, look on the timeline for a connection with the new "
                "certificate. If there is none, pass the firmware version to the firmware team."
            ),
        ),
        Code.OPCONN_ID_MISMATCH: Text(
            title="Name and certificate differ",
            cause="The name that the appliance connects with is not the one in its certificate.",
            customer="Please contact us and give the code 704; we will take it from there.",
            support=(
                "An engineer compares the two. Several units of one firmware: the "
                "firmware. A single one: possibly a copied memory, see code 405."
            ),
        ),
        Code.OPCONN_FLAPPING: Text(
            title="Connection comes and goes",
            cause=(
                "The appliance connected more than five times within three minutes: "
                "unsteady Wi-Fi, or a second appliance with the same identity."
            ),
            customer="The Wi-Fi near the appliance is unsteady. Please move the router closer or add a repeater.",
            support=(
                "Look at the signal in the radio report. Equal pauses between connections point at a setting "
                "(keep-alive) in the router or firmware; connections that keep ending each other point at a copy, see "
                "code 405."
            ),
        ),
        Code.OPCONN_ACL_DENIED: Text(
            title="Our rules refuse the appliance",
            cause=(
                "The appliance is known, but our rules do not let it connect: "
                "a rule is missing, or the device is suspended or retired."
            ),
            customer="The problem is on our side. Please leave the appliance switched on while we look into it.",
            support=(
                "See in the run check whether the appliance is quarantined, suspended or retired. If it "
                "should be allowed in, give the trace id to an engineer, who checks the rules of the broker."
            ),
        ),
        Code.BIND_TOKEN_EXPIRED: Text(
            title="Pairing took too long",
            cause="The pairing's ten minutes were over before the appliance was added to the account.",
            customer="Please tap “Retry” in the app; you need not enter the Wi-Fi details again.",
            support=(
                "If the verdict card shows the appliance as activated and connected, a "
                "new try takes seconds. The timeline shows which stage took the time."
            ),
        ),
        Code.BIND_TOKEN_UNKNOWN: Text(
            title="Pairing not known here",
            cause="The pairing was started with another account or in another region, or was cancelled.",
            customer="Please sign in to the app with the account that started the pairing.",
            support=(
                "Ask which account the customer started with, and in which "
                "country. Never say which account a pairing belongs to."
            ),
        ),
        Code.BIND_OWNED: Text(
            title="Appliance belongs to another account",
            cause="The appliance is linked to another account and was not released.",
            customer=(
                "This appliance is linked to another account. Please "
                "ask whoever set it up to invite you or to release it."
            ),
            support=(
                "Never say or hint whose it is, not even when the caller names somebody. After a factory "
                "reset the other account is asked; if it does not object within 72 hours, pairing again works."
            ),
        ),
        Code.BIND_LIMIT: Text(
            title="No room for another appliance",
            cause="The account has reached its largest number of appliances.",
            customer="Please remove an appliance that you no longer use from the app.",
            support=(
                "The limit holds for every account and cannot be raised from the "
                "console. Suggest removing appliances that have been silent for long."
            ),
        ),
        Code.BIND_NO_PRESENCE: Text(
            title="Nobody confirmed at the appliance",
            cause="The appliance has to confirm on the spot, and no press of its button reached us in time.",
            customer="Please press the button on the appliance when the app asks you to.",
            support=(
                "See on the timeline whether the appliance was connected at that time. A press counts for "
                "two minutes; if it was pressed and none is shown, the appliance's connection is the problem."
            ),
        ),
        Code.BIND_APP_OFFLINE: Text(
            title="Phone is not back online",
            cause="The appliance is ready, but the phone is still on the appliance's network or without internet.",
            customer="Your appliance is ready. Please connect the phone to your home Wi-Fi again.",
            support=(
                "If the verdict card shows the appliance as bound and connected, "
                "everything is done and the app only has to look again."
            ),
        ),
        Code.BIND_TIMEOUT_RETRY: Text(
            title="Last step came late",
            cause="Everything went well, but the last step did not finish in time.",
            customer="Everything is prepared. Please tap “Retry” in the app.",
            support=(
                "There is no fault to look for. If a second try ends "
                "the same way, read on the timeline which stage is slow."
            ),
        ),
        Code.FIRST_NO_TELEMETRY: Text(
            title="No first report",
            cause=(
                "The appliance is connected, but has reported nothing yet: it is switched off at its panel, or idle."
            ),
            customer="Please switch the appliance on at its own panel.",
            support=(
                "Use the run check to see whether it is connected and when it last reported. "
                "Connected and still silent after it was switched on: see code 904."
            ),
        ),
        Code.FIRST_SCHEMA_MISMATCH: Text(
            title="Report does not fit the model",
            cause="The appliance reports something that our description of its model does not know.",
            customer=(
                "Some functions may be missing in the app until the next update. There is nothing you need to do."
            ),
            support=(
                "Read type and firmware on the verdict card and pass both to "
                "the engineers: the descriptor does not fit this firmware."
            ),
        ),
        Code.FIRST_CLOCK_SKEW: Text(
            title="Clock was off",
            cause="The appliance's clock was more than five minutes off; it was given the right time.",
            customer="The appliance's clock has been corrected. There is nothing you need to do.",
            support="Once is no reason to act. If it comes back every day, look for the cause as with code 205.",
        ),
        Code.FIRST_MAINBOARD_SILENT: Text(
            title="Main board does not answer",
            cause="The Wi-Fi module works, but cannot talk to the appliance's main board.",
            customer=(
                "Please unplug the appliance for one minute and plug "
                "it in again; if the code 904 comes back, contact us."
            ),
            support=(
                "If the code comes back after a minute without power, open a service order for "
                "the main board and its cable. Nothing in the home's network can cause this."
            ),
        ),
        Code.FIRST_REJECTED_PAYLOAD: Text(
            title="Report was refused",
            cause="A report of the appliance was too large, or sent where it may not send.",
            customer="The appliance needs a software update. Please install it in the app as soon as it is offered.",
            support=(
                "The timeline tells what was wrong with it. Pass that to the firmware team with the firmware version."
            ),
        ),
        Code.FIRST_REMOTE_OFF: Text(
            title="Remote control is switched off",
            cause="The appliance is paired, but remote control is switched off at its panel.",
            customer="Please switch on remote control at the appliance's own panel.",
            support=(
                "This is a setting, not a fault, and the customer's own "
                "choice. Explain where the setting is on this model."
            ),
        ),
    }
)
"""Of each code of these stages."""
