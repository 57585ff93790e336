"""What a person reads about each table, in Chinese: for the list in the Chinese policy."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.usecases.repositories.retention import RetentionClass as Kept

# ruff: noqa: RUF001 - Chinese has punctuation of its own

TOLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accounts": "您的账号：一个随机编号，以及无法还原的登录名。",
        "accounts.adult": "您是否已成年。",
        "passwords": "您密码的单向摘要，任何人都无法由此读出密码。",
        "sessions": "您的登录记录：开始、最近使用和结束的时间。",
        "session_tokens": "您登录期间应用所持密钥的摘要。",
        "throttles": "输错密码的次数，记在所尝试的登录名或地址的摘要之下。",
        "idempotent_requests": "最近一天给您应用的答复，已加密，以备网络中断后应用再次询问。",
        "units": "您电器的生产记录：型号，以及无法还原的编号和 MAC。",
        "claim_connections": "您的电器安装时出示的出厂证书。",
        "devices": "您的电器在网关中的名称、固件，以及是否允许工作。",
        "certificate_keys": "您电器公钥的摘要。",
        "certificates": "您的电器用来向网关证明身份的证书。",
        "pairings": "您准备添加电器这件事，以及结果。",
        "pairings.address_index": "您的应用发起请求的网络地址的摘要，不保存地址本身。",
        "pairing_steps": "添加电器进行到哪一步。",
        "bindings": "哪些电器是您的、从何时起，以及您给它们起的名字。",
        "release_requests": "有人持有您以前的电器并提出申请，直到您答复或期限届满。",
        "verdicts": "最近一次告知您的电器它是否属于您的消息。",
        "attempts": "电器安装的过程，以便失败时能够说明原因。",
        "evidence": "电器安装期间观察到的情况。",
        "evidence.address_index": "您的电器发起连接的网络地址的摘要，不保存地址本身。",
        "states": "您电器的最新上报，例如温度。不保存更早的上报。",
        "presences": "您的电器是否在线，以及最近一次通信的时间。",
        "commands": "最近 30 天您对电器发出的指令，以及是否完成。",
        "commands.params": "指令的数值，仅保存到指令完成。",
        "received_messages": "最近一天您电器消息的编号，不含内容。",
        "outbox": "待发给您电器的消息，通常几秒内发出。",
        "events": "最近十分钟给您应用的消息，以备连接中断。",
        "key_checks": "用系统密钥加密的一段测试文字，与任何人无关。",
        "staff": "仅涉及工作人员：姓名、角色和登录方式。",
        "staff_sessions": "仅涉及工作人员：最近一天的登录。",
        "support_codes": "您出示给客服的验证码的摘要，保存一刻钟。",
        "support_grants": "客服何时可以查看您的电器，以及原因。",
        "break_glass": "两名工作人员何时决定客服可在没有您验证码的情况下查看您的电器，以及原因。",
        "audit_rows": "工作人员每次查看您的电器：时间、角色和原因。",
        "consents": "您同意和拒绝了什么，以及时间。",
        "consent_ledgers": "您的同意签名记录的末尾位置。",
        "consent_events": "您每一次同意、拒绝和撤回的签名记录。您离开后，记录上不再有您的名字，任何人都无法再读取；"
        "剩下的内容只能让您凭手中的回执证明其存在。",
        "consent_notices": "在作出敏感同意之前向您展示的文本。",
        "notices": "网关告知您的事项：政策变更、事件、客服、同意。",
        "guardian_codes": "您出示给监护人的验证码的摘要，保存十分钟。",
        "guardianships": "您未成年时由谁为您作决定，或您为谁作决定。",
        "exports": "您何时索取数据副本，以及是否已领取。",
        "export_pieces": "副本本身，已加密，直到您领取。",
        "requests": "您就您的数据提出的问题和我们的答复。",
        "incidents": "您的数据出了什么问题、可能的影响、我们的措施，以及您可以做什么。",
        "incident_accounts": "某个事件涉及您，以及何时告知您。",
        "recipients": "您指定接收数据的地址。",
        "disclosures": "发送到您指定地址的内容：时间、数据种类、是否送达。",
        "closures": "您即将注销账号这件事，保存一刻钟。",
        "erasures": "您注销账号之后：删除进行到哪一步，以及回执（直到您领取）。完成之前即已忘记属于谁。",
        "homes": "您共享规则的家：随机名称、时区，以及“有人在家”开关。",
        "home_members": "您共享哪些家、从何时起，以及您给它们起的名字。",
        "home_invitations": "您邀请某人加入您的家，直到对方加入或满一天。",
        "whereabouts": "您在家、附近还是离家，以手机最近一次告知为准。只保存最新状态，从不保存地点或路线，"
        "用您自己的密钥加密，除您之外不显示给任何人。",
        "automations": "您的规则：您来去时哪个电器做什么。",
        "automation_firings": "最近七天您的规则做了什么。",
        "automation_lines": "最近七天您的规则为何执行或未执行，不含任何地点。",
    }
)
"""By table, or by table and column where the column has a sentence of its own."""

ENDS: Final[Mapping[Kept, str]] = MappingProxyType(
    {
        Kept.HARDWARE: "电器使用期内",
        Kept.INSTALLATION: "系统运行期内",
        Kept.ACCOUNT: "直到注销账号",
        Kept.BINDING: "直到解除绑定",
        Kept.UNTIL_SENT: "直到发出",
        Kept.COMMAND_VALUES: "直到指令结束",
        Kept.HOME: "直到最后一名成员离开",
        Kept.AUTOMATION: "直到您删除、撤回同意、离开该家或解除绑定",
    }
)

ABOUT: Final[Mapping[Kept, str]] = MappingProxyType(
    {
        Kept.ATTEMPT: "最近一次相关迹象",
        Kept.ATTEMPT_SUCCEEDED: "成功",
        Kept.EVIDENCE_WAITING: "被观察到（尚未归入任何安装过程时）",
        Kept.PAIRING: "十分钟期限届满",
        Kept.PAIRING_TOKEN: "十分钟期限届满",
        Kept.SESSION: "结束或最近使用",
        Kept.SESSION_TOKEN: "到期",
        Kept.STAFF: "账号停用",
        Kept.STAFF_SESSION: "结束或最近使用",
        Kept.SUPPORT_CODE: "到期",
        Kept.SUPPORT_GRANT: "结束",
        Kept.EXPORT: "七天期限届满",
        Kept.REQUEST: "办结",
        Kept.CLOSURE: "到期",
        Kept.CONSENT_CLOSED: "注销账号（此时已无人能够读取）",
        Kept.CONSENT_NOTICE: "十分钟期限届满",
        Kept.GUARDIAN_CODE: "到期",
        Kept.HOME_INVITATION: "到期或使用",
        Kept.PRESENCE: "手机最近一次告知（撤回同意或离开该家时立即删除）",
        Kept.ERASURE: "完成（未领取回执时）",
        Kept.ERASURE_FETCHED: "领取回执",
        Kept.BREAK_GLASS: "复核，或未获批准时自提出起",
    }
)
