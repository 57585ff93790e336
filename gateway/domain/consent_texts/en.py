"""The texts of purposes in English."""

from typing import Final

from gateway.domain.consent import Purpose
from gateway.domain.consent_texts.text import PurposeText

_NOBODY: Final = "Who gets it: nobody. It stays in this installation; support cannot see it."
_ANY_TIME: Final = (
    "Take it back at any time in the app, with one touch. It counts before the app shows it. Nothing else stops."
)
_PRESENCE: Final = (
    "What is known then: whether your phone is near, at home or away, and the minute. Your phone decides that; "
    "no place, no route and no network ever reaches the gateway."
)
_NOW_ONLY: Final = "How long: only how it is now. Why a rule did or did not act can be read for 7 days, without places."
_INSTEAD: Final = "Without it: set a schedule, or press a button in the app."

ENGLISH: Final = {
    Purpose.POLICY: PurposeText(
        title="The privacy policy",
        allows="You have read what this service stores and why. Nothing beyond that is allowed by it.",
        data="What is known then: what the policy says about accounts and appliances.",
        kept="How long: as the policy says for each kind of data.",
        recipients="Who gets it: nobody but those whom the policy names.",
        instead="Without it: no appliance can be connected.",
        withdraw="Take it back at any time; then no further appliance can be connected. Closing your account removes "
        "everything.",
    ),
    Purpose.LOCATION_REMINDER: PurposeText(
        title="Reminders when you come and go",
        allows="The app may remind you to turn something on when you come home, or off when you leave. It only "
        "reminds: nothing is switched.",
        data=_PRESENCE,
        kept=_NOW_ONLY,
        recipients=_NOBODY,
        instead=_INSTEAD,
        withdraw=_ANY_TIME,
    ),
    Purpose.LOCATION_AUTO_OFF: PurposeText(
        title="Turning things off when you leave",
        allows="What you choose may be turned off a minute after you left; the app shows it before and can undo it.",
        data=_PRESENCE,
        kept=_NOW_ONLY,
        recipients=_NOBODY,
        instead=_INSTEAD,
        withdraw=_ANY_TIME,
    ),
    Purpose.LOCATION_AUTO_ON: PurposeText(
        title="Turning things on before you arrive",
        allows="What you choose may be turned on when you are near; never a radiant heater, never between 23:00 and "
        "06:00, and off again after 45 minutes if you do not arrive.",
        data=_PRESENCE,
        kept=_NOW_ONLY,
        recipients=_NOBODY,
        instead=_INSTEAD,
        withdraw=_ANY_TIME,
    ),
    Purpose.EXPERIENCE_PROGRAM: PurposeText(
        title="Helping to improve the appliances",
        allows="Counts of how your appliances are used may enter figures that name nobody.",
        data="What is known then: counts by type of appliance, without account, home or time of day.",
        kept="How long: the figures name nobody and stay; nothing of yours is kept for them.",
        recipients="Who gets it: whoever runs this installation, as figures.",
        instead="Without it: everything works the same.",
        withdraw=_ANY_TIME,
    ),
    Purpose.NOTICES_PUSH: PurposeText(
        title="Notices while the app is closed",
        allows="Notices about your account and appliances may be sent to your phone while the app is closed.",
        data="What is known then: that this account wants notices.",
        kept="How long: until you take it back.",
        recipients="Who gets it: nobody beyond your phone's own notice service, which sees that there is a notice, "
        "not what it says.",
        instead="Without it: the same notices are in the app.",
        withdraw=_ANY_TIME,
    ),
    Purpose.SHARE_WEBHOOK: PurposeText(
        title="Copies of your data to an address of yours",
        allows="What your appliances report may be sent to the one address that you name. Where you are is never sent.",
        data="What is known then: the address that you named.",
        kept="How long: the address until you take this back; what was sent is listed for you in the app.",
        recipients="Who gets it: whoever runs the address that you name. What they do with it is up to them.",
        instead="Without it: download a copy, or read it in the app.",
        withdraw=_ANY_TIME,
    ),
    Purpose.SUPPORT_CASE: PurposeText(
        title="Help from support",
        allows="Support may keep a case about your appliance open with you. Seeing the appliance needs your code each "
        "time.",
        data="What is known then: the number of the case, and when and why support looked.",
        kept="How long: 30 days after its end; that they looked, two years.",
        recipients="Who gets it: support of this installation.",
        instead="Without it: the help pages of each code.",
        withdraw=_ANY_TIME,
    ),
}
