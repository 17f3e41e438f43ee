// The echo server of ws, for Node. It is called with the mode, the bits of the
// windows and the level, 0 for ws's own; it prints its address, and ends when its
// standard input does.
import { WebSocketServer } from 'ws';

const [mode, bits, level] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

const deflate = {
  serverNoContextTakeover: mode === 'no-takeover',
  clientNoContextTakeover: mode === 'no-takeover',
  threshold: 512,
};
if (bits < 15) deflate.serverMaxWindowBits = deflate.clientMaxWindowBits = bits;
if (level > 0) deflate.zlibDeflateOptions = { level };

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: mode === 'none' ? false : deflate,
});
server.on('listening', () => console.log(`127.0.0.1:${server.address().port}`));
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});

process.stdin.on('end', () => process.exit(0)).resume();
