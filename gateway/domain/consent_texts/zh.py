"""The texts of purposes in Chinese."""

from typing import Final

from gateway.domain.consent import Purpose
from gateway.domain.consent_texts.text import PurposeText

# ruff: noqa: RUF001 - full-width punctuation is how Chinese is written

_NOBODY: Final = "提供给谁：不提供给任何人。数据只留在本系统内，客服人员看不到。"
_ANY_TIME: Final = "您可以随时在应用中一键撤回，撤回在应用显示之前即已生效，其他功能不受影响。"
_PRESENCE: Final = (
    "因此会得知：您的手机是在家附近、在家还是离家，以及对应的分钟。"
    "由您的手机自行判断；任何地点、路线或网络信息都不会传到网关。"
)
_NOW_ONLY: Final = "保存多久：只保存当前状态。某条规则为何执行或未执行，可查看 7 天，其中不含地点。"
_INSTEAD: Final = "不同意也可以：设置定时，或在应用中按按钮。"

CHINESE: Final = {
    Purpose.POLICY: PurposeText(
        title="隐私政策",
        allows="您已阅读本服务保存哪些数据以及原因。除此之外不授权任何事项。",
        data="因此会得知：隐私政策中关于账号和电器的内容。",
        kept="保存多久：按隐私政策对各类数据的说明。",
        recipients="提供给谁：仅限隐私政策中列明者。",
        instead="不同意时：无法连接电器。",
        withdraw="您可以随时撤回，撤回后不能再连接新的电器。注销账号将删除全部数据。",
    ),
    Purpose.LOCATION_REMINDER: PurposeText(
        title="回家和离家提醒",
        allows="应用可以在您回家时提醒您打开电器、离家时提醒您关闭电器。只提醒，不操作电器。",
        data=_PRESENCE,
        kept=_NOW_ONLY,
        recipients=_NOBODY,
        instead=_INSTEAD,
        withdraw=_ANY_TIME,
    ),
    Purpose.LOCATION_AUTO_OFF: PurposeText(
        title="离家自动关闭",
        allows="您选定的电器可以在您离家一分钟后自动关闭；应用会事先显示并可撤销。",
        data=_PRESENCE,
        kept=_NOW_ONLY,
        recipients=_NOBODY,
        instead=_INSTEAD,
        withdraw=_ANY_TIME,
    ),
    Purpose.LOCATION_AUTO_ON: PurposeText(
        title="到家前自动打开",
        allows="您选定的电器可以在您接近家时自动打开；辐射式取暖器除外，23:00 至 06:00 之间不打开，"
        "若您 45 分钟内未到家则自动关闭。",
        data=_PRESENCE,
        kept=_NOW_ONLY,
        recipients=_NOBODY,
        instead=_INSTEAD,
        withdraw=_ANY_TIME,
    ),
    Purpose.EXPERIENCE_PROGRAM: PurposeText(
        title="帮助改进电器",
        allows="您的电器的使用次数可以计入不指向任何人的统计数字。",
        data="因此会得知：按电器类型的次数，不含账号、家庭或时间。",
        kept="保存多久：统计数字不指向任何人，会保留；不为此保存您的任何数据。",
        recipients="提供给谁：本系统的运营者，仅为数字。",
        instead="不同意也可以：所有功能照常。",
        withdraw=_ANY_TIME,
    ),
    Purpose.NOTICES_PUSH: PurposeText(
        title="应用关闭时的通知",
        allows="应用关闭时，可以向您的手机发送关于账号和电器的通知。",
        data="因此会得知：此账号希望接收通知。",
        kept="保存多久：直到您撤回。",
        recipients="提供给谁：除您手机自带的通知服务外不提供给任何人；该服务只知道有一条通知，不知道内容。",
        instead="不同意也可以：在应用中查看同样的通知。",
        withdraw=_ANY_TIME,
    ),
    Purpose.SHARE_WEBHOOK: PurposeText(
        title="将您的数据副本发送到您指定的地址",
        allows="您的电器上报的内容可以发送到您指定的一个地址。您是否在家的信息绝不发送。",
        data="因此会得知：您指定的地址。",
        kept="保存多久：地址保存到您撤回为止；发送过的内容会在应用中列出。",
        recipients="提供给谁：您指定地址的运营者。对方如何使用由对方决定。",
        instead="不同意也可以：下载副本，或在应用中查看。",
        withdraw=_ANY_TIME,
    ),
    Purpose.SUPPORT_CASE: PurposeText(
        title="客服帮助",
        allows="客服可以为您的电器保留一个处理中的工单。每次查看电器仍需您提供验证码。",
        data="因此会得知：工单编号，以及客服何时、为何查看。",
        kept="保存多久：工单结束后 30 天；查看记录保存两年。",
        recipients="提供给谁：本系统的客服人员。",
        instead="不同意也可以：查看各代码的帮助页面。",
        withdraw=_ANY_TIME,
    ),
}
