"""What requests about homes ask, and what answers say of them."""

from typing import Annotated

from pydantic import AfterValidator, Field

from gateway.api.models import Moment, ParameterModel, RequestModel, ResponseModel, identifier
from gateway.domain.households import LABEL_AT_MOST
from gateway.usecases.households import SeenHome, normal_label
from gateway.usecases.local_time import LONGEST_ZONE

HomeRefText = Annotated[str, identifier("h")]
MemberRefText = Annotated[str, identifier("m")]
ZoneText = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+/-]*$", max_length=LONGEST_ZONE, examples=["Europe/Berlin"]),
]


def _label(text: str) -> str:
    normal = normal_label(text)
    if normal is None:
        raise ValueError(f"must have 1 to {LABEL_AT_MOST} visible characters")
    return normal


LabelText = Annotated[str, Field(max_length=4 * LABEL_AT_MOST), AfterValidator(_label)]


class NewHome(RequestModel):
    """A home is a time zone and a word of one's own. There is no field for where it is."""

    time_zone: ZoneText = Field(description="IANA name: what is night there")
    label: LabelText | None = Field(default=None, repr=False, examples=["Home"])


class ChangeHome(RequestModel):
    """What is not named stays as it is."""

    time_zone: ZoneText | None = Field(default=None, description="For all members")
    label: LabelText | None = Field(default=None, repr=False, description="One's own; null takes it away")


class SomeoneHere(RequestModel):
    """The switch."""

    on: bool


class JoinHome(RequestModel):
    """The code that a member showed."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$", repr=False, examples=["bl7m0S0cV3tWcQm3v0lWIg"])]
    label: LabelText | None = Field(default=None, repr=False)


class HomePath(ParameterModel):
    """Which home."""

    home_ref: HomeRefText


class MemberPath(ParameterModel):
    """Which member of which home."""

    home_ref: HomeRefText
    member_ref: MemberRefText


class HomeMemberShown(ResponseModel):
    """That there is somebody. Who, and where they are, is not told."""

    member_ref: MemberRefText
    joined_at: Moment
    keeper: bool = Field(description="May remove others")
    you: bool


class HomeShown(ResponseModel):
    """A home, as one of its members sees it."""

    home_ref: HomeRefText
    time_zone: str
    label: str | None = Field(repr=False, description="One's own word for it")
    someone_here: bool = Field(description="Nothing turns off because people leave")
    members: list[HomeMemberShown]


class HomesShown(ResponseModel):
    """All homes of this account."""

    items: list[HomeShown]


class HomeInvitationShown(ResponseModel):
    """To be handed on to one person. It works once."""

    code: str = Field(repr=False)
    expires_at: Moment


def shown_home(seen: SeenHome) -> HomeShown:
    """A home in the answer's words."""
    return HomeShown(
        home_ref=seen.home.home_ref,
        time_zone=seen.home.zone,
        label=seen.label,
        someone_here=seen.home.someone_here,
        members=[
            HomeMemberShown(member_ref=one.member_ref, joined_at=one.joined_at, keeper=one.keeper, you=one.you)
            for one in seen.members
        ],
    )
