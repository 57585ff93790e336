"""The pages of the documentation and what stands in them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
PAGES: Final = (
    *sorted(path for path in DOCS.rglob("*.md") if path.name != "benchmarks.md"),
    *(ROOT / name for name in ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")),
)

BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<mark>[^>]+) -->\n)?^```(?P<kind>[a-z]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)

GENERATED: Final = re.compile(r"<!-- generated: ([a-z-]+) -->\n(.*?)<!-- end -->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block, and the comment before it."""

    page: Path
    mark: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}: {self.mark or self.text[:40]}"


def blocks(page: Path, kind: str = "") -> list[Block]:
    text = page.read_text(encoding="utf-8")
    # Indentation of a block inside a list does not belong to it.
    found = [Block(page, m["mark"] or "", m["kind"], m["text"]) for m in BLOCK.finditer(re.sub(r"(?m)^ +", "", text))]
    return [block for block in found if kind in ("", block.kind)]


def page_id(value: object) -> str:
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else str(value)
