"""Chinese texts for failures of operation, binding and first report."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.failure_texts.text import Text
from gateway.domain.failures import Code

TEXTS: Final[Mapping[Code, Text]] = MappingProxyType(
    {
        Code.OPCONN_NEVER: Text(
            title="激活后没有动静",
            cause="设备已得到证书，但之后一直没有用它连接。",
            customer="请让设备保持通电五分钟。",
            support=(
                "这是根据无响应推断的，请依次检查：设备是否通电，时间是"
                "否正确（代码 205），网络是否放行它的连接（代码 203）。"
            ),
        ),
        Code.OPCONN_CERT_REJECTED: Text(
            title="新证书被拒绝",
            cause="我们签发的证书没有被接受：不完整、不在有效期内，或者时钟不对。",
            customer="请联系我们并告知代码 702，后续由我们处理。",
            support="由工程师查看证书链和起止日期。如果设备时钟不对，按代码 302 处理。",
        ),
        Code.OPCONN_STILL_CLAIM: Text(
            title="仍在使用出厂证书",
            cause="设备已有自己的证书，却仍用出厂证书连接。",
            customer="请拔下设备电源，十秒后再插上。",
            support="重启后，在时间线上查看是否有使用新证书的连接。如果没有，请把固件版本告知固件团队。",
        ),
        Code.OPCONN_ID_MISMATCH: Text(
            title="名称与证书不一致",
            cause="设备连接时使用的名称与其证书中的名称不一致。",
            customer="请联系我们并告知代码 704，后续由我们处理。",
            support="由工程师比对两者。同一固件有多台：固件有误。单台：可能是存储内容被复制，见代码 405。",
        ),
        Code.OPCONN_FLAPPING: Text(
            title="连接时断时续",
            cause="设备在三分钟内连接超过五次：Wi-Fi 不稳定，或者有另一台设备使用同一身份。",
            customer="设备附近的 Wi-Fi 不稳定。请把路由器移近一些，或加装中继器。",
            support=(
                "查看无线报告中的信号。连接间隔相同，多为路由器或固件的"
                "保活设置；连接互相顶替下线，可能是被复制，见代码 405。"
            ),
        ),
        Code.OPCONN_ACL_DENIED: Text(
            title="我们的规则拒绝了设备",
            cause="设备是已知的，但我们的规则不允许它连接：缺少规则，或设备已被暂停、停用。",
            customer="问题出在我们这边。请保持设备通电，我们正在处理。",
            support=(
                "在运行检查中查看设备是否被隔离、暂停或停用。如果本应允许，请把追踪号交给工程师检查消息服务器的规则。"
            ),
        ),
        Code.BIND_TOKEN_EXPIRED: Text(
            title="配对时间过长",
            cause="设备加入账号之前，配对的十分钟有效期已过。",
            customer="请在 App 中点“重试”，无需重新输入 Wi-Fi 信息。",
            support="如果诊断卡显示设备已激活且在线，重试只需几秒。时间线会显示时间花在哪个阶段。",
        ),
        Code.BIND_TOKEN_UNKNOWN: Text(
            title="此处没有该配对",
            cause="配对是用另一个账号或在另一个区域发起的，或者已被取消。",
            customer="请用发起配对的账号登录 App。",
            support="询问用户最初用的是哪个账号、在哪个国家。切勿告知某次配对属于哪个账号。",
        ),
        Code.BIND_OWNED: Text(
            title="设备属于另一个账号",
            cause="设备已关联到另一个账号，且没有解除。",
            customer="这台设备已关联到另一个账号。请让当初设置它的人邀请您，或解除关联。",
            support=(
                "切勿透露或暗示归谁所有，即使来电者说出了名字也不行。恢复出厂设置后，"
                "系统会询问对方账号；如果对方 72 小时内没有异议，重新配对即可成功。"
            ),
        ),
        Code.BIND_LIMIT: Text(
            title="设备数量已满",
            cause="该账号的设备数量已达上限。",
            customer="请在 App 中移除一台不再使用的设备。",
            support="上限对每个账号都一样，控制台无法调高。建议移除长期没有动静的设备。",
        ),
        Code.BIND_NO_PRESENCE: Text(
            title="没有在设备上确认",
            cause="需要在设备现场确认，但我们没有及时收到按键操作。",
            customer="请在 App 提示时按一下设备上的按键。",
            support="在时间线上查看当时设备是否在线。按键在两分钟内有效；如果按过却没有记录，问题在设备的连接。",
        ),
        Code.BIND_APP_OFFLINE: Text(
            title="手机尚未恢复上网",
            cause="设备已就绪，但手机仍连着设备的热点，或者没有上网。",
            customer="您的设备已就绪。请把手机重新连接到家中的 Wi-Fi。",
            support="如果诊断卡显示设备已绑定且在线，就已全部完成，只需在 App 中刷新。",
        ),
        Code.BIND_TIMEOUT_RETRY: Text(
            title="最后一步超时",
            cause="一切正常，只是最后一步没有及时完成。",
            customer="一切已准备好。请在 App 中点“重试”。",
            support="没有需要排查的故障。如果再试一次仍是同样结果，请在时间线上查看哪个阶段较慢。",
        ),
        Code.FIRST_NO_TELEMETRY: Text(
            title="没有首次上报",
            cause="设备已连接，但尚未上报任何内容：在面板上处于关机状态，或处于待机。",
            customer="请在设备面板上打开电源。",
            support="用运行检查查看它是否在线、最后一次上报的时间。开机后在线却仍没有上报：见代码 904。",
        ),
        Code.FIRST_SCHEMA_MISMATCH: Text(
            title="上报内容与型号不符",
            cause="设备上报了我们的型号描述中没有的内容。",
            customer="在下次更新之前，App 中可能缺少部分功能。您无需任何操作。",
            support="查看诊断卡上的型号和固件版本，一并告知工程师：型号描述与该固件不匹配。",
        ),
        Code.FIRST_CLOCK_SKEW: Text(
            title="时钟有偏差",
            cause="设备时钟偏差超过五分钟，已为它校正。",
            customer="设备的时钟已经校正。您无需任何操作。",
            support="偶尔一次无需处理。如果每天都出现，请按代码 205 查找原因。",
        ),
        Code.FIRST_MAINBOARD_SILENT: Text(
            title="主板没有应答",
            cause="Wi-Fi 模块正常，但无法与设备主板通信。",
            customer="请拔下设备电源，一分钟后再插上；如果仍出现代码 904，请联系我们。",
            support="断电一分钟后仍出现该代码，请为主板及其连接线开维修单。家中的网络不会造成这种故障。",
        ),
        Code.FIRST_REJECTED_PAYLOAD: Text(
            title="上报被拒绝",
            cause="设备的某次上报过大，或发送到了不允许的位置。",
            customer="设备需要更新软件。请在 App 提示更新时尽快安装。",
            support="时间线会说明问题所在。连同固件版本告知固件团队。",
        ),
        Code.FIRST_REMOTE_OFF: Text(
            title="远程控制已关闭",
            cause="设备已配对，但在面板上关闭了远程控制。",
            customer="请在设备面板上打开远程控制。",
            support="这是一项设置，不是故障，由用户自己决定。请说明该型号在哪里打开此设置。",
        ),
    }
)
"""Of each code of these stages."""
