"""What each kind of client may say and hear covers the topics that exist, and no others."""

import pytest

from gateway.protocol.access import ACCESS, RENEW_ONLY, filters, substitute
from gateway.protocol.topics import ClaimChannel, ClaimTopic, DownChannel, DownTopic, UpChannel, UpTopic

NAME = "0123456789abcdefghjkmnpqrs"
OTHER = "z" * 26
DEVICE, CLAIM = f"d-{NAME}", f"c-{NAME}"
UP = {str(UpTopic(DEVICE, channel)) for channel in UpChannel}
DOWN = {str(DownTopic(DEVICE, channel)) for channel in DownChannel}


def covered(allowed: tuple[str, ...], topic: str) -> bool:
    """MQTT 3.1.1 section 4.7: `#` covers everything below."""
    return any(topic == entry or (entry.endswith("/#") and topic.startswith(entry[:-1])) for entry in allowed)


def test_an_appliance_may_say_what_goes_up_and_hear_what_goes_down() -> None:
    access = filters(ACCESS["d"], DEVICE)
    assert all(covered(access.publish, topic) and not covered(access.subscribe, topic) for topic in UP)
    assert all(covered(access.subscribe, topic) and not covered(access.publish, topic) for topic in DOWN)


def test_an_appliance_reaches_no_topic_of_another() -> None:
    access = filters(ACCESS["d"], DEVICE)
    foreign = str(UpTopic(f"d-{OTHER}", UpChannel.STATE))
    assert not covered(access.publish, foreign)
    assert not covered(access.subscribe, foreign)


def test_a_claim_identity_asks_and_hears_the_reply_and_nothing_else() -> None:
    access = filters(ACCESS["c"], CLAIM)
    assert access.publish == (str(ClaimTopic(CLAIM, ClaimChannel.REQUEST)),)
    assert access.subscribe == (str(ClaimTopic(CLAIM, ClaimChannel.REPLY)),)


def test_an_expired_appliance_may_renew_and_not_say_hello() -> None:
    access = filters(RENEW_ONLY, DEVICE)
    assert {topic for topic in UP if covered(access.publish, topic)} == {str(UpTopic(DEVICE, UpChannel.RENEW))}
    assert {topic for topic in DOWN if covered(access.subscribe, topic)} == {str(DownTopic(DEVICE, DownChannel.RENEW))}


def test_a_gateway_reaches_everything_of_ours() -> None:
    access = filters(ACCESS["g"], f"g-{NAME}")
    assert all(covered(access.publish, topic) and covered(access.subscribe, topic) for topic in UP | DOWN)
    assert not covered(access.subscribe, "$SYS/broker/uptime")


@pytest.mark.parametrize("name", ["", "#", "+", "d-#", DEVICE + "\n", f"{DEVICE}/x", f"d-{NAME[:-1]}+", "{cn}"])
def test_a_name_that_no_certificate_carries_is_never_put_into_a_filter(name: str) -> None:
    with pytest.raises(ValueError, match="not a common name"):
        filters(ACCESS["d"], name)


def test_a_broker_puts_its_own_pattern_in_the_names_place() -> None:
    assert substitute(ACCESS["c"], "%u").publish == ("hg/v1/claim/%u/req",)
