"""A websocket with send, recv and close: of the websockets package, or, with
MPREG_SOCKET=stdlib in the environment, of the standard library alone."""

import asyncio
import base64
import hashlib
import os
import struct
from urllib.parse import urlsplit


async def connect(url):
    if os.environ.get("MPREG_SOCKET") == "stdlib":
        return await Socket.connect(url)
    import websockets

    return await websockets.connect(url, max_size=None)


class Closed(Exception):
    pass


class Socket:
    """RFC 6455, as far as a client needs it: whole messages, pongs, no extensions."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, url):
        at = urlsplit(url)
        reader, writer = await asyncio.open_connection(at.hostname, at.port)
        key = base64.b64encode(os.urandom(16))
        writer.write(
            b"GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n"
            % ((at.path or "/").encode(), at.netloc.encode(), key)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        assert head.startswith(b"HTTP/1.1 101 ") and accept in head, head
        return cls(reader, writer)

    async def write(self, opcode, data):
        size = len(data)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 1 << 16:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        mask = os.urandom(4)
        self.writer.write(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
        await self.writer.drain()

    async def send(self, message):
        text = isinstance(message, str)
        await self.write(1 if text else 2, message.encode() if text else message)

    async def recv(self):
        message, kind = b"", None
        while True:
            first, second = await self.reader.readexactly(2)
            opcode, size = first & 15, second & 127
            if size > 125:
                size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
            data = await self.reader.readexactly(size)
            if opcode == 8:
                await self.write(8, data)
                self.writer.close()
                raise Closed(data)
            if opcode == 9:
                await self.write(10, data)
            elif opcode < 3:
                kind = opcode or kind
                message += data
                if first & 0x80:
                    return message.decode() if kind == 1 else message

    async def close(self):
        await self.write(8, struct.pack("!H", 1000))
        self.writer.close()
