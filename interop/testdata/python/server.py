"""A server of python3-websockets with the paths that server_test.go
serves too. It prints its port, then one JSON line per ended connection."""

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import websockets

from versions import path


async def fragments(message):
    cut = -(-len(message) // 3)
    for part in (message[:cut], message[cut : 2 * cut], message[2 * cut :]):
        yield part


async def answer(ws, url, message):
    if url.path == "/echo":
        await ws.send(message)
    elif url.path == "/fragments":
        await ws.send(fragments(message))
    elif url.path == "/ping":
        await (await ws.ping("are you there"))
        await ws.send("ponged")
    elif url.path == "/close":
        query = parse_qs(url.query)
        await ws.close(int(query["code"][0]), query["reason"][0])
    elif url.path == "/terminate":
        ws.transport.abort()


async def serve(ws):
    url = urlsplit(path(ws))
    try:
        async for message in ws:
            await answer(ws, url, message)
    except websockets.ConnectionClosed:
        pass
    await ws.wait_closed()
    print(json.dumps({"path": url.path, "code": ws.close_code, "reason": ws.close_reason}), flush=True)


async def main():
    async with websockets.serve(serve, "127.0.0.1", 0, max_size=None) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()


asyncio.run(main())
