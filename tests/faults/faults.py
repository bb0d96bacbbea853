"""What may go wrong on a line, one function each: the ways to answer a request badly."""

import asyncio
import random
import zlib
from collections.abc import Callable, Iterator

from tests.faults.line import Exchange, Fault, Reply, forwarded

CHUNK = b" " * 65536
MARKUP = b"<!DOCTYPE html><html><head><title>Zanzibar</title></head><body>http://zanzibar.invalid/</body></html>"


async def silent(exchange: Exchange) -> None:
    """Accept and never answer."""
    await exchange.left()


async def headers_then_silence(exchange: Exchange) -> None:
    await exchange.send((await exchange.real()).head)
    await exchange.left()


def body_dripped(step_seconds: float) -> Fault:
    async def drip(exchange: Exchange) -> None:
        reply = await exchange.real()
        await exchange.send(reply.head)
        await dripped(exchange, reply.body, step_seconds)

    return drip


def headers_dripped(step_seconds: float) -> Fault:
    async def drip(exchange: Exchange) -> None:
        await dripped(exchange, (await exchange.real()).wire, step_seconds)

    return drip


async def dripped(exchange: Exchange, data: bytes, step_seconds: float) -> None:
    for sign in data:
        await exchange.send(bytes([sign]))
        await asyncio.sleep(step_seconds)


def still_at_it(step_seconds: float) -> Fault:
    """`102 Processing`, again and again."""

    async def repeat(exchange: Exchange) -> None:
        while True:
            await exchange.send(b"HTTP/1.1 102 Processing\r\n\r\n")
            await asyncio.sleep(step_seconds)

    return repeat


async def reset(exchange: Exchange) -> None:
    exchange.reset()


async def reset_in_the_body(exchange: Exchange) -> None:
    await send_half(exchange)
    exchange.reset()


async def ended_in_the_body(exchange: Exchange) -> None:
    await send_half(exchange)
    exchange.hang_up()


async def empty(exchange: Exchange) -> None:
    """Close in order, without a word; on a connection used before this is keep-alive that ended."""
    exchange.hang_up()


async def send_half(exchange: Exchange) -> None:
    reply = await exchange.real()
    await exchange.send(reply.head + reply.body[: len(reply.body) // 2])


def said(data: bytes) -> Fault:
    """These bytes, and the end of the connection."""

    async def answer(exchange: Exchange) -> None:
        await exchange.send(data)
        exchange.hang_up()

    return answer


def many_headers(count: int) -> Fault:
    async def answer(exchange: Exchange) -> None:
        reply = await exchange.real()
        more = tuple((f"x-{number}", "1") for number in range(count))
        await exchange.send(reply._replace(headers=reply.headers + more).wire)

    return answer


def replied(status: int, body: bytes = b"{}", **headers: str) -> Fault:
    """A fixed answer; underscores in names of headers stand for hyphens."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())

    async def answer(exchange: Exchange) -> None:
        await exchange.send(Reply(status, body, pairs).wire)

    return answer


def altered(change: Callable[[bytes], bytes], **headers: str) -> Fault:
    """The vendor's answer with another body, and with these headers in place of its own."""
    pairs = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(exchange: Exchange) -> None:
        reply = await exchange.real()
        kept = tuple(pair for pair in reply.headers if pair[0].lower() not in pairs)
        await exchange.send(Reply(reply.status, change(reply.body), kept + tuple(pairs.items())).wire)

    return answer


def late(seconds: float, fault: Fault = forwarded) -> Fault:
    async def answer(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await fault(exchange)

    return answer


def lossy(share: float, chance: random.Random, latency_seconds: float) -> Fault:
    """A slow line that breaks this share of its exchanges."""

    async def answer(exchange: Exchange) -> None:
        fault = chance.choice((reset, reset_in_the_body, empty)) if chance.random() < share else forwarded
        await late(latency_seconds, fault)(exchange)

    return answer


def endless(size: int) -> Fault:
    """A body of blanks, of this many bytes."""

    async def answer(exchange: Exchange) -> None:
        await exchange.send(f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n".encode())
        for _ in range(size // len(CHUNK)):
            await exchange.send(CHUNK)

    return answer


def bomb(size: int) -> bytes:
    """This many blanks, compressed about a thousand times, made without ever holding them."""
    return b"".join(compressed(size))


def compressed(size: int) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    for _ in range(size // len(CHUNK)):
        yield packer.compress(CHUNK)
    yield packer.flush()
