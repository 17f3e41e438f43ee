// A client of the npm package ws. It talks to the server at argv[2] and prints
// one JSON line with what it saw.
import { once } from 'node:events';
import WebSocket from 'ws';
import { conversation, digest } from './payloads.mjs';

const base = process.argv[2];

async function connect(path) {
  const ws = new WebSocket(base + path);
  ws.closed = once(ws, 'close').then(([code, reason]) => ({ code, reason: reason.toString() }));
  await once(ws, 'open');
  return ws;
}

async function receive(ws) {
  const [data, isBinary] = await once(ws, 'message');
  return digest(data, isBinary);
}

const saw = { echoes: [] };

let ws = await connect('/echo');
for (const payload of conversation) {
  ws.send(payload);
  saw.echoes.push(await receive(ws));
}
// Three frames of one text message, the euro sign cut in two, a ping in between.
const pong = once(ws, 'pong');
const euro = Buffer.from('\u20ac');
ws.send(Buffer.concat([Buffer.from('fragment'), euro.subarray(0, 1)]), { binary: false, fin: false });
ws.send(euro.subarray(1), { binary: false, fin: false });
ws.ping('are you there');
ws.send('ed', { binary: false, fin: true });
saw.echoes.push(await receive(ws));
saw.pong = (await pong)[0].toString();
ws.close(4001, 'bye from the client');
saw.closed = await ws.closed;

ws = await connect('/fragments');
ws.send(conversation[0]);
saw.fragments = await receive(ws);
ws.close();
saw.closedEmpty = await ws.closed;

ws = await connect('/ping');
ws.send('ping me');
saw.pinged = await receive(ws);
ws.terminate();
await ws.closed;

ws = await connect('/close?code=4002&reason=bye+from+the+server');
ws.send('close me');
saw.serverClosed = await ws.closed;

console.log(JSON.stringify(saw));
