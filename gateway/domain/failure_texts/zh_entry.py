"""Chinese texts for failures at the entrance: secure connection and claim."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.failure_texts.text import Text
from gateway.domain.failures import Code

TEXTS: Final[Mapping[Code, Text]] = MappingProxyType(
    {
        Code.TLS_SERVER_UNTRUSTED: Text(
            title="设备不信任我们的服务器",
            cause="设备无法验证我们的服务器：它的根证书列表过旧、连接了错误的地址，或者家中有设备在拆解加密连接。",
            customer="我们发现安全连接有问题，正在处理。请保持设备通电。",
            support=(
                "查看其他设备的同样故障。同一固件的许多设备：根证书列表过旧，请通知固"
                "件团队。仅这一家：询问路由器是否有防火墙、儿童保护或病毒扫描功能。"
            ),
        ),
        Code.TLS_CLOCK: Text(
            title="设备时钟不对",
            cause="按设备的时钟，证书尚未生效或已经过期；错的是时钟，不是证书。",
            customer="请拔下设备电源，十秒后再插上。",
            support="按代码 205 查明时间为什么不对。如果时间正确而故障仍出现，请工程师查看证书的起止日期。",
        ),
        Code.TLS_CLIENT_CERT_MISSING: Text(
            title="设备没有出示证书",
            cause="设备连接时没有带证书：出厂时没有写入，或者已经丢失。",
            customer="请联系我们并告知代码 303，后续由我们处理。",
            support=(
                "家中的任何设置都无济于事，不要让用户重置。如果其他设备有同样故障，"
                "就是生产问题，生产部门可核查该机器码前后的范围。单台需要维修。"
            ),
        ),
        Code.TLS_CLIENT_CERT_INVALID: Text(
            title="证书未被接受",
            cause="设备的证书已过期、已被吊销，或者签发方不是我们。",
            customer="请联系我们并告知代码 304，后续由我们处理。",
            support=(
                "在时间线上查看是否已过期。过期：时钟正确后设备可自行续期，"
                "见代码 302。吊销：先查明原因再处理。其他签发方：需要维修。"
            ),
        ),
        Code.TLS_VERSION: Text(
            title="安全连接方式过旧",
            cause="设备软件采用的加密连接方式已不安全（低于 TLS 1.2）。",
            customer="设备需要更新软件。请在 App 提示更新时尽快安装。",
            support="家中的任何设置都无济于事。把固件版本告知固件团队；其他设备的同样故障会显示有多少台需要更新。",
        ),
        Code.TLS_RESET: Text(
            title="安全连接中断",
            cause="建立安全连接的过程中被断开：防火墙、线路上不寻常的数据包大小（MTU），或者线路不好。",
            customer="请改用手机热点试一次，以便我们判断在哪里断开。",
            support="以热点测试为准：用热点成功，请检查家中路由器的防火墙或 MTU；用热点也失败，问题在设备。",
        ),
        Code.TLS_BROKER_BUSY: Text(
            title="我们的服务繁忙",
            cause="当时我们的服务负载过高或正在重启。",
            customer="我们的服务暂时繁忙。请保持设备通电，它会自动重试。",
            support="用户侧无需处理。如果该代码持续超过十分钟，请通知服务的运维人员。",
        ),
        Code.TLS_WRONG_REGION: Text(
            title="设备连接了其他区域",
            cause="设备是为其他区域设置的，连接了那里的服务。",
            customer="设备与您的账号所属区域不同。请联系我们并告知代码 308。",
            support=(
                "询问设备在哪里购买、账号在哪个国家注册。要么在设备所属"
                "区域重新注册账号，要么由服务人员把设备改设为本区域。"
            ),
        ),
        Code.CLAIM_BAD_CREDENTIAL: Text(
            title="设备无法证明身份",
            cause="出厂时写入设备的密钥与生产清单不符。",
            customer="请联系我们并告知代码 401，后续由我们处理。",
            support=(
                "如果其他设备有同样故障，说明清单或批次有误，请通知生产部门。单台请转交工程师，可能是更换过主板或伪造。"
            ),
        ),
        Code.CLAIM_NOT_AUTHORISED: Text(
            title="设备不能以这种方式激活",
            cause="该机型或批次不允许使用设备所用的凭据类型。",
            customer="请联系我们并告知代码 402，后续由我们处理。",
            support="由工程师比对该机型接受的凭据与设备所用的凭据，并查看批次是否仍然有效。可以提出稍后回电。",
        ),
        Code.CLAIM_ID_MISMATCH: Text(
            title="身份信息不一致",
            cause="设备证书中的名称、连接时使用的名称与它自称的设备不一致：出厂设置有误，或主板被复制。",
            customer="请联系我们并告知代码 403，后续由我们处理。",
            support="由工程师比对这三项。如果另一台设备使用同一名称，就是主板被复制，见代码 405。",
        ),
        Code.CLAIM_TOPIC_DENIED: Text(
            title="设备请求的位置不对",
            cause="设备软件使用了不允许它使用的主题。",
            customer="设备需要更新软件。请在 App 提示更新时尽快安装。",
            support="把固件版本和追踪号告知固件团队。其他设备的同样故障会显示有多少台需要更新。",
        ),
        Code.CLAIM_DUPLICATE_ID: Text(
            title="两台设备使用同一身份",
            cause="两台设备出示了同一身份，例如一台的存储内容被复制到另一台。正常工作的那台继续使用，新出现的被拦下。",
            customer="请联系我们并告知代码 405，后续由我们处理。",
            support=(
                "不要让用户重置正常工作的那台。连接互相顶替下线，就是被复"
                "制的迹象。转交工程师：在查清之前，新出现的设备保持隔离。"
            ),
        ),
        Code.CLAIM_THROTTLED: Text(
            title="连续尝试次数过多",
            cause="设备不停地尝试激活，中间没有间隔，因此我们让它等待。",
            customer="请保持设备通电并等待十分钟，它会自动继续。",
            support="在时间线上找到此前的代码，那才是真正的原因。如果设备重试没有间隔，请把固件版本告知固件团队。",
        ),
        Code.CLAIM_REVOKED: Text(
            title="出厂凭据已作废",
            cause="该批次的出厂凭据因泄露已被作废。",
            customer="这台设备需要由我们的服务人员激活。请联系我们并告知代码 407。",
            support="安排服务人员凭授权码激活。不要与来电者讨论作废的原因。",
        ),
    }
)
"""Of each code of these stages."""
