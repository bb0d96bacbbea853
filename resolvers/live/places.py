"""How many streams may be open at a time: in this process, and of one client."""

from resolvers.errors import TooManyStreams

MOST_STREAMS = 20_000
MOST_STREAMS_PER_CLIENT = 5_000


class Places:
    """One place for each open stream; nothing is kept of a client that has none."""

    def __init__(self, most: int = MOST_STREAMS, most_per_client: int = MOST_STREAMS_PER_CLIENT) -> None:
        self._most = most
        self._most_per_client = most_per_client
        self._taken = 0
        self._taken_by: dict[str, int] = {}

    @property
    def taken(self) -> int:
        """How many streams are open."""
        return self._taken

    @property
    def clients(self) -> int:
        """How many clients have a stream open."""
        return len(self._taken_by)

    def place(self, client: str) -> "Place":
        """A place for this client, held for as long as a block lasts."""
        return Place(self, client)

    def take(self, client: str) -> None:
        """One stream more. Raises TooManyStreams where the client, or this server, has no more places."""
        own = self._taken_by.get(client, 0)
        if own >= self._most_per_client:
            raise TooManyStreams(
                f"One client may have {own} streams open at a time. Close some, or watch several prechecks in "
                "one: `ids` and `refs` are lists."
            )
        if self._taken >= self._most:
            raise TooManyStreams(
                f"This server holds {self._taken} streams at a time at most. Subscribe again in a moment."
            )
        self._taken += 1
        self._taken_by[client] = own + 1

    def leave(self, client: str) -> None:
        """One stream less."""
        self._taken -= 1
        left = self._taken_by[client] - 1
        if left:
            self._taken_by[client] = left
        else:
            del self._taken_by[client]


class Place:
    """The place of one stream; smaller than a generator, for there may be thousands."""

    __slots__ = ("_client", "_places")

    def __init__(self, places: Places, client: str) -> None:
        self._places = places
        self._client = client

    def __enter__(self) -> None:
        """Raises TooManyStreams."""
        self._places.take(self._client)

    def __exit__(self, *_: object) -> None:
        self._places.leave(self._client)
