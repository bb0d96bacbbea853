"""The fuzzer of `make fuzz`, for a moment: what comes out of broken answers, and that it would tell."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fuzz import MOST_GROWTH_MEGABYTES, fuzz, replay
from benchmarks.targets import Question, Target, target, target_names
from resolvers.clock import Clock
from resolvers.providers.ninedata import NineData, NineDataSettings
from resolvers.registry import vendors
from resolvers.upstream.contract import Outcome
from resolvers.upstream.limiter import Limiter
from resolvers.vocabulary import PrecheckLocale

INPUTS = 2_000
SEED = 20261121


def test_every_vendor_is_fuzzed() -> None:
    assert {name.partition(" ")[0] for name in target_names()} == set(vendors())


@pytest.mark.parametrize("name", target_names())
async def test_nothing_but_problems_comes_out_of_broken_answers(name: str, tmp_path: Path) -> None:
    outcome = await fuzz(target(name), INPUTS, SEED, tmp_path)
    assert outcome.failures == []
    assert outcome.growth_megabytes <= MOST_GROWTH_MEGABYTES
    assert INPUTS * 0.05 < outcome.read < INPUTS * 0.9, "too few answers are whole, or too few are broken"


class Careless(NineData):
    """One that trusts its vendor to send JSON."""

    async def ask(self, external_ids: Sequence[str], locale: PrecheckLocale) -> Mapping[str, Outcome]:
        answer = await self.connection.send("GET", "/")
        json.loads(answer.body)
        return {}


async def test_what_comes_out_is_counted_and_kept_to_be_fed_again(tmp_path: Path) -> None:
    sound = target("ninedata")
    careless = Target("ninedata", [carelessly(question) for question in sound.questions])
    outcome = await fuzz(careless, 200, SEED, tmp_path)
    assert outcome.uncaught > 10
    assert not outcome.is_good
    kept = read_all(tmp_path)
    assert len(kept) == len(outcome.failures) > 0
    for each in kept:
        assert "ask" in each["error"]
        with pytest.raises(ValueError):  # noqa: PT011 - whichever it was
            await replay(each, careless)
        assert await replay(each, sound) is False
    await sound.close()


def read_all(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in folder.iterdir()]


def carelessly(question: Question) -> Question:
    settings, clock = question.provider.settings, Clock()
    assert isinstance(settings, NineDataSettings)
    provider = Careless(settings, Limiter(None, clock), clock)
    provider.connection = question.connection
    return question._replace(provider=provider)
