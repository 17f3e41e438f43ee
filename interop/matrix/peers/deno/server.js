const [hostname, port] = Deno.args;

Deno.serve({ hostname, port: Number(port) }, (request) => {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return new Response("not a WebSocket", { status: 426 });
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event) => socket.send(event.data);
  socket.onerror = () => {};
  return response;
});
