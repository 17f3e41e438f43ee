const { client: WebSocketClient } = require("websocket");

const [url, agent, from, to] = process.argv.slice(2);

const play = (n) => new Promise((resolve) => {
  const client = new WebSocketClient({
    maxReceivedFrameSize: 64 << 20,
    maxReceivedMessageSize: 64 << 20,
    fragmentOutgoingMessages: false,
  });
  const limit = setTimeout(resolve, 120e3);
  const over = () => { clearTimeout(limit); resolve(); };
  client.on("connectFailed", over);
  client.on("connect", (connection) => {
    connection.on("error", () => {});
    connection.on("close", over);
    connection.on("message", (message) => {
      if (message.type === "utf8") connection.sendUTF(message.utf8Data);
      else connection.sendBytes(message.binaryData);
    });
  });
  client.connect(`${url}/runCase?case=${n}&agent=${agent}`);
});

(async () => {
  for (let n = Number(from); n <= Number(to); n++) await play(n);
  process.exit(0);
})();
