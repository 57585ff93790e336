"""Our names for what was seen, in words. What is not here is shown by its name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.evidence import APP_JOINED, WEAK_SIGNAL
from gateway.domain.failure_texts import Language
from gateway.domain.silence import CLAIM_CONNECTED, PAIRING_OPENED

_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        PAIRING_OPENED: ("the app opened a pairing", "应用发起了配对"),
        CLAIM_CONNECTED: ("it connected with its factory certificate", "设备用出厂证书连接"),
        "claim_connected_again": ("it connected with its factory certificate again", "设备再次用出厂证书连接"),
        "request_arrived": ("its request for activation arrived", "收到激活请求"),
        "request_accepted": ("the request was accepted, a certificate issued", "激活请求通过并已签发证书"),
        "bound": ("it was added to an account", "已绑定到账号"),
        "bind_refused": ("adding it to an account was refused", "绑定被拒绝"),
        "operational_connection": ("it connected with its own certificate", "设备用自己的证书连接"),
        "first_report": ("its first report arrived", "收到首次上报"),
        "client_id_differs": ("it connected under another name than its certificate's", "连接名称与证书不符"),
        "connection_refused": ("its connection was refused", "连接被拒绝"),
        "connects_again_and_again": ("it connects again and again", "反复重新连接"),
        "clock_is_off": ("its clock is off", "设备时钟不准"),
        "deadline_passed": ("nothing was heard within the time for this stage", "在此阶段的时限内没有任何消息"),
        "app_report": ("the app's report", "应用的报告"),
        "app_scan": ("networks that the phone sees", "手机扫描到的网络"),
        "app_probes": ("what the phone could reach from there", "手机在现场的连通测试"),
        "app_reports_step": ("the app says that it came here", "应用报告到达此阶段"),
        "app_reports_failure": ("the app reports a failure", "应用报告一次失败"),
        "appliance_told_app_step": ("it told the app that it came here", "设备告诉应用到达此阶段"),
        "appliance_told_app_failure": ("it told the app of a failure", "设备告诉应用一次失败"),
        "appliance_remembers_failure": ("it remembers a failure", "设备记得一次失败"),
        APP_JOINED: ("the phone is on the same network with the same password", "手机已用同一密码连上同一网络"),
        "app_could_not_join": ("the phone could not join the same network", "手机未能连上同一网络"),
        WEAK_SIGNAL: ("the signal is weak", "信号弱"),
        "signal": ("the signal", "信号"),
    }
)


def evidence_words(says: str, language: Language) -> str:
    """What a line says, in a language."""
    known = _WORDS.get(says)
    if known is None:
        return says.replace("_", " ")
    return known[0] if language is Language.EN else known[1]
