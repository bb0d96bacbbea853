"""What a transport gets of a subscription: results to fetch, or to be handed as soon as they are there."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, TypeAlias

from strawberry.types import ExecutionResult

from graph.sharing import Shared

Stream: TypeAlias = AsyncGenerator[ExecutionResult, None]


class Pushed:
    """What sends results at once, if a transport has said so; it gives False where that takes waiting."""

    send: Callable[[Shared], bool] | None = None


class Results(AsyncGenerator[ExecutionResult, None]):
    """The results of a subscription, one by one. What is sent by `push_to` is not yielded."""

    __slots__ = ("_pushed", "_results")

    def __init__(self, results: Stream, pushed: Pushed) -> None:
        self._results = results
        self._pushed = pushed

    def push_to(self, send: Callable[[Shared], bool]) -> None:
        """Have results of equal viewers sent by this where it can; to be said before the first is asked for."""
        self._pushed.send = send

    def __anext__(self) -> Coroutine[Any, Any, ExecutionResult]:
        """The next result."""
        return self._results.__anext__()

    def asend(self, value: None) -> Coroutine[Any, Any, ExecutionResult]:
        """The next result."""
        return self._results.asend(value)

    def athrow(self, *error: Any) -> Coroutine[Any, Any, ExecutionResult]:
        """End with an error."""
        return self._results.athrow(*error)

    async def aclose(self) -> None:
        """End."""
        await self._results.aclose()
