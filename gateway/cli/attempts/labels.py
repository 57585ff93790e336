"""The words around a card at the terminal, in both languages. What a code says comes from `failure_texts`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.domain.attempts import Outcome
from gateway.domain.failure_texts import Language, in_language

LABELS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "stage": ("stage", "阶段"),
        "sure": ("how sure", "可信度"),
        "appliance": ("appliance", "设备"),
        "firmware": ("firmware", "固件"),
        "app": ("app", "App"),
        "mac": ("MAC", "MAC"),
        "machine_code": ("machine code", "机器码"),
        "unproven": ("nobody proved to be a known unit", "未证实是已登记的设备"),
        "blocked": ("blocked: {reason}", "已封锁：{reason}"),  # noqa: RUF001 - Chinese punctuation
        "when": ("when", "时间"),
        "after": ("after {seconds} s", "历时 {seconds} 秒"),
        "title": ("why", "原因"),
        "no_code": (
            "not known: nothing more was heard, and nobody said why",
            "未知：此后没有任何消息，也没有人说明原因",  # noqa: RUF001 - Chinese punctuation
        ),
        "cause": ("likely", "可能是"),
        "customer": ("say", "对用户说"),
        "support": ("do", "下一步"),
        "again": ("trying again", "重试"),
        "elsewhere": ("elsewhere", "同类故障"),
        "alike": (
            "other appliances of this type and firmware that failed like this in {days} days: {units}",
            "{days} 天内有 {units} 台同型号同固件的其他设备出现同样的故障",
        ),
        "against": ("disagrees", "说法不一"),
        "timeline": ("timeline", "时间线"),
        "others": ("other attempts", "其他尝试"),
        "probable": ("probable", "推测"),
        "digits_differ": (
            "The code that was told is not the present one: it was misheard, or the verdict has changed since.",
            "所报代码与当前代码不符：可能听错，或者结论已更新。",  # noqa: RUF001 - Chinese punctuation
        ),
        "no_attempts": ("no attempts of it are kept", "没有保留它的尝试记录"),
    }
)

OUTCOMES: Final[Mapping[Outcome, tuple[str, str]]] = MappingProxyType(
    {
        Outcome.OPEN: ("under way", "进行中"),
        Outcome.SUCCEEDED: ("succeeded", "成功"),
        Outcome.FAILED: ("failed", "失败"),
    }
)


def label(name: str, language: Language) -> str:
    """A word or sentence of this file."""
    return in_language(LABELS[name], language)


def outcome_name(outcome: Outcome, language: Language) -> str:
    """How an attempt stands, in a word."""
    return in_language(OUTCOMES[outcome], language)
