"""The rows of `wards` in the route table."""

from typing import Final

from gateway.api import wards
from gateway.api.codes import ApiCode
from gateway.api.consent_models import ConsentNoticeShown, ConsentSaid, ConsentsShown, NoticeWanted, SayYes
from gateway.api.consents import GIVING, SHOWING
from gateway.api.routes import Route
from gateway.api.wards import (
    EnterCode,
    GuardianCodeShown,
    GuardianShown,
    WardPath,
    WardPurposePath,
    WardShown,
    WardsShown,
)

ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/me/guardian-code",
        handler=wards.show_guardian_code,
        summary="Show a code for one's guardian",
        tag="guardians",
        answers={201: GuardianCodeShown},
        problems=(ApiCode.GUARDIAN_NOT_FOR_ACCOUNT,),
        description="For who is not of age and has no guardian here. Ten digits for ten minutes.",
    ),
    Route(
        method="GET",
        path="/v1/me/guardian",
        handler=wards.show_guardian,
        summary="Whether somebody decides for this account",
        tag="guardians",
        answers={200: GuardianShown},
    ),
    Route(
        method="DELETE",
        path="/v1/me/guardian",
        handler=wards.leave_guardian,
        summary="End it, as the minor",
        tag="guardians",
        answers={204: None},
        description="What the guardian gave stops with it. Nothing else does.",
    ),
    Route(
        method="POST",
        path="/v1/wards",
        handler=wards.enter_guardian_code,
        summary="Become somebody's guardian",
        tag="guardians",
        request=EnterCode,
        answers={201: WardShown},
        problems=(ApiCode.GUARDIAN_CODE_REFUSED,),
        description="With the code that the minor's app shows. For who is of age, for at most twenty minors. Wrong "
        "codes are counted, like wrong passwords.",
    ),
    Route(
        method="GET",
        path="/v1/wards",
        handler=wards.list_wards,
        summary="For whom this account decides",
        tag="guardians",
        answers={200: WardsShown},
    ),
    Route(
        method="DELETE",
        path="/v1/wards/{ward_id}",
        handler=wards.end_guardianship,
        summary="End it, as the guardian",
        tag="guardians",
        parameters=WardPath,
        answers={204: None},
        description="What the guardian gave stops with it. Nothing else does.",
    ),
    Route(
        method="POST",
        path="/v1/wards/{ward_id}/of-age",
        handler=wards.declare_of_age,
        summary="The minor is of age now",
        tag="guardians",
        parameters=WardPath,
        answers={204: None},
        description="Ends the link. The person decides alone from now on, beginning with nothing granted of what the "
        "guardian gave.",
    ),
    Route(
        method="GET",
        path="/v1/wards/{ward_id}/consents",
        handler=wards.list_ward_consents,
        summary="Where every purpose stands for the minor",
        tag="guardians",
        parameters=WardPath,
        answers={200: ConsentsShown},
    ),
    Route(
        method="POST",
        path="/v1/wards/{ward_id}/consents/{purpose}/notice",
        handler=wards.show_ward_notice,
        summary="Show the guardian what a yes would mean",
        tag="guardians",
        parameters=WardPurposePath,
        request=NoticeWanted,
        answers={201: ConsentNoticeShown},
        problems=SHOWING,
    ),
    Route(
        method="PUT",
        path="/v1/wards/{ward_id}/consents/{purpose}",
        handler=wards.grant_ward_consent,
        summary="Say yes for the minor",
        tag="guardians",
        parameters=WardPurposePath,
        request=SayYes,
        answers={200: ConsentSaid},
        problems=GIVING,
    ),
    Route(
        method="DELETE",
        path="/v1/wards/{ward_id}/consents/{purpose}",
        handler=wards.withdraw_ward_consent,
        summary="Take back for the minor",
        tag="guardians",
        parameters=WardPurposePath,
        answers={200: ConsentSaid},
    ),
)
