"""Chinese texts for failures at home: phone, Wi-Fi and the way out."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.failure_texts.text import Text
from gateway.domain.failures import Code

TEXTS: Final[Mapping[Code, Text]] = MappingProxyType(
    {
        Code.PAIR_DEVICE_NOT_FOUND: Text(
            title="找不到设备",
            cause="设备没有进入配对模式，离手机太远，或者 App 没有获得蓝牙、查找附近设备的权限。",
            customer="请长按设备上的 Wi-Fi 键直到指示灯闪烁，然后把手机放在设备旁边重新搜索。",
            support=(
                "在 App 报告中查看蓝牙和位置权限是否已允许。如果已允许，"
                "请询问指示灯是否闪烁；不闪烁说明设备没有进入配对模式。"
            ),
        ),
        Code.PAIR_LOCAL_LINK_LOST: Text(
            title="手机离开了设备热点",
            cause="手机断开了设备自己的热点，多数是因为该热点不能上网，手机自动切换到了别的网络。",
            customer="请暂时关闭手机移动数据，并保持连接设备的热点，直到 App 提示继续。",
            support=(
                "询问手机型号和系统，并在时间线上查看本地连接保持了多久。如果再次断开，在该机型支持时建议改用蓝牙配对。"
            ),
        ),
        Code.PAIR_PROOF_MISMATCH: Text(
            title="扫到了别的设备的码",
            cause="扫描或输入的码不属于这台设备：来自另一台设备的标签，或者看错了。",
            customer="请扫描您正在添加的这台设备上的码。",
            support=(
                "请用户读出标签上机器码的最后两位，与诊断卡上的设备比"
                "对。不一致说明标签属于另一台设备；一致则是码被看错。"
            ),
        ),
        Code.PAIR_CONFIG_INCOMPLETE: Text(
            title="Wi-Fi 信息没有完整送达",
            cause="设备收到的网络名称或密码不完整，常见于特殊字符或过长的内容；也可能缺少配对令牌。",
            customer="请在 App 中重新输入一次 Wi-Fi 名称和密码。",
            support=(
                "询问网络名称是否含有重音字母、表情等特殊字符，密码是否超过 63 个字"
                "符。切勿询问密码本身。如果漏斗页中某个 App 版本特别突出，问题在 App。"
            ),
        ),
        Code.PAIR_BUSY: Text(
            title="另一部手机正在配对",
            cause="另一部手机同时在与这台设备配对。",
            customer="请关闭另一部手机上的 App，等三分钟后再试。",
            support="查看同一设备在同一时间是否还有另一次尝试。询问家里还有谁打开了 App；静置三分钟后可以重新尝试。",
        ),
        Code.PAIR_FIRMWARE_TOO_OLD: Text(
            title="设备软件版本过旧",
            cause="设备使用的配对协议版本已不被 App 支持。",
            customer="请安装 App 为这台设备提供的更新。",
            support="查看诊断卡上的固件版本。如果 App 无法通过本地连接为它更新，请安排上门服务。",
        ),
        Code.WIFI_SSID_NOT_FOUND: Text(
            title="找不到 Wi-Fi 网络",
            cause="设备看不到所选的网络：该网络只有 5 GHz、被隐藏、距离太远，或者路由器没有开机。",
            customer="请选择一个能覆盖设备所在位置的 2.4 GHz Wi-Fi 网络。",
            support=(
                "查看 App 报告中的扫描列表：有没有 2.4 GHz 的条目，信号多强？没有：路由器只"
                "发 5 GHz 或隐藏了名称。弱于 -75 dBm：距离太远。没有扫描列表：两项都要询问。"
            ),
        ),
        Code.WIFI_PASSWORD_REJECTED: Text(
            title="Wi-Fi 密码被拒绝",
            cause="信号良好，但路由器连续多次拒绝了密码。",
            customer="路由器没有接受 Wi-Fi 密码。请打开“显示密码”，再输入一次。",
            support=(
                "在时间线上确认至少有三次相同结果，且信号强于 -70 dBm；否则按代码 "
                "103 处理。切勿询问密码。提醒注意大小写，以及访客网络有单独的密码。"
            ),
        ),
        Code.WIFI_PASSWORD_SUSPECT: Text(
            title="Wi-Fi 密码存疑",
            cause="连接失败的表现与密码错误相同，但信号弱、WPA2 与 WPA3 混用或路由器过滤也会有同样的表现。",
            customer="请核对 Wi-Fi 密码；如果密码没有问题，请在 App 中点“密码正确”。",
            support=(
                "不要对用户说密码错了。查看诊断卡上的相互矛盾之处：如果手机用同一密码连"
                "上了，请检查路由器的 WPA3、管理帧保护（PMF）和 MAC 过滤，再看信号强度。"
            ),
        ),
        Code.WIFI_SECURITY_UNSUPPORTED: Text(
            title="不支持该 Wi-Fi 加密方式",
            cause="该网络只用 WPA3、仍用过时的 WEP，或者需要企业账号登录；设备都不支持。",
            customer="请在路由器中把 Wi-Fi 加密方式设为 WPA2，或 WPA2/WPA3 混合。",
            support=(
                "查看 App 报告扫描列表中的加密方式。只有 WPA3：按路由器品牌说明如"
                "何改为混合模式。WEP 或企业认证：建议为家电单独开一个 WPA2 网络。"
            ),
        ),
        Code.WIFI_SIGNAL_WEAK: Text(
            title="Wi-Fi 信号太弱",
            cause="设备所在位置的信号太弱，无法稳定连接（约低于 -80 dBm）。",
            customer="请把路由器移近设备，或在设备附近加装 Wi-Fi 中继器。",
            support=(
                "查看设备上报的无线信号，包括本次和之前的尝试。如果有时"
                "强于 -70 dBm，说明存在干扰，建议改用信道 1、6 或 11。"
            ),
        ),
        Code.WIFI_AP_FULL: Text(
            title="路由器连接数已满",
            cause="路由器已达到允许接入的设备数量上限。",
            customer="请从 Wi-Fi 中断开一台不再使用的设备。",
            support=(
                "询问已连接多少台设备；路由器的管理页面会显示上限。腾"
                "出位置后，设备会在一两分钟内自动连上，无需重新配对。"
            ),
        ),
        Code.WIFI_ASSOC_REFUSED: Text(
            title="路由器拒绝了设备",
            cause="路由器只允许名单内的设备接入（MAC 过滤），或者正在等待有人批准新设备。",
            customer="请打开路由器的 App 或设置页面，允许这台新设备接入。",
            support=(
                "询问路由器是否开启过滤或新设备审批。完整地址在设备标签上或 App "
                "中；我们只保存最后两位，用户可凭这两位在路由器列表中找到对应条目。"
            ),
        ),
        Code.WIFI_CHANNEL_NOT_ALLOWED: Text(
            title="Wi-Fi 信道不可用",
            cause="路由器使用的信道（12、13 或 14）不在设备的国家设置允许范围内。",
            customer="请把路由器 2.4 GHz 的信道设为 1、6 或 11。",
            support=(
                "询问设备是在哪个国家购买的。固定信道即可解决；如果是"
                "自动信道，路由器以后可能又切换回去，故障会再次出现。"
            ),
        ),
        Code.WIFI_NETWORK_CHANGED: Text(
            title="家中网络已变更",
            cause="设备以前连接正常；之后路由器改了名称、换了新的，或者改了密码。",
            customer="请在 App 中为这台设备执行“更换网络”。",
            support=(
                "不要让用户重置设备：设备的一切都完好，只需要新的 Wi-Fi 信息。运行检查会显示它最后一次在线的时间。"
            ),
        ),
        Code.NET_DHCP_TIMEOUT: Text(
            title="路由器没有分配地址",
            cause="设备连上了 Wi-Fi，但路由器没有给它地址：地址已用完，或自动分配（DHCP）被关闭。",
            customer="请重启路由器，等 Wi-Fi 恢复。",
            support="询问家中有多少台设备，路由器是否手动设置过。如果重启只能管一天，说明路由器可分配的地址太少。",
        ),
        Code.NET_DNS_FAILED: Text(
            title="找不到我们的服务",
            cause="家中网络没有告诉设备我们的服务在哪里：DNS 被拦截、出现故障，或被广告过滤器过滤。",
            customer="请关闭路由器上的广告过滤或网页过滤，然后再试。",
            support=(
                "查看 App 报告中在同一 Wi-Fi 下的域名测试。同样失败：问题在路由器或"
                "过滤器，建议使用运营商的 DNS。成功：检查是否有针对新设备的过滤。"
            ),
        ),
        Code.NET_PORT_BLOCKED: Text(
            title="网络阻止了连接",
            cause="该网络不允许设备的连接出去（端口 8883），访客网络和办公网络常有这种限制。",
            customer="请把设备连接到家里平常使用的 Wi-Fi，不要用访客或办公网络。",
            support=(
                "App 报告会显示在同一 Wi-Fi 下端口 8883 和 443 是否连通。只有 443 通：需要有"
                "人在路由器或办公网络中放行 8883。两个都通：结论不确定，请用手机热点对比。"
            ),
        ),
        Code.NET_CAPTIVE_PORTAL: Text(
            title="网络需要网页登录",
            cause="该网络要求先在浏览器中登录，常见于酒店和宿舍；家电无法完成登录。",
            customer="这个网络需要先在网页上登录。请换用不需要网页登录的 Wi-Fi。",
            support="App 报告中的网页测试会显示登录页。询问网络管理方能否免登录放行该设备；否则用户需要自备路由器。",
        ),
        Code.NET_TIME_UNSET: Text(
            title="设备不知道时间",
            cause="设备无法获取时间：时间服务器被拦截，或者时钟从过去的时间开始走。",
            customer="请拔下设备电源，十秒后再插上；如果仍出现代码 205，请联系我们。",
            support=(
                "如果设备报告过时间，可在时间线上查看它认为的时间。反复出现时，询问路由"
                "器是否拦截 UDP 123。我们的应答带有时间，能连上我们的设备会自行校正。"
            ),
        ),
        Code.NET_NO_INTERNET: Text(
            title="家中无法上网",
            cause="Wi-Fi 正常，但路由器没有连上互联网。",
            customer="您的路由器目前无法上网。请重启路由器并等待五分钟。",
            support=(
                "与 App 对比：如果手机用移动数据能连到我们，用 Wi-Fi 却不能，"
                "就是宽带线路问题，需要运营商处理。线路恢复后设备会自动连接。"
            ),
        ),
    }
)
"""Of each code of these stages."""
