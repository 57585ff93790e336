"""Records of homes, rules and firings to store, each complete and different from the next."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.automations import Automation, AutomationId, Mode, Reason, Trigger
from gateway.domain.consent import GrantedPurpose, Purpose
from gateway.domain.firings import Firing, FiringId, FiringState
from gateway.domain.households import Home, HomeInvitation, HomeMember, HomeRef, MemberRef
from gateway.domain.identity import CommandId
from gateway.usecases.repositories.automations import Did, Line
from gateway.usecases.transaction import Transaction
from tests.storage.records import NOW, account_id, device_id, digest, named, with_accounts, with_devices

MINUTE = timedelta(minutes=1)


def home_ref(number: int = 1) -> HomeRef:
    return HomeRef(named("h", number))


def automation_id(number: int = 1) -> AutomationId:
    return AutomationId(named("r", number))


def firing_id(number: int = 1) -> FiringId:
    return FiringId(named("f", number))


def a_home(number: int = 1) -> Home:
    return Home(home_ref(number), "Europe/Berlin", NOW, ask_at=NOW + number * MINUTE)


def a_member(home: int = 1, account: int = 1, *, keeper: bool = False) -> HomeMember:
    return HomeMember(
        home_ref=home_ref(home),
        account_id=account_id(account),
        member_ref=MemberRef(named("m", 100 * home + account)),
        joined_at=NOW + account * MINUTE,
        keeper=keeper,
        label_sealed=b"sealed label %d" % account,
    )


def an_invitation(number: int = 1, home: int = 1) -> HomeInvitation:
    return HomeInvitation(digest(f"code {number}"), home_ref(home), account_id(), NOW + number * MINUTE)


def a_rule(number: int = 1, home: int = 1, account: int = 1, device: int = 1) -> Automation:
    return Automation(
        automation_id=automation_id(number),
        account_id=account_id(account),
        home_ref=home_ref(home),
        device_id=device_id(device),
        epoch=3,
        trigger=Trigger.LAST_LEAVES,
        mode=Mode.ACT,
        action="set",
        params={"target_c": 21.5, "rooms": ["küche"]},
        starts=False,
        created_at=NOW,
        dry_run_until=NOW + timedelta(days=7),
        rested_until=NOW + timedelta(hours=2),
        fired_at=NOW - MINUTE,
    )


def a_firing(number: int = 1, rule: int = 1, account: int = 1, *, starts: bool = False) -> Firing:
    return Firing(
        firing_id=firing_id(number),
        automation_id=automation_id(rule),
        account_id=account_id(account),
        home_ref=home_ref(),
        device_id=device_id(),
        epoch=3,
        starts=starts,
        waits=starts,
        state=FiringState.PENDING,
        at=NOW + number * MINUTE,
        due_at=NOW + number * MINUTE,
        off_command_id=CommandId(f"0195504a-0000-7000-8000-{number:012}"),
    )


def a_done_firing(number: int = 1) -> Firing:
    done = replace(a_firing(number), state=FiringState.DONE, due_at=None, reason=Reason.ACTED)
    return replace(done, at=NOW, command_id=CommandId(f"0195504a-0000-7000-8000-{900 + number:012}"))


def a_line(rule: int = 1, account: int = 1, *, reason: Reason = Reason.OTHERS_HOME, dry: bool = False) -> Line:
    return Line(automation_id(rule), account_id(account), NOW, Did.NOTHING, reason, dry)


def with_home(tx: Transaction, number: int = 1, *accounts: int) -> None:
    """A home with its members, the first its keeper, where it is not there yet."""
    if tx.households.get(home_ref(number)) is not None:
        return
    keeper, *others = accounts or (1,)
    with_accounts(tx, keeper, *others)
    tx.households.add(a_home(number), a_member(number, keeper, keeper=True))
    for other in others:
        tx.households.add_member(a_member(number, other))


def with_rule(tx: Transaction, number: int = 1, home: int = 1, account: int = 1, device: int = 1) -> None:
    """A rule with all that it refers to."""
    with_home(tx, home, account)
    with_devices(tx, device)
    if tx.automations.one(account_id(account), automation_id(number)) is None:
        tx.automations.add(a_rule(number, home, account, device))


def a_grant(account: int = 1, purpose: Purpose = Purpose.LOCATION_REMINDER) -> GrantedPurpose:
    """What somebody allowed."""
    return GrantedPurpose(account_id(account), purpose, NOW, 1)


def with_invitation(tx: Transaction) -> None:
    """An invitation whose day is over now."""
    with_home(tx)
    tx.households.add_invitation(replace(an_invitation(), expires_at=NOW))


def with_presence(tx: Transaction) -> None:
    """A word that was told now."""
    with_home(tx)
    tx.whereabouts.put(a_grant(), home_ref(), b"sealed", NOW)


def with_firing(tx: Transaction) -> None:
    """A firing that is over."""
    with_rule(tx)
    tx.automations.add_firing(a_done_firing())


def with_line(tx: Transaction) -> None:
    """A line of the explanation."""
    with_rule(tx)
    tx.automations.explain([a_line()])
