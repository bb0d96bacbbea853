"""Seventy open streams when the process is told to end."""

import asyncio
import signal
import time

from benchmarks.figure import Figure, at_most, share
from benchmarks.live.crowd import Crowd
from benchmarks.live.fanout import FIVE
from benchmarks.live.servers import ours
from benchmarks.live.stage import Stage, asked
from benchmarks.live.viewers import RESTARTING, EventStreamViewer, Viewer

SOCKETS, EVENT_STREAMS = 50, 20
ENDED_SECONDS, GONE_SECONDS = 1.0, 2.0
_SERVICE_RESTART = "1012"
_WATCHED = "t_drain1"
_POLL_SECONDS = 0.5


async def drain(stage: Stage, _: int) -> list[Figure]:
    """SIGTERM; each end is timed from then, and so is that of the process."""
    question = asked(_WATCHED, FIVE)
    await stage.change(_WATCHED)
    crowd = Crowd()
    async with ours(stage.providers_file(_POLL_SECONDS)) as server:
        await crowd.open(server.url, [question], SOCKETS)
        await crowd.open(server.url, [question], EVENT_STREAMS, EventStreamViewer)
        told = time.monotonic()
        server.running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            await server.running.wait()
        gone_seconds = time.monotonic() - told
        await crowd.gone()
    in_time = [viewer for viewer in crowd.viewers if viewer.ended_at - told <= ENDED_SECONDS]
    last_seconds = max(viewer.ended_at for viewer in crowd.viewers) - told
    streams = SOCKETS + EVENT_STREAMS
    return [
        share(
            f"streams of {streams} ended within a second of SIGTERM",
            len(in_time),
            streams,
            f", {last_seconds:.2f} s",
        ),
        share("of them told why, and to come back", sum(map(_is_told, in_time)), streams),
        at_most("seconds from SIGTERM until the process is gone", GONE_SECONDS, gone_seconds),
    ]


def _is_told(viewer: Viewer) -> bool:
    """A client that sees `complete` would not come back."""
    return viewer.end in (_SERVICE_RESTART, RESTARTING) and not viewer.has_completed
