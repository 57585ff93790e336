"""The record of processing: what is done with data about people, why, on what it rests, who sees it, for how long.

It has the parts that Art. 30(1) of the GDPR lists. `storage.data_map.record` makes it from the data map, so that it
cannot say less than the tables hold. Here is what it consists of, and how it reads as text.
"""

from dataclasses import asdict, dataclass
from typing import Any

from gateway.domain.policies import Language
from gateway.usecases.receipts import Controller


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of data, and how long it is kept."""

    what: str
    """The sentence that the person reads about it."""
    until: tuple[str, ...]
    """More than one where rows end differently; each row ends by the first that applies."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that is done with data about people."""

    key: str
    name: str
    purpose: str
    people: str
    """Whose data."""
    rests_on: str
    data: tuple[Kept, ...]
    seen_by: tuple[str, ...]
    leaves_to: str
    """To whom outside of the installation; empty for nobody."""


@dataclass(frozen=True, slots=True)
class ProcessingRecord:
    """The whole record, in one language."""

    language: Language
    controller: Controller
    activities: tuple[Activity, ...]
    measures: tuple[str, ...]
    """Technical and organisational ones."""


def as_json(record: ProcessingRecord) -> dict[str, Any]:
    """The record for programs."""
    return asdict(record)


def as_markdown(record: ProcessingRecord) -> str:
    """The record as a page, with a table for each activity."""
    match record.language:
        case Language.ENGLISH:
            words = _ENGLISH
        case Language.CHINESE:
            words = _CHINESE
    named = record.controller
    lines = [f"# {words.title}", "", words.lead, ""]
    lines += _table(
        words.head,
        [
            (words.controller, f"{named.name}, {named.address}"),
            (words.contact, named.contact),
            (words.region, named.region),
            (words.third_countries, words.none_by_program),
        ],
    )
    for one in record.activities:
        lines += ["", f"## {one.name}", ""]
        lines += _table(
            words.head,
            [
                (words.purpose, one.purpose),
                (words.people, one.people),
                (words.rests_on, one.rests_on),
                (words.seen_by, words.between.join(one.seen_by)),
                (words.leaves_to, one.leaves_to or words.nobody),
            ],
        )
        lines.append("")
        lines += _table(words.data_head, [(kept.what, words.between.join(kept.until)) for kept in one.data])
    lines += ["", f"## {words.measures}", "", *(f"- {measure}" for measure in record.measures)]
    return "\n".join(lines) + "\n"


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> list[str]:
    cells = [head, ("---", "---"), *rows]
    return [f"| {left.replace('|', '/')} | {right.replace('|', '/')} |" for left, right in cells]


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    lead: str
    head: tuple[str, str]
    data_head: tuple[str, str]
    controller: str
    contact: str
    region: str
    third_countries: str
    none_by_program: str
    purpose: str
    people: str
    rests_on: str
    seen_by: str
    leaves_to: str
    nobody: str
    measures: str
    between: str


_ENGLISH = _Words(
    title="Record of processing",
    lead=(
        "Made from the data map by `hearthgate export processing-record`. It says what the program does. What the "
        "controller does besides (other systems, paper, contracts), and the legal basis in the law that applies to "
        "them, is theirs to add."
    ),
    head=("", ""),
    data_head=("data, as the person is told", "kept"),
    controller="controller",
    contact="contact",
    region="stored in",
    third_countries="transfers to third countries",
    none_by_program="none by the program; it refuses to start with a database or key store outside its region's hosts",
    purpose="purpose",
    people="people",
    rests_on="rests on",
    seen_by="seen by",
    leaves_to="given to",
    nobody="nobody",
    measures="Measures",
    between="; ",
)

# ruff: noqa: RUF001 - Chinese has punctuation of its own
_CHINESE = _Words(
    title="处理活动记录",
    lead=(
        "由 `hearthgate export processing-record` 根据数据目录生成，说明本程序的处理活动。"
        "控制者的其他处理（其他系统、纸质文件、合同）以及所适用法律下的法律依据，由控制者自行补充。"
    ),
    head=("", ""),
    data_head=("数据（告知本人的说法）", "保存"),
    controller="控制者",
    contact="联系方式",
    region="存储地区",
    third_countries="向第三国传输",
    none_by_program="程序不传输；数据库或密钥库地址不在本地区允许的主机之内时，拒绝启动",
    purpose="目的",
    people="涉及的人",
    rests_on="依据",
    seen_by="可见者",
    leaves_to="提供给",
    nobody="无",
    measures="措施",
    between="；",
)
