"""HTTP/1.1 by hand, for a proxy that breaks its rules: heads and bodies on streams, and a connection that is reset."""

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class Answer:
    """What the archive said, or what is said in its place."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


async def request(reader: asyncio.StreamReader) -> tuple[str, str, list[tuple[str, str]], bytes]:
    """Method, path, headers and body of a request."""
    line, headers = await first(reader)
    method, path, _ = line.split(" ", 2)
    return method, path, headers, await body_of(reader, dict(lower(headers)), whole=False)


async def first(reader: asyncio.StreamReader) -> tuple[str, list[tuple[str, str]]]:
    """The first line and the headers of a request or an answer."""
    line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
    pairs = (text.partition(":") for text in rest if text)
    return line, [(key, value.strip()) for key, _, value in pairs]


async def body_of(reader: asyncio.StreamReader, headers: dict[str, str], whole: bool) -> bytes:
    """Body by chunks, by length, or (`whole`) all that comes until the other side closes."""
    if "chunked" in headers.get("transfer-encoding", ""):
        out = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            out += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return out
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read() if whole else b""


def lower(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers with their names in small letters."""
    return [(key.lower(), value) for key, value in headers]


def lines(headers: list[tuple[str, str]]) -> bytes:
    """Headers as they are sent, with the empty line behind them."""
    return "".join(f"{key}: {value}\r\n" for key, value in headers).encode("latin1") + b"\r\n"


def head(answer: Answer, length: int | None) -> bytes:
    """The head of an answer that closes the connection; None says no length."""
    said = [] if length is None else [("Content-Length", str(length))]
    return f"HTTP/1.1 {answer.status} Answer\r\n".encode() + lines([*answer.headers, *said, ("Connection", "close")])


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def close(writer: asyncio.StreamWriter) -> None:
    """Close in the ordinary way."""
    with suppress(ConnectionError):
        writer.close()
        await writer.wait_closed()
