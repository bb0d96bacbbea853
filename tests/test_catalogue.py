from pathlib import Path

import pytest

from resolvers.catalogue import Catalogue, Remembered, read_catalogue
from resolvers.vocabulary import PrecheckCategory, PrecheckSide

SMALL = """
rules = [["PRIV", "PRIVILEGE"], ["LOG", "CHANGE_LOG"]]
[checks]
ONE = "VERSION"
srcTwo = { category = "CAPACITY", side = "BOTH" }
srcThree = { category = "CAPACITY" }
[groups]
net = "CONNECTIVITY"
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    path = tmp_path / "catalogue.toml"
    path.write_text(SMALL, encoding="utf-8")
    return read_catalogue(path)


@pytest.mark.parametrize(
    ("code", "group", "category"),
    [
        ("ONE", None, PrecheckCategory.VERSION),
        ("ONE", "net", PrecheckCategory.VERSION),
        ("PRIV_LOG", "net", PrecheckCategory.CONNECTIVITY),
        ("LOG_PRIV", "unknown", PrecheckCategory.PRIVILEGE),
        ("BINLOG", None, PrecheckCategory.CHANGE_LOG),
        ("", None, PrecheckCategory.OTHER),
    ],
)
def test_code_comes_before_group_before_rules(
    catalogue: Catalogue, code: str, group: str | None, category: PrecheckCategory
) -> None:
    assert catalogue.category(code, group) is category


@pytest.mark.parametrize(
    ("code", "side"),
    [
        ("srcTwo", PrecheckSide.BOTH),
        ("srcThree", PrecheckSide.SOURCE),
        ("srcDstDelay", PrecheckSide.BOTH),
        ("srcAndDstVersion", PrecheckSide.BOTH),
        ("dbCharsetConsistency", PrecheckSide.BOTH),
        ("compareSrcPermissionCheck", PrecheckSide.SOURCE),
        ("sourceSpace", PrecheckSide.SOURCE),
        ("dstSpace", PrecheckSide.TARGET),
        ("checkTargetSpace", PrecheckSide.TARGET),
        ("targetDataSourceState", PrecheckSide.TARGET),
        ("ONE", PrecheckSide.UNKNOWN),
    ],
)
def test_side_is_read_from_the_code_where_the_table_names_none(
    catalogue: Catalogue, code: str, side: PrecheckSide
) -> None:
    assert catalogue.side(code) is side


@pytest.mark.parametrize("wrong", ['rules = []\n[checks]\nX = "NO_SUCH"', 'rules = [["x", "NO_SUCH"]]\n[checks]'])
def test_word_outside_the_vocabulary_is_refused(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(ValueError, match="NO_SUCH"):
        read_catalogue(path)


def test_a_rule_is_asked_once_for_a_code_and_nothing_endless_is_kept() -> None:
    asked: list[str] = []

    def length(code: str) -> int:
        asked.append(code)
        return len(code)

    lengths = Remembered(length)
    endless = "x" * 100_000
    assert [lengths[code] for code in ("one", "one", endless, endless)] == [3, 3, 100_000, 100_000]
    assert asked == ["one", endless, endless]
    for number in range(5_000):
        assert lengths[str(number)] == len(str(number))
    assert len(lengths) < 5_000
