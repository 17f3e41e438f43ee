"""An echo of python3-websockets with permessage-deflate, as

    deflate.py dial TERMS URL   or   deflate.py serve TERMS

TERMS is JSON of what this end asks for. A server prints its port first. Either prints
one JSON line when a connection has ended. On the path /bomb it sends 32 MiB of zeros
instead."""

import asyncio
import json
import sys
from urllib.parse import urlsplit

import websockets
from websockets.extensions import permessage_deflate

from versions import path, response_headers

ROLE, TERMS = sys.argv[1], json.loads(sys.argv[2])

# No keepalive: gws answers a ping without its payload, or spoils its window by it.
OPTIONS = {"compression": None, "max_size": None, "ping_interval": None}


def thirds(message):
    cut = -(-len(message) // 3)
    return [message[:cut], message[cut : 2 * cut], message[2 * cut :]]


async def talk(ws):
    n = 0
    try:
        if urlsplit(path(ws)).path == "/bomb":
            await ws.send(bytes(32 << 20))
        async for message in ws:
            await ws.send(thirds(message) if n % 3 == 1 else message)
            n += 1
    except websockets.ConnectionClosed:
        pass
    await ws.wait_closed()
    print(json.dumps({
        "extensions": response_headers(ws).get("Sec-WebSocket-Extensions", ""),
        "messages": n,
        "code": ws.close_code,
        "reason": ws.close_reason,
    }), flush=True)


async def dial(url):
    extension = permessage_deflate.ClientPerMessageDeflateFactory(**TERMS)
    await talk(await websockets.connect(url, extensions=[extension], **OPTIONS))


async def serve():
    extension = permessage_deflate.ServerPerMessageDeflateFactory(**TERMS)
    async with websockets.serve(talk, "127.0.0.1", 0, extensions=[extension], **OPTIONS) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(dial(sys.argv[3]) if ROLE == "dial" else serve())
