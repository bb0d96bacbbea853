"""What the checks of DRS are called: the vendor sends a code and no name."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from resolvers.catalogue import Remembered

TITLES: Mapping[str, str] = tomllib.loads(Path(__file__).with_name("titles.toml").read_text(encoding="utf-8"))
_NAME_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_NAME_WORDS = {
    "src": "source",
    "dst": "target",
    "tgt": "target",
    "db": "database",
    "coll": "collection",
    "num": "number",
    "incre": "incremental",
}


def title_of(code: str) -> str:
    """A check's name for people; a code without one is spelt out word by word."""
    return TITLES.get(code) or _SPELT[code]


def _spelt(code: str) -> str:
    parts = [part if len(part) > 1 and part.isupper() else part.lower() for part in _NAME_PARTS.findall(code)]
    spelt = " ".join(_NAME_WORDS.get(part, part) for part in parts)
    return spelt[:1].upper() + spelt[1:] or code


_SPELT = Remembered(_spelt)
