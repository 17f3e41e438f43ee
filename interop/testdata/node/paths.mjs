// The paths that server_test.go serves, by a WebSocket of the npm package ws. It prints one JSON
// line per ended connection.
const fragments = (ws, data, isBinary) => {
  const cut = Math.ceil(data.length / 3);
  ws.send(data.subarray(0, cut), { binary: isBinary, fin: false });
  ws.send(data.subarray(cut, 2 * cut), { binary: isBinary, fin: false });
  ws.send(data.subarray(2 * cut), { binary: isBinary, fin: true });
};

export const serve = (ws, target) => {
  const url = new URL(target, 'ws://127.0.0.1');
  ws.on('message', (data, isBinary) => {
    switch (url.pathname) {
      case '/echo':
        return ws.send(data, { binary: isBinary });
      case '/fragments':
        return fragments(ws, data, isBinary);
      case '/ping':
        ws.once('pong', (payload) => ws.send(`${payload}` === 'are you there' ? 'ponged' : 'wrong pong'));
        return ws.ping('are you there');
      case '/close':
        return ws.close(Number(url.searchParams.get('code')), url.searchParams.get('reason'));
      case '/terminate':
        return ws.terminate();
    }
  });
  ws.on('close', (code, reason) =>
    console.log(JSON.stringify({ path: url.pathname, code, reason: reason.toString() })));
};
