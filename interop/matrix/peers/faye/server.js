const http = require("http");
const WebSocket = require("faye-websocket");

const [host, port] = process.argv.slice(2);
const server = http.createServer((request, response) => response.writeHead(404).end());
server.on("upgrade", (request, socket, head) => {
  if (!WebSocket.isWebSocket(request)) return socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  const ws = new WebSocket(request, socket, head, [], { maxLength: 64 << 20 });
  ws.on("message", (event) => ws.send(event.data));
});
server.listen(port, host);
