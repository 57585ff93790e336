"""What stages, sources and confidences are called, and the advice on trying again, in both languages."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.evidence import Confidence, Source
from gateway.domain.failure_texts.language import Language, in_language
from gateway.domain.failures import Failure, Retry, Stage

_STAGES: Final[Mapping[Stage, tuple[str, str]]] = MappingProxyType(
    {
        Stage.PAIR: ("Phone finds appliance", "手机发现设备"),
        Stage.WIFI: ("Wi-Fi", "Wi-Fi"),
        Stage.NET: ("Internet", "互联网"),
        Stage.TLS: ("Secure connection", "安全连接"),
        Stage.CLAIM: ("Factory identity", "出厂身份"),
        Stage.ACT: ("Activation", "激活"),
        Stage.CERT: ("Own certificate", "设备证书"),
        Stage.OPCONN: ("Own connection", "正式连接"),
        Stage.BIND: ("Added to account", "绑定账号"),
        Stage.FIRST: ("First report", "首次上报"),
    }
)

_MEANINGS: Final[Mapping[Stage, tuple[str, str]]] = MappingProxyType(
    {
        Stage.PAIR: (
            "The phone finds the appliance and hands over the Wi-Fi details.",
            "手机找到设备，并把 Wi-Fi 信息交给它。",
        ),
        Stage.WIFI: ("The appliance joins the home's Wi-Fi.", "设备连接家中的 Wi-Fi。"),
        Stage.NET: (
            "The appliance gets an address and the time, and finds the way to the service.",
            "设备获得地址和时间，并找到通往服务的路径。",
        ),
        Stage.TLS: ("The appliance and the service secure their connection.", "设备与服务建立安全连接。"),
        Stage.CLAIM: ("The appliance shows the identity it got in the factory.", "设备出示出厂时获得的身份。"),
        Stage.ACT: ("The service checks that this unit may be activated.", "服务核对这台设备能否激活。"),
        Stage.CERT: ("The appliance gets a certificate of its own.", "设备获得自己的证书。"),
        Stage.OPCONN: ("The appliance connects with its own certificate.", "设备用自己的证书连接。"),
        Stage.BIND: ("The appliance is added to the customer's account.", "设备被加入用户的账号。"),
        Stage.FIRST: ("The appliance reports its state for the first time.", "设备首次上报状态。"),
    }
)

_CONFIDENCES: Final[Mapping[Confidence, tuple[str, str]]] = MappingProxyType(
    {
        Confidence.OBSERVED: ("seen by ourselves", "我们亲自观测到"),
        Confidence.REPORTED_BY_APPLIANCE: ("reported by the appliance", "设备上报"),
        Confidence.REPORTED_BY_APP: ("reported by the app", "App 上报"),
        Confidence.INFERRED: ("inferred, not seen", "推断，未直接观测"),
        Confidence.UNKNOWN: ("unknown", "未知"),
    }
)

_SOURCES: Final[Mapping[Source, tuple[str, str]]] = MappingProxyType(
    {
        Source.BROKER: ("broker", "消息服务器"),
        Source.CLAIM: ("activation request", "激活请求"),
        Source.GATEWAY: ("gateway", "网关"),
        Source.APPLIANCE: ("appliance, at once", "设备（实时）"),
        Source.APPLIANCE_LATER: ("appliance, afterwards", "设备（事后补报）"),
        Source.APP: ("app", "App"),
        Source.LOCAL_LINK: ("appliance, through the app", "设备（经 App 转述）"),
        Source.SILENCE: ("silence", "无响应"),
    }
)

_RETRIES: Final[Mapping[Retry, tuple[str, str]]] = MappingProxyType(
    {
        Retry.NEVER: (
            "It is not tried again by itself: somebody has to do something first.",
            "不会自动重试，需要先有人处理。",
        ),
        Retry.NOW: ("It may be tried again at once.", "可以立即重试。"),
        Retry.AFTER: ("It is tried again by itself after {wait}.", "{wait}后自动重试。"),
    }
)

_SECONDS_A_MINUTE: Final = 60


def stage_name(stage: Stage, language: Language) -> str:
    """A word or three, as it stands in the picture of the ten stages."""
    return in_language(_STAGES[stage], language)


def stage_meaning(stage: Stage, language: Language) -> str:
    """A sentence about what happens at this stage."""
    return in_language(_MEANINGS[stage], language)


def confidence_name(confidence: Confidence, language: Language) -> str:
    """How sure a verdict is, in a few words."""
    return in_language(_CONFIDENCES[confidence], language)


def source_name(source: Source, language: Language) -> str:
    """Where a piece of evidence comes from, in a few words."""
    return in_language(_SOURCES[source], language)


def retry_sentence(retry: Retry, after_s: int | None, language: Language) -> str:
    """The advice on trying again. `after_s` is needed exactly with `after`.

    Raises:
        ValueError: when `after_s` is given with other advice, or not with `after`.
    """
    if (retry is Retry.AFTER) != (after_s is not None):
        raise ValueError("a time to wait belongs to the advice to wait, and to no other")
    sentence = in_language(_RETRIES[retry], language)
    return sentence if after_s is None else sentence.format(wait=_duration(after_s, language))


def retry_advice(failure: Failure, language: Language) -> str:
    """The advice on trying again that a code carries by itself."""
    return retry_sentence(failure.retry, failure.retry_after_s, language)


def _duration(seconds: int, language: Language) -> str:
    """Whole minutes as minutes, all else as seconds."""
    whole = seconds >= _SECONDS_A_MINUTE and seconds % _SECONDS_A_MINUTE == 0
    amount = seconds // _SECONDS_A_MINUTE if whole else seconds
    match language:
        case Language.EN:
            return f"{amount} {'minute' if whole else 'second'}{'' if amount == 1 else 's'}"
        case Language.ZH:
            return f"{amount} {'分钟' if whole else '秒'}"
