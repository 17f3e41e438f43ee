"""A client of python3-websockets. It talks to the server at argv[1] and prints
one JSON line with what it saw."""

import asyncio
import json
import sys

import websockets

from payloads import CONVERSATION, digest

BASE = sys.argv[1]


def connect(path):
    return websockets.connect(BASE + path, max_size=None)


async def closed(ws):
    await ws.wait_closed()
    return {"code": ws.close_code, "reason": ws.close_reason}


async def main():
    saw = {"echoes": []}

    ws = await connect("/echo")
    for payload in CONVERSATION:
        await ws.send(payload)
        saw["echoes"].append(digest(await ws.recv()))

    async def fragments():
        yield "fragment"
        yield "\u20ac"
        pongs.append(await ws.ping("are you there"))
        yield "ed"

    pongs = []
    await ws.send(fragments())
    saw["echoes"].append(digest(await ws.recv()))
    await pongs[0]
    saw["pong"] = "are you there"  # the library resolves only the ping with this payload
    await ws.close(4001, "bye from the client")
    saw["closed"] = await closed(ws)

    ws = await connect("/fragments")
    await ws.send(CONVERSATION[0])
    saw["fragments"] = digest(await ws.recv())
    await ws.close(1000)
    saw["closedEmpty"] = await closed(ws)

    ws = await connect("/ping")
    await ws.send("ping me")
    saw["pinged"] = digest(await ws.recv())
    ws.transport.abort()
    await closed(ws)

    ws = await connect("/close?code=4002&reason=bye+from+the+server")
    await ws.send("close me")
    saw["serverClosed"] = await closed(ws)

    print(json.dumps(saw), flush=True)


asyncio.run(main())
