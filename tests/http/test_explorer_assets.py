import io
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from graph.http.explorer_assets import (
    PINS,
    ExplorerAssetsMissing,
    ExplorerAssetsRefused,
    Pin,
    damaged,
    install,
    main,
    sha384,
)

CONTENTS = {"umd/a.js": b"let a;", "style.css": b"a{}"}
FEW = [Pin("@scope/a", "1.0.0", member, sha384(content)) for member, content in CONTENTS.items()]


class Registry:
    """Stands in for npm: packs the given members, and counts how often it was asked."""

    def __init__(self, members: dict[str, bytes]) -> None:
        self.members = members
        self.asked: list[list[str]] = []

    def __call__(self, specs: Sequence[str], folder: Path) -> None:
        self.asked.append(list(specs))
        for pin in (*FEW, *PINS):
            with tarfile.open(folder / pin.archive, "w:gz") as archive:
                for member, content in self.members.items():
                    entry = tarfile.TarInfo(f"package/{member}")
                    entry.size = len(content)
                    archive.addfile(entry, io.BytesIO(content))


def test_installs_once_and_says_so(tmp_path: Path) -> None:
    registry, lines, cache = Registry(CONTENTS), list[str](), tmp_path / "explorer"
    assert install(cache, pins=FEW, pack=registry, say=lines.append)
    assert not install(cache, pins=FEW, pack=registry, say=lines.append)
    assert registry.asked == [["@scope/a@1.0.0"]]
    assert lines[0] == "Fetching @scope/a@1.0.0 with npm ..."
    assert lines[-1].endswith("nothing to do.")
    assert [(cache / pin.name).read_bytes() for pin in FEW] == list(CONTENTS.values())
    assert [entry.name for entry in tmp_path.iterdir()] == ["explorer"]


def test_repairs_a_damaged_file(tmp_path: Path) -> None:
    install(tmp_path / "explorer", pins=FEW, pack=Registry(CONTENTS))
    (tmp_path / "explorer" / FEW[0].name).write_bytes(b"let evil;")
    assert damaged(tmp_path / "explorer", FEW) == FEW[:1]
    assert install(tmp_path / "explorer", pins=FEW, pack=Registry(CONTENTS))
    assert damaged(tmp_path / "explorer", FEW) == []


@pytest.mark.parametrize("members", [{**CONTENTS, "style.css": b"b{}"}, {"umd/a.js": b"let a;"}])
def test_refuses_files_that_are_not_pinned_and_leaves_nothing(tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(ExplorerAssetsRefused, match=r"@scope/a@1\.0\.0"):
        install(tmp_path / "explorer", pins=FEW, pack=Registry(members))
    assert list(tmp_path.iterdir()) == []


def test_command_exits_with_2_on_a_wrong_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = Registry(dict.fromkeys((pin.member for pin in PINS), b"wrong"))
    assert main(["--into", str(tmp_path / "explorer")], pack=wrong) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: graphiql.min.css of graphiql@3.9.0 is not the pinned file")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_command_exits_with_1_when_npm_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(_specs: Sequence[str], _folder: Path) -> None:
        raise ExplorerAssetsMissing("npm could not fetch them.")

    assert main(["--into", str(tmp_path / "explorer")], pack=fails) == 1
    assert capsys.readouterr().err == "error: npm could not fetch them.\n"


def test_machine_without_npm_is_told_what_to_install(tmp_path: Path) -> None:
    # -S leaves out site-packages, and with them a wheel that may bring npm
    command = [sys.executable, "-S", "-m", "graph.http.explorer_assets", "--into", str(tmp_path / "explorer")]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("pip install '.[node]'\n")
    assert done.stderr.count("\n") == 1
