// Node's HTTP/2 server, with the npm package ws on its streams (RFC 8441), by a method of ws that
// is not documented. argv[2] is a file with the certificate and the key. It prints its port.
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import WebSocket from 'ws';
import { serve } from './paths.mjs';

const pem = readFileSync(process.argv[2]);
const server = createSecureServer({ cert: pem, key: pem, settings: { enableConnectProtocol: true } });

server.on('stream', (stream, headers) => {
  if (headers[':method'] !== 'CONNECT' || headers[':protocol'] !== 'websocket') {
    stream.respond({ ':status': 501 }, { endStream: true });
    return;
  }
  stream.respond({ ':status': 200 });
  stream.setNoDelay = () => {}; // streams of Node 20 have it, and it throws
  const ws = new WebSocket(null, undefined, { autoPong: true, closeTimeout: 30_000 });
  ws.setSocket(stream, Buffer.alloc(0), {
    allowSynchronousEvents: true,
    maxPayload: 1 << 20,
    skipUTF8Validation: false,
  });
  serve(ws, headers[':path']);
});

server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
