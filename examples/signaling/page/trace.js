// The live trace beside the call: what the page's own WebSocket does, from both ends.
//
//	page's events --+
//	                +--> trace-model.js --> trace-view.js: frames, handshakes, diagram
//	server's trace -+
import { TraceModel } from "./trace-model.js";
import { followTrace } from "./trace-stream.js";
import { TraceView } from "./trace-view.js";

const MOST_FOLLOWED = 3; // connections whose server's side is followed at a time

// createTrace shows a trace in a container. Its methods are called by the page as things
// happen, for one connection after another, each begun by connecting.
export function createTrace(container) {
  const model = new TraceModel();
  const view = new TraceView(container, model);
  const following = [];

  const told = happened => (...args) => {
    happened(performance.now(), ...args);
    view.changed();
  };

  // follow reads the server's side, to its end even if the next connection has begun.
  const follow = ({ connection: name, key }) => {
    const connection = model.current;
    if (!name) {
      model.following(connection, "refused", "it keeps none");
      return view.changed();
    }
    connection.name = name;
    const controller = new AbortController();
    following.push(controller);
    if (following.length > MOST_FOLLOWED) following.shift().abort();
    followTrace({ connection: name, key }, {
      signal: controller.signal,
      onEvent: event => { model.server(connection, event); view.changed(); },
      onState: (state, detail) => { model.following(connection, state, detail); view.changed(); },
    }).finally(() => {
      const at = following.indexOf(controller);
      if (at >= 0) following.splice(at, 1);
    });
  };

  return {
    connecting: told((at, attempt, url, protocols) => model.connecting(at, attempt, url, protocols)),
    opened: told((at, agreed) => model.opened(at, agreed)),
    sent: told((at, message) => model.sent(at, message)),
    received: told((at, message) => model.received(at, message)),
    closing: told((at, close) => model.closing(at, close)),
    closed: told((at, event) => model.closed(at, event)),
    peer: told((at, peer) => model.peer(at, peer)),
    media: told((at, media) => model.media(at, media)),
    follow,
  };
}
