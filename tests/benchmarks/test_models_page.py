"""docs/models.md's last column comes from the record, and the page in the repository says what it says."""

from benchmarks.models_page import PAGE, filled
from benchmarks.parts import recorded

TABLE = """| configuration | input | here |
|---|---|---|
| `yolact_base` | 550 | old |
| `yolact_edge` | 550 | 7.3 (2) |

<!-- from benchmarks/forward.json -->
old words
<!-- end -->
after
"""


def entry(config: str, *times: float) -> dict:
    stages = (("forward", [1.0]), ("end to end", list(times)))
    rows = [{"what": f"{config}: {stage}", "values": values} for stage, values in stages]
    return {"rows": rows, "notes": [], "where": "2026-11-21, a machine"}


def test_figures_come_from_the_record_and_nothing_else_changes() -> None:
    record = {
        "yolact_base": entry("yolact_base", 500, 2000, 400),
        "lite": entry("lite", 50),
        "yolact_base, cuda": entry("yolact_base, cuda", 2),
    }
    page = filled(TABLE, record)
    assert "| `yolact_base` | 550 | 2 (3) |\n| `yolact_edge` | 550 | not measured |\n" in page
    assert "`lite` 20 (1)." in page
    assert "2026-11-21, a machine." in page
    assert "old" not in page
    assert page.endswith("<!-- end -->\nafter\n")
    assert filled(page, record) == page


def test_the_page_says_what_the_record_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text, recorded("forward")) == text
