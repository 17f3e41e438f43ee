// The server of somebody's project. Its CI judges that it echoes as WebSocket has it.
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env.PORT),
  maxPayload: 64 * 1024 * 1024,
});

server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    socket.send(data, { binary: isBinary });
  });
});
