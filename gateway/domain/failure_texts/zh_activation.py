"""Chinese texts for failures of activation and certificate."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.failure_texts.text import Text
from gateway.domain.failures import Code

TEXTS: Final[Mapping[Code, Text]] = MappingProxyType(
    {
        Code.ACT_MALFORMED: Text(
            title="无法理解请求",
            cause="激活请求不符合约定的格式：设备软件有误，或比我们的服务更新。",
            customer="设备需要更新软件。请在 App 提示更新时尽快安装。",
            support=(
                "时间线会指出不符合的字段，但不显示其内容。连同固件版"
                "本告知固件团队；其他设备的同样故障会显示涉及多少台。"
            ),
        ),
        Code.ACT_UNKNOWN_MACHINE_CODE: Text(
            title="设备尚未列入清单",
            cause="机器码不在生产清单中，多数是清单上传晚了。",
            customer="请联系我们，告知代码 502，并提供一张只拍到机器码的标签照片。",
            support=(
                "完全按标签所印查询机器码。查不到时，请生产部门补交清单并导入；设备每五分钟会再次请求，随后自动继续。"
            ),
        ),
        Code.ACT_MAC_MISMATCH: Text(
            title="Wi-Fi 模块被更换过",
            cause="设备的网络地址与生产清单不符，例如维修时更换了 Wi-Fi 模块。",
            customer="如果这台设备维修过，请联系我们并告知代码 503。",
            support=(
                "请用户提供维修单。有维修单：经第二人批准后，由服务人员"
                "登记新模块。没有维修过：按可能被复制处理，见代码 405。"
            ),
        ),
        Code.ACT_TYPEID_UNKNOWN: Text(
            title="暂不认识该型号",
            cause="该型号比我们的型号目录更新。",
            customer="我们正在添加您的型号。请保持设备通电，它会自动重试。",
            support="把诊断卡上的型号告知工程师：缺少它的型号描述。添加之后，设备会在五分钟内自动继续。",
        ),
        Code.ACT_TYPEID_MISMATCH: Text(
            title="标签与主板型号不同",
            cause="设备上报的型号与生产清单不符：主板装错或标签贴错。",
            customer="请联系我们并告知代码 505，后续由我们处理。",
            support=(
                "把诊断卡上的型号与标签型号、生产记录比对。主板属于其"
                "他型号时需要维修；没有生产部门的确认，不要修改清单。"
            ),
        ),
        Code.ACT_ALREADY_ACTIVE: Text(
            title="设备仍在别处使用",
            cause="设备已激活且没有解除，常见于二手设备。",
            customer="请联系原来的使用者，请对方在 App 中解除这台设备。",
            support=(
                "切勿透露或暗示现在或以前的使用者是谁。如果原使用者无法配合，用户可以用"
                "按键和标签码证明持有设备；系统会通知对方，对方可以在变更前提出异议。"
            ),
        ),
        Code.ACT_BLOCKED: Text(
            title="设备已被禁用",
            cause="我们禁用了这台设备：召回、报失或滥用。",
            customer="请致电我们并告知代码 507。",
            support="查询结果会显示禁用原因。切勿告诉来电者，也不要暗示。把来电转给主管，由主管决定。",
        ),
        Code.ACT_REPLAYED: Text(
            title="请求已过时",
            cause="请求是旧的或已经发送过：消息被重复发送，或者时钟、计数器倒退。",
            customer="请在 App 中重新开始配对。",
            support=(
                "查看是否时钟不对，处理同代码 205。如果重新配对后仍出现，"
                "说明设备的重置计数器倒退，例如维修之后，请转交工程师。"
            ),
        ),
        Code.ACT_BAD_SIGNATURE: Text(
            title="身份证明有误",
            cause="请求中的证明所用的密钥与生产清单不符。",
            customer="请联系我们并告知代码 509，后续由我们处理。",
            support=(
                "如果其他设备有同样故障，说明某一批次的密钥登记有误，请通"
                "知生产部门。单台请转交工程师，可能是更换过主板或伪造。"
            ),
        ),
        Code.ACT_RATE_LIMITED: Text(
            title="尝试次数过多",
            cause="短时间内来自这台设备或账号的请求超过了允许的数量。",
            customer="短时间内尝试次数较多。请等几分钟再试。",
            support="时间线上此前的代码才是真正的原因。标签码的限制是十五分钟内错五次；等待时间谁也无法缩短。",
        ),
        Code.ACT_PENDING_APPROVAL: Text(
            title="等待批准",
            cause="这不是故障：此次激活需要先由人工确认。",
            customer="设备正在等待我们的确认。请保持设备通电，它会自动继续。",
            support="由负责人批准或拒绝，并写明理由。之后设备会在一分钟内自动继续。",
        ),
        Code.ACT_SECRET_NOT_WANTED: Text(
            title="设备发送了 Wi-Fi 机密",
            cause="设备软件把 Wi-Fi 密码或网络名称放进了请求。我们已拒绝该请求，没有保存任何相关内容。",
            customer="设备需要更新软件。请在 App 提示更新时尽快安装。",
            support="请告诉用户这些内容都没有被保存。立即把固件版本告知固件团队；其他设备的同样故障会显示涉及多少台。",
        ),
        Code.CERT_CSR_INVALID: Text(
            title="证书申请有误",
            cause="设备的证书申请已损坏，或属于我们不予签发的类型。",
            customer="请联系我们并告知代码 601，后续由我们处理。",
            support="把固件版本和追踪号告知固件团队。其他设备的同样故障会显示是这台设备还是固件的问题。",
        ),
        Code.CERT_SUBJECT_MISMATCH: Text(
            title="证书申请的名称不符",
            cause="设备申请证书时使用的名称不是它自己的。",
            customer="请联系我们并告知代码 602，后续由我们处理。",
            support="由工程师比对申请中的名称与设备。单台：出厂设置有误。同一固件有多台：固件有误。",
        ),
        Code.CERT_KEY_REJECTED: Text(
            title="密钥未被接受",
            cause="设备的密钥强度不足，或已被另一台设备使用。",
            customer="请联系我们并告知代码 603，后续由我们处理。",
            support=(
                "由工程师查明是哪一种。两台设备共用密钥是生产缺陷：请立即通知生产部门停止该批次。强度不足是固件的问题。"
            ),
        ),
        Code.CERT_CA_UNAVAILABLE: Text(
            title="暂时无法签发证书",
            cause="我们的证书机构暂时无法签发。",
            customer="问题出在我们这边。请保持设备通电，它会自动重试。",
            support="请通知值班人员。用户侧无需处理：恢复之前所有激活都会停在这里，恢复后会自动继续。",
        ),
        Code.CERT_NOT_DELIVERED: Text(
            title="证书没有送达",
            cause="我们已签发证书，但设备没有收到应答：它在开始接收之前就发出了请求，或者连接中断。",
            customer="请拔下设备电源，十秒后再插上。",
            support=(
                "如果时间线显示设备在开始接收之前就发出了请求，请告知固件团"
                "队。否则是连接中断；再次请求会得到同一张证书，重试没有坏处。"
            ),
        ),
        Code.CERT_STORE_FAILED: Text(
            title="设备无法保存证书",
            cause="设备的存储器或安全芯片报告写入错误。",
            customer="请拔下设备电源，十秒后再插上；如果仍出现代码 606，请联系我们。",
            support="在时间线上查看设备自己的错误码。重启后仍失败，请安排维修或更换，并附上该错误码。",
        ),
        Code.CERT_TOKEN_EXPIRED: Text(
            title="配对中途超时",
            cause="设备的请求到达时，配对的十分钟有效期已过。",
            customer="请在 App 中重新开始配对。",
            support="时间线会显示时间花在哪个阶段，多数是 Wi-Fi。设备本身没有问题。",
        ),
    }
)
"""Of each code of these stages."""
