const http = require("http");
const { server: WebSocketServer } = require("websocket");

const [host, port] = process.argv.slice(2);
const server = http.createServer((request, response) => response.writeHead(404).end());
server.listen(port, host);

const sockets = new WebSocketServer({
  httpServer: server,
  autoAcceptConnections: true,
  keepalive: false,
  maxReceivedFrameSize: 64 << 20,
  maxReceivedMessageSize: 64 << 20,
  fragmentOutgoingMessages: false,
});
sockets.on("connect", (connection) => {
  connection.on("error", () => {});
  connection.on("message", (message) => {
    if (message.type === "utf8") connection.sendUTF(message.utf8Data);
    else connection.sendBytes(message.binaryData);
  });
});
