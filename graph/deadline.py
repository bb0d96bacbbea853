"""How long answering may take: what is awaited is given up when its time is over."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from resolvers.errors import OperationTimedOut

_Done = TypeVar("_Done")


async def in_time(awaited: Awaitable[_Done], seconds: float | None) -> _Done:
    """What is awaited. Raises OperationTimedOut where that takes longer, and cancels what nobody else awaits."""
    try:
        async with asyncio.timeout(seconds) as limit:
            return await awaited
    except TimeoutError:
        if not limit.expired():
            raise
        raise OperationTimedOut(
            f"Answering took longer than the {seconds:g} seconds that one operation may take. "
            "Ask for less at once, or watch it by a stream."
        ) from None
