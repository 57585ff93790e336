"""What requests about rules ask, and what answers say of them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.api.household_models import HomeRefText
from gateway.api.models import DeviceIdText, Moment, ParameterModel, RequestModel, ResponseModel, UuidText, identifier
from gateway.domain.automations import Automation, Mode, Trigger
from gateway.domain.firings import Firing
from gateway.usecases.automations import RuleWish
from gateway.usecases.repositories.automations import Line

AutomationIdText = Annotated[str, identifier("r")]
FiringIdText = Annotated[str, identifier("f")]
TriggerText = Literal["near", "arrive", "leave", "first_arrives", "last_leaves"]


class ChangeAutomation(RequestModel):
    """The whole of what can be edited of a rule."""

    trigger: TriggerText
    mode: Literal["remind", "act"] = Field(
        description="`act` needs `location.auto_off` or `location.auto_on` as well; without it, it reminds"
    )
    action: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", examples=["off"])]
    params: dict[str, Any] = Field(default_factory=dict, repr=False)
    enabled: bool = True
    dry_run: bool = Field(
        default=False, description="For seven days it only says what it would have done; false ends that at once"
    )


class NewAutomation(ChangeAutomation):
    """A rule for one appliance and one home."""

    home_ref: HomeRefText
    device_id: DeviceIdText


class AutomationPath(ParameterModel):
    """Which rule."""

    automation_id: AutomationIdText


class FiringPath(ParameterModel):
    """Which firing."""

    firing_id: FiringIdText


class AutomationShown(ResponseModel):
    """A rule."""

    automation_id: AutomationIdText
    home_ref: HomeRefText
    device_id: DeviceIdText
    trigger: TriggerText
    mode: Literal["remind", "act"]
    action: str
    params: dict[str, Any] = Field(repr=False)
    starts: bool = Field(description="The action makes something heat, move or flow")
    enabled: bool
    dry_run_until: Moment | None
    rested_until: Moment | None = Field(description="It rests, because somebody told the appliance something")
    created_at: Moment


class AutomationsPage(ResponseModel):
    """A piece of the list."""

    items: list[AutomationShown]
    next: str | None = Field(description="`cursor` of the next piece; null at the end")


class ExplainedLine(ResponseModel):
    """Why a rule did something, or nothing. No places in it."""

    minute: Moment
    did: Literal["acted", "reminded", "nothing"]
    reason: str = Field(examples=["acts", "others_home", "manual_change"])
    dry: bool = Field(description="It only said what it would have done")


class Explanation(ResponseModel):
    """A piece of the list, newest first."""

    items: list[ExplainedLine]
    next: str | None = Field(description="`cursor` of the next piece; null at the end")


class FiringShown(ResponseModel):
    """What became of a firing."""

    firing_id: FiringIdText
    automation_id: AutomationIdText
    device_id: DeviceIdText
    state: Literal["pending", "waiting", "done", "undone", "dropped"]
    reason: str | None
    at: Moment
    command_id: UuidText | None


def wish_of(body: ChangeAutomation) -> RuleWish:
    """What the body asks for."""
    return RuleWish(
        trigger=Trigger(body.trigger),
        mode=Mode(body.mode),
        action=body.action,
        params=body.params,
        enabled=body.enabled,
        dry_run=body.dry_run,
    )


def shown_automation(rule: Automation) -> AutomationShown:
    """A rule in the answer's words."""
    return AutomationShown(
        automation_id=rule.automation_id,
        home_ref=rule.home_ref,
        device_id=rule.device_id,
        trigger=rule.trigger.value,
        mode=rule.mode.value,
        action=rule.action,
        params=dict(rule.params),
        starts=rule.starts,
        enabled=rule.enabled,
        dry_run_until=rule.dry_run_until,
        rested_until=rule.rested_until,
        created_at=rule.created_at,
    )


def shown_line(line: Line) -> ExplainedLine:
    """A line in the answer's words."""
    return ExplainedLine(minute=line.at, did=line.did.value, reason=line.reason.value, dry=line.dry)


def shown_firing(firing: Firing) -> FiringShown:
    """A firing in the answer's words."""
    return FiringShown(
        firing_id=firing.firing_id,
        automation_id=firing.automation_id,
        device_id=firing.device_id,
        state=firing.state.value,
        reason=None if firing.reason is None else firing.reason.value,
        at=firing.at,
        command_id=firing.command_id,
    )
