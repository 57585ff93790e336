"""Topics and what they say are inverses of each other, and nothing else is a topic."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain import identity
from gateway.protocol import topics
from gateway.protocol.topics import (
    BusTopic,
    ClaimChannel,
    ClaimTopic,
    DownChannel,
    DownTopic,
    Topic,
    UpChannel,
    UpTopic,
    device_of_state_topic,
    parse,
)

NAME = "0123456789abcdefghjkmnpqrs"
DEVICE = f"d-{NAME}"
STATE = f"hg/v1/dev/{DEVICE}/up/state"

random_names = st.text("0123456789abcdefghijklmnopqrstuvwxyz", min_size=26, max_size=26)
any_topic = st.one_of(
    st.builds(ClaimTopic, random_names.map("c-{}".format), st.sampled_from(ClaimChannel)),
    st.builds(UpTopic, random_names.map("d-{}".format), st.sampled_from(UpChannel)),
    st.builds(DownTopic, random_names.map("d-{}".format), st.sampled_from(DownChannel)),
    st.builds(BusTopic, random_names.map("a-{}".format)),
)


@given(any_topic)
def test_parsing_undoes_writing(topic: Topic) -> None:
    assert parse(str(topic)) == topic


@given(st.text() | st.text("hg/v1devupstac-+#\n\0", max_size=60))
@example(STATE)
def test_writing_undoes_parsing_and_no_text_raises(text: str) -> None:
    parsed = parse(text)
    assert parsed is None or str(parsed) == text


@given(any_topic, st.integers(0, 60), st.characters())
def test_a_topic_with_one_other_character_says_something_else_or_nothing(topic: Topic, at: int, other: str) -> None:
    text = str(topic)
    changed = text[:at] + other + text[at + 1 :]
    assert changed == text or parse(changed) != topic


@given(any_topic.map(str) | st.text())
@example(STATE)
@example(STATE + "\n")
@example(f"hg/v1/dev/{DEVICE}/up/event")
def test_the_fast_path_agrees_with_parsing(text: str) -> None:
    parsed = parse(text)
    expected = parsed.device_id if isinstance(parsed, UpTopic) and parsed.channel is UpChannel.STATE else None
    assert device_of_state_topic(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        f"/{STATE}",
        f"{STATE}/",
        f"{STATE}\n",
        f"{STATE}\0",
        f"{STATE}/more",
        f"hg/v2/dev/{DEVICE}/up/state",
        f"HG/v1/dev/{DEVICE}/up/state",
        f"hg/v1/dev/{DEVICE}/up",
        f"hg/v1/dev/{DEVICE}/up/",
        f"hg/v1/dev/{DEVICE}//state",
        f"hg/v1/dev/{DEVICE}/up/command",
        f"hg/v1/dev/{DEVICE}/down/state",
        f"hg/v1/dev/{DEVICE}/up/#",
        "hg/v1/dev/+/up/state",
        "hg/#",
        "#",
        f"hg/v1/dev/c-{NAME}/up/state",
        f"hg/v1/dev/D-{NAME}/up/state",
        f"hg/v1/dev/d-{NAME[:-1]}/up/state",
        f"hg/v1/dev/d-{NAME}0/up/state",
        f"hg/v1/dev/d-{NAME[:-1]}\n/up/state",
        f"hg/v1/dev/d-{NAME[:-1]}٣/up/state",
        f"hg/v1/claim/{DEVICE}/req",
        f"hg/v1/claim/c-{NAME}/req\n",
        f"hg/v1/bus/{DEVICE}",
        f"hg/v1/bus/a-{NAME}/x",
        f"$share/gateway/{STATE}",
        "hg/v1/bus/a-" + "0" * 300,
        "/" * 65535,
    ],
)
def test_what_is_no_topic_of_ours_is_none(text: str) -> None:
    assert parse(text) is None
    assert device_of_state_topic(text) is None


def test_certificate_names_have_the_same_form_in_both_sibling_layers() -> None:
    assert topics.COMMON_NAME.pattern == identity.COMMON_NAME.pattern
