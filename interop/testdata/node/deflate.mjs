// An echo of the npm package ws with permessage-deflate, as
//   deflate.mjs dial TERMS URL   or   deflate.mjs serve TERMS
// TERMS is JSON of what this end asks for. A server prints its port first. Either
// prints one JSON line when a connection has ended. On the path /bomb it sends 32 MiB
// of zeros instead.
import WebSocket, { WebSocketServer } from 'ws';

const [role, terms, url] = process.argv.slice(2);

const { client_max_window_bits, server_max_window_bits, client_no_context_takeover, server_no_context_takeover } =
  JSON.parse(terms);
const perMessageDeflate = {
  clientMaxWindowBits: client_max_window_bits,
  serverMaxWindowBits: server_max_window_bits,
  clientNoContextTakeover: client_no_context_takeover,
  serverNoContextTakeover: server_no_context_takeover,
  threshold: 1,
};

function talk(ws, path, saw) {
  let n = 0;
  const frame = (data, isBinary, fin) => ws.send(data, { binary: isBinary, fin });
  ws.on('message', (data, isBinary) => {
    switch (n++ % 4) {
      case 1: { // three frames of one message, characters cut
        const cut = Math.ceil(data.length / 3);
        frame(data.subarray(0, cut), isBinary, false);
        frame(data.subarray(cut, 2 * cut), isBinary, false);
        return frame(data.subarray(2 * cut), isBinary, true);
      }
      case 3:
        return ws.send(data, { binary: isBinary, compress: false });
      default:
        return ws.send(data, { binary: isBinary });
    }
  });
  ws.on('error', (error) => (saw.error = String(error)));
  ws.on('close', (code, reason) =>
    console.log(JSON.stringify({ ...saw, messages: n, code, reason: reason.toString() })));
  if (path === '/bomb') ws.send(Buffer.alloc(32 << 20));
}

if (role === 'dial') {
  const saw = {};
  const ws = new WebSocket(url, { perMessageDeflate });
  ws.on('upgrade', (response) => (saw.extensions = response.headers['sec-websocket-extensions']));
  ws.on('open', () => talk(ws, new URL(url).pathname, saw));
  ws.on('error', (error) => ws.listenerCount('message') || console.log(JSON.stringify({ error: String(error) })));
} else {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate });
  server.on('listening', () => console.log(`listening ${server.address().port}`));
  server.on('headers', (headers, request) => {
    const field = 'sec-websocket-extensions: ';
    request.extensions = headers.find((h) => h.toLowerCase().startsWith(field))?.slice(field.length);
  });
  server.on('connection', (ws, request) => talk(ws, request.url, { extensions: request.extensions }));
}
