"""Which tables serve which activity, and what the record of processing says besides the data map, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.domain.policies import Language
from gateway.storage.data_map.entries import Reader

# ruff: noqa: RUF001 - Chinese has punctuation of its own

Text = Mapping[Language, str]


def _text(english: str, chinese: str) -> Text:
    return MappingProxyType({Language.ENGLISH: english, Language.CHINESE: chinese})


@dataclass(frozen=True, slots=True)
class Described:
    """One activity, before what the data map adds."""

    key: str
    name: Text
    purpose: Text
    people: Text
    rests_on: Text
    tables: tuple[str, ...]
    leaves_to: Text | None = None


_USERS: Final = _text("people with an account", "账号持有人")
_OWNERS: Final = _text("people who own an appliance or share it", "拥有或共用电器的人")
_SERVICE: Final = _text(
    "the service that the person asked for; the policy was acknowledged before", "本人要求的服务，此前已确认政策"
)
_SAFETY: Final = _text("keeping accounts and appliances safe", "保障账号和电器的安全")
_DUTY: Final = _text("the duty to answer to the person and to show what was done", "答复本人并能够证明所作处理的义务")

ACTIVITIES: Final = (
    Described(
        "accounts",
        _text("Accounts and log-in", "账号与登录"),
        _text("Only the person reaches their appliances.", "只有本人能够使用其电器。"),
        _USERS,
        _SERVICE,
        ("accounts", "passwords", "sessions", "session_tokens", "throttles", "idempotent_requests"),
    ),
    Described(
        "appliances",
        _text("Bringing appliances home", "添加电器"),
        _text("An appliance proves what it is, and serves one household.", "电器证明其身份，并只服务于一个家庭。"),
        _OWNERS,
        _SERVICE,
        (
            *("units", "claim_connections", "devices", "certificate_keys", "certificates"),
            *("pairings", "pairing_steps", "bindings", "release_requests", "verdicts"),
        ),
    ),
    Described(
        "failures",
        _text("Finding out why an appliance could not be set up", "查明电器为何未能安装"),
        _text("Tell the person and support what went wrong and what helps.", "告知本人和客服出了什么问题、如何解决。"),
        _OWNERS,
        _SERVICE,
        ("attempts", "evidence"),
    ),
    Described(
        "operation",
        _text("Showing and controlling appliances", "显示和控制电器"),
        _text("The app shows how an appliance is, and tells it what to do.", "应用显示电器状态并向其发出指令。"),
        _OWNERS,
        _SERVICE,
        ("states", "presences", "commands", "received_messages", "outbox", "events"),
    ),
    Described(
        "support",
        _text("Support", "客服"),
        _text(
            "Help with one appliance, when its owner asks or in an emergency.",
            "应主人请求或在紧急情况下就一台电器提供帮助。",
        ),
        _OWNERS,
        _text(
            "the owner's own six-digit code, for one appliance and a day; in an emergency the decision of two people",
            "主人提供的六位验证码，仅限一台电器和一天；紧急情况下由两名工作人员共同决定",
        ),
        ("support_codes", "support_grants", "break_glass"),
    ),
    Described(
        "staff",
        _text("Staff, and the audit of what they do", "工作人员及其操作审计"),
        _text(
            "Every look at a person's data can be neither denied nor changed.", "每次查看个人数据均不可否认、不可更改。"
        ),
        _text("staff; people whose appliance they looked at", "工作人员；其电器被查看的人"),
        _SAFETY,
        ("staff", "staff_sessions", "audit_rows"),
    ),
    Described(
        "consents",
        _text("Consents, and guardians of minors", "同意与未成年人的监护人"),
        _text("Do only what was allowed, and be able to show it.", "只做获得同意的事，并能够证明。"),
        _text("people with an account, minors and their guardians among them", "账号持有人，包括未成年人及其监护人"),
        _DUTY,
        ("consents", "consent_ledgers", "consent_events", "consent_notices", "guardian_codes", "guardianships"),
    ),
    Described(
        "notices",
        _text("Telling people", "告知"),
        _text(
            "Changes of the policy, incidents, support's looks, consents that stop.",
            "政策变更、事件、客服查看、停止的同意。",
        ),
        _USERS,
        _DUTY,
        ("notices",),
    ),
    Described(
        "location",
        _text("Rules for coming home and leaving", "回家和离家规则"),
        _text(
            "Remind, turn off or turn on, as wished. Places are never known: a phone says home, near or away.",
            "按本人意愿提醒、关闭或开启。从不知道地点：手机只说在家、附近或离家。",
        ),
        _text("people who allowed it; for a minor, the guardian allows it", "同意此功能的人；未成年人由监护人同意"),
        _text(
            "consent, each purpose alone: location.reminder, location.auto_off, location.auto_on",
            "同意，每项目的分别作出：location.reminder、location.auto_off、location.auto_on",
        ),
        (
            *("homes", "home_members", "home_invitations", "whereabouts"),
            *("automations", "automation_firings", "automation_lines"),
        ),
    ),
    Described(
        "rights",
        _text("Copies, requests, deletion and closing", "副本、申请、删除与注销"),
        _text(
            "People see, take along, correct and delete what is known about them.",
            "人们查看、带走、更正和删除有关自己的数据。",
        ),
        _USERS,
        _DUTY,
        ("exports", "export_pieces", "requests", "closures", "erasures"),
    ),
    Described(
        "incidents",
        _text("Incidents", "安全事件"),
        _text("Tell those whom it concerns what happened and what helps.", "告知相关的人发生了什么、如何应对。"),
        _text("people whom an incident concerns", "事件所涉及的人"),
        _DUTY,
        ("incidents", "incident_accounts"),
    ),
    Described(
        "disclosures",
        _text("Sending to an address that the person named", "发送到本人指定的地址"),
        _text("What is known of an appliance goes where its person wants it.", "按本人意愿发送有关其电器的数据。"),
        _text("people who named an address", "指定了地址的人"),
        _text("consent: share.webhook", "同意：share.webhook"),
        ("recipients", "disclosures"),
        _text(
            "the address that the person named, wherever it is; appliance data only, never whereabouts",
            "本人指定的地址，无论位于何处；仅电器数据，绝不包括在家与否",
        ),
    ),
)

READERS: Final[Mapping[Reader, Text]] = MappingProxyType(
    {
        Reader.GATEWAY: _text("the program", "程序"),
        Reader.PERSON: _text("the person", "本人"),
        Reader.APPLIANCE: _text("the appliance", "电器"),
        Reader.VIEWER: _text("support, unit view", "客服（设备视图）"),
        Reader.AGENT: _text("support, customer view", "客服（客户视图）"),
        Reader.LEAD: _text("lead of support", "客服主管"),
        Reader.ENGINEER: _text("engineer, by trace id", "工程师（按追踪号）"),
        Reader.OFFICER: _text("privacy officer", "隐私专员"),
        Reader.AUDITOR: _text("auditor", "审计员"),
        Reader.ADMIN: _text("administrator of staff accounts", "工作人员账号管理员"),
        Reader.OPERATOR: _text("operator, as a figure", "运营者（仅数字）"),
    }
)

MEASURES: Final = (
    _text(
        "Identifiers are stored as keyed digests (HMAC-SHA256, a key for each field), passwords as bcrypt of such.",
        "标识符以带密钥的摘要保存（HMAC-SHA256，每个字段各有密钥）；密码以带密钥摘要的 bcrypt 保存。",
    ),
    _text(
        "A person's own words, names and whereabouts are sealed with AES-256-GCM under a key of that person, kept in a "
        "store of its own; destroying the key erases, backups included.",
        "本人的文字、名称和在家与否以 AES-256-GCM 加密，密钥属于本人并单独存放；销毁密钥即删除，备份亦然。",
    ),
    _text(
        "TLS everywhere outside loopback; appliances and broker know each other by certificates of the installation.",
        "除本机回环外一律使用 TLS；电器与消息服务器以本系统的证书互相识别。",
    ),
    _text(
        "Every column states for which purposes it is read; a reading for another purpose is refused.",
        "每一列都注明可为何种目的读取；为其他目的的读取会被拒绝。",
    ),
    _text(
        "No role of staff may do everything; every look is an audit row in a signed chain before it is an answer.",
        "工作人员按角色分权，无人拥有全部权限；每次查看先写入签名的审计链，然后才有答复。",
    ),
    _text(
        "One job removes what was kept long enough, class by class, and its lag is measured.",
        "由一项任务按类别删除到期数据，并监测其滞后。",
    ),
    _text(
        "Erasures end with a signed receipt, and are repeated after a restored backup before anybody is served.",
        "删除逐步执行直至签发回执；恢复备份后，在提供服务之前重新执行。",
    ),
    _text(
        "Whatever leaves about a person passes one function that needs their consent, and is listed for them.",
        "凡有关个人的数据外发，都经过一个要求本人同意的函数，并列示给本人。",
    ),
)
