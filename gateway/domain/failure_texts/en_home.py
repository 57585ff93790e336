"""English texts for failures at home: phone, Wi-Fi and the way out."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.failure_texts.text import Text
from gateway.domain.failures import Code

TEXTS: Final[Mapping[Code, Text]] = MappingProxyType(
    {
        Code.PAIR_DEVICE_NOT_FOUND: Text(
            title="Appliance not found",
            cause=(
                "The appliance is not in pairing mode, is too far from the phone, "
                "or the app may not use Bluetooth or look for devices nearby."
            ),
            customer=(
                "Please hold the Wi-Fi button on the appliance until its "
                "light blinks, then search again with the phone next to it."
            ),
            support=(
                "In the app report, check whether Bluetooth and location were allowed to the app. If they "
                "were, ask whether the light blinks: if it does not, the appliance is not in pairing mode."
            ),
        ),
        Code.PAIR_LOCAL_LINK_LOST: Text(
            title="Phone left the appliance's network",
            cause=(
                "The phone left the appliance's own network, most often because "
                "that network has no internet and the phone looked for a better one."
            ),
            customer=(
                "Please turn off mobile data for a minute and stay on "
                "the appliance's own network until the app goes on."
            ),
            support=(
                "Ask which phone and system it is, and see on the timeline how long the link held. "
                "If it breaks again, suggest pairing over Bluetooth where this type offers it."
            ),
        ),
        Code.PAIR_PROOF_MISMATCH: Text(
            title="Code of another appliance",
            cause=(
                "The code that was scanned or typed does not belong to this "
                "appliance: it is from another unit's label, or was misread."
            ),
            customer="Please scan the code on the appliance that you are setting up right now.",
            support=(
                "Ask for the last two characters of the machine code on the label and compare them with the unit on "
                "the verdict card. If they differ, the label is another unit's; if they agree, the code was misread."
            ),
        ),
        Code.PAIR_CONFIG_INCOMPLETE: Text(
            title="Wi-Fi details did not arrive whole",
            cause=(
                "The appliance got the network name or the password incompletely, as happens "
                "with unusual characters or great length, or the pairing token was missing."
            ),
            customer="Please enter the Wi-Fi name and password in the app once more.",
            support=(
                "Ask whether the network name has accents, emoji or other unusual "
                "characters, and whether the password is longer than 63. Never ask for the "
                "password itself. If one app version stands out in the funnel, it is the app."
            ),
        ),
        Code.PAIR_BUSY: Text(
            title="Another phone is pairing",
            cause="Another phone is pairing with this appliance at the same time.",
            customer="Please close the app on the other phone, wait three minutes and try again.",
            support=(
                "Look for a second attempt of the same unit at the same time. Ask who else "
                "at home has the app open; after three quiet minutes a new try is right."
            ),
        ),
        Code.PAIR_FIRMWARE_TOO_OLD: Text(
            title="Software of the appliance is too old",
            cause="The appliance speaks a version of the pairing protocol that the app no longer supports.",
            customer="Please install the update that the app offers for this appliance.",
            support=(
                "Read the firmware version on the verdict card. If the app offers "
                "no update over the local link for it, arrange a service visit."
            ),
        ),
        Code.WIFI_SSID_NOT_FOUND: Text(
            title="Wi-Fi network not found",
            cause=(
                "The appliance cannot see the chosen network: it is 5 "
                "GHz only, hidden or too far away, or the router is off."
            ),
            customer="Please choose a 2.4 GHz Wi-Fi network that reaches the place where the appliance stands.",
            support=(
                "Read the scan list in the app report: is there a 2.4 GHz entry, and how strong is it? None: the "
                "router sends on 5 GHz only or hides the name. Weaker than -75 dBm: distance. No scan list: ask for "
                "both."
            ),
        ),
        Code.WIFI_PASSWORD_REJECTED: Text(
            title="Wi-Fi password rejected",
            cause="The router refused the password several times in a row although the signal was good.",
            customer=(
                "The router did not accept the Wi-Fi password. Please "
                "type it again and let the app show it while you type."
            ),
            support=(
                "Confirm on the timeline at least three equal results and a signal better "
                "than -70 dBm; otherwise treat it as code 103. Never ask for the password. "
                "Think of capital letters, and of a guest network with a password of its own."
            ),
        ),
        Code.WIFI_PASSWORD_SUSPECT: Text(
            title="Wi-Fi password in doubt",
            cause=(
                "Joining failed as it does with a wrong password, but a weak signal, "
                "a mix of WPA2 and WPA3 or a filter in the router looks the same."
            ),
            customer="Please check the Wi-Fi password; if it is right, tap “It is right” in the app.",
            support=(
                "Do not tell the customer that the password is wrong. Read on the card what "
                "does not fit together: if the phone joined with the same password, check the "
                "router for WPA3, protected frames (PMF) and a MAC filter, then the signal."
            ),
        ),
        Code.WIFI_SECURITY_UNSUPPORTED: Text(
            title="Wi-Fi security not supported",
            cause=(
                "The network uses WPA3 only, the outdated WEP, or a company "
                "log-in (Enterprise); the appliance can do none of these."
            ),
            customer="Please set the router's Wi-Fi security to WPA2, or to WPA2/WPA3 mixed.",
            support=(
                "Read the security in the scan list of the app report. WPA3 only: give the steps to mixed mode "
                "for the router's brand. WEP or Enterprise: suggest a WPA2 network of its own for appliances."
            ),
        ),
        Code.WIFI_SIGNAL_WEAK: Text(
            title="Wi-Fi signal too weak",
            cause="Where the appliance stands, the signal is too weak for a steady connection (below about -80 dBm).",
            customer="Please move the router closer to the appliance, or add a Wi-Fi repeater near it.",
            support=(
                "Read the signal in the appliance's radio report, in this attempt and the ones before. If "
                "it is sometimes better than -70 dBm, something disturbs it: suggest channel 1, 6 or 11."
            ),
        ),
        Code.WIFI_AP_FULL: Text(
            title="Router has no free place",
            cause="The router has reached the largest number of devices that it lets in.",
            customer="Please disconnect a device that you no longer use from your Wi-Fi.",
            support=(
                "Ask how many devices are connected; the router's own page shows the limit. Once a place is "
                "free the appliance joins by itself within a minute or two, so there is no need to pair again."
            ),
        ),
        Code.WIFI_ASSOC_REFUSED: Text(
            title="Router turned the appliance away",
            cause=(
                "The router lets in only devices on its list (a MAC "
                "filter), or waits for somebody to approve the new one."
            ),
            customer="Please open your router's app or settings and allow the new device.",
            support=(
                "Ask whether the router filters or approves devices. The full address to allow is "
                "on the appliance's label or in the app; we keep only its last two characters, "
                "with which the customer can find the right entry in the router's list."
            ),
        ),
        Code.WIFI_CHANNEL_NOT_ALLOWED: Text(
            title="Wi-Fi channel not allowed",
            cause="The router uses a channel (12, 13 or 14) that the appliance may not use with its country setting.",
            customer="Please set the router's 2.4 GHz channel to 1, 6 or 11.",
            support=(
                "Ask in which country the appliance was bought. A fixed channel solves it; "
                "with an automatic channel the router may move back later and the code returns."
            ),
        ),
        Code.WIFI_NETWORK_CHANGED: Text(
            title="Home network has changed",
            cause=(
                "The appliance was connected before; since then the "
                "router was renamed or replaced, or got a new password."
            ),
            customer="Please run “Change network” for this appliance in the app.",
            support=(
                "Do not let the customer reset the appliance: everything about it is intact and it "
                "only needs the new Wi-Fi details. The run check shows when it was last connected."
            ),
        ),
        Code.NET_DHCP_TIMEOUT: Text(
            title="Router gave no address",
            cause=(
                "The appliance joined the Wi-Fi, but the router gave it no "
                "address: none is left, or handing them out (DHCP) is off."
            ),
            customer="Please restart the router and wait until its Wi-Fi is back.",
            support=(
                "Ask how many devices are at home and whether the router was set up by hand. "
                "If a restart helps only for a day, the router has too few addresses to give."
            ),
        ),
        Code.NET_DNS_FAILED: Text(
            title="Name of our service not found",
            cause=(
                "The home network did not tell the appliance where our service "
                "is: DNS is blocked, broken or filtered by an ad blocker."
            ),
            customer="Please turn off any ad blocker or web filter on your router, then try again.",
            support=(
                "Look in the app report at the name test from the same Wi-Fi. It failed too: router or filter; "
                "suggest the provider's own DNS. It worked: look for a filter that treats new devices differently."
            ),
        ),
        Code.NET_PORT_BLOCKED: Text(
            title="Network blocks the connection",
            cause=(
                "The network does not let the appliance's connection "
                "out (port 8883), as guest and office networks often do."
            ),
            customer="Please connect the appliance to your normal home Wi-Fi, not to a guest or office network.",
            support=(
                "The app report tells whether ports 8883 and 443 opened from the same "
                "Wi-Fi. Only 443: somebody has to open 8883 in the router or office "
                "network. Both open: the verdict is unsure; compare with a phone's hotspot."
            ),
        ),
        Code.NET_CAPTIVE_PORTAL: Text(
            title="Network wants a log-in page",
            cause=(
                "The network asks everybody for a log-in in a browser first, "
                "as in hotels and dormitories; an appliance cannot do that."
            ),
            customer="This network asks for a log-in in a browser. Please use a Wi-Fi network that does not.",
            support=(
                "The app report's web test shows the log-in page. Ask whether the operator of the network "
                "can admit the appliance without it; otherwise the customer needs a router of their own."
            ),
        ),
        Code.NET_TIME_UNSET: Text(
            title="Appliance does not know the time",
            cause=(
                "The appliance could not learn the time: time servers are blocked, or its clock started in the past."
            ),
            customer=(
                "Please unplug the appliance for ten seconds and plug "
                "it in again; if the code 205 comes back, contact us."
            ),
            support=(
                "See on the timeline which time the appliance believed, if it said so. If it repeats, ask whether "
                "the router blocks UDP 123. Our answers carry the time: an appliance that reaches us corrects itself."
            ),
        ),
        Code.NET_NO_INTERNET: Text(
            title="No internet at home",
            cause="The Wi-Fi works, but the router has no connection to the internet.",
            customer="Your router has no internet at the moment. Please restart it and wait five minutes.",
            support=(
                "Compare with the app: if the phone reaches us over mobile data but not over the Wi-Fi, it is "
                "the line, and the provider has to help. Once the line is back the appliance connects by itself."
            ),
        ),
    }
)
"""Of each code of these stages."""
