// Loaded before LiveKit's client: it keeps what becomes of every WebSocket of the page.
window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(url, ...rest) {
    super(url, ...rest);
    const socket = { path: new URL(url).pathname, state: 'connecting' };
    sockets.push(socket);
    this.addEventListener('open', () => Object.assign(socket, { state: 'open', extensions: this.extensions }));
    this.addEventListener('error', () => { socket.error = true; });
    this.addEventListener('close', ({ code, reason }) => {
      Object.assign(socket, { state: 'closed', code, reason });
    });
  }
};
