// A JsSIP client that does what the test tells it and keeps what it saw. It is
// bundled with JsSIP by the test.
import JsSIP from 'jssip';

const seen = [];
let ua;
let call;

function saw(what, details = {}) {
  seen.push({ what, ...details });
}

// have reports whether an event was seen whose details are these.
function have(what, details = {}) {
  return seen.some(event => event.what === what && Object.entries(details).every(([k, v]) => event[k] === v));
}

function start({ url, user, domain, password }) {
  ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(url)],
    uri: `sip:${user}@${domain}`,
    password,
    register_expires: 120,
    session_timers: false,
  });
  ua.on('connected', () => saw('connected'));
  ua.on('disconnected', e => saw('disconnected', { code: e.code, error: e.error }));
  ua.on('registered', e => saw('registered', { status: e.response.status_code }));
  ua.on('unregistered', () => saw('unregistered'));
  ua.on('registrationFailed', e => saw('registrationFailed', { cause: e.cause }));
  ua.on('newMessage', ({ originator, message, request }) => {
    if (originator === 'remote') {
      saw('message', { from: request.from.uri.user, text: request.body });
      return;
    }
    message.on('succeeded', () => saw('delivered'));
    message.on('failed', e => saw('undelivered', { cause: e.cause }));
  });
  ua.on('newRTCSession', ({ originator, session }) => {
    call = session;
    saw('call', { originator });
    session.on('progress', () => saw('progress', { originator }));
    session.on('confirmed', () => saw('confirmed'));
    session.on('ended', e => saw('ended', { originator: e.originator, cause: e.cause }));
    session.on('failed', e => saw('failed', { originator: e.originator, cause: e.cause }));
    const listen = connection => connection.addEventListener('track', e => {
      document.getElementById('heard').srcObject = e.streams[0];
    });
    if (session.connection) listen(session.connection);
    session.on('peerconnection', e => listen(e.peerconnection));
  });
  ua.start();
}

const media = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };

window.phone = {
  seen, have, start,
  stop: () => ua.stop(),
  send: (to, text) => ua.sendMessage(to, text),
  dial: to => { ua.call(to, media); },
  answer: () => call.answer(media),
  hangUp: () => call.terminate(),
  // heard returns how many bytes of sound have arrived in this call.
  heard: async () => {
    let bytes = 0;
    for (const report of (await call.connection.getStats()).values()) {
      if (report.type === 'inbound-rtp') bytes += report.bytesReceived;
    }
    return bytes;
  },
};
