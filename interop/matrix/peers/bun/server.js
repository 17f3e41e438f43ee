const [hostname, port] = process.argv.slice(2);

Bun.serve({
  hostname, port: Number(port),
  fetch(request, server) {
    if (!server.upgrade(request)) return new Response("not a WebSocket", { status: 400 });
  },
  websocket: {
    perMessageDeflate: true,
    maxPayloadLength: 64 << 20,
    backpressureLimit: 256 << 20,
    idleTimeout: 0,
    sendPings: false,
    message(socket, data) { socket.send(data, true); },
  },
});
