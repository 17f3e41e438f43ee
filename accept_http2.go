package websocket

import (
	"net/http"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/h2/session"
	"github.com/hawser-ws/websocket/internal/poolcheck"
)

// streamPolicy is what decides about the requests of one HTTP/2 connection.
type streamPolicy struct {
	opts    *AcceptOptions
	prepare func(r *handshake.Request) (ServeFunc, error) // of ServeHTTP2Requests
	overTLS bool
}

// asks reports whether the application is asked about requests.
func (p *streamPolicy) asks() bool { return p.prepare != nil || p.opts.OnRequest != nil }

// streamUpgrade is one opening handshake over HTTP/2. It comes from a pool.
type streamUpgrade struct {
	serverHandshake
	serve ServeFunc
}

var streamUpgrades = poolcheck.NewPool("handshakes of HTTP/2", func() any { return new(streamUpgrade) })

// accept answers a request that is accepted.
func (u *streamUpgrade) accept(p *streamPolicy, x *session.Stream, head *h2.Head) (*Conn, error) {
	if u.opts.Registry != nil && u.opts.Registry.closed() {
		return nil, refusedByShutdown
	}
	if head.Method != http.MethodConnect && head.Protocol == "" {
		return nil, errNoWebSocket
	}
	if err := u.setPolicy("ServeHTTP2"); err != nil {
		return nil, err
	}
	u.collect(head)
	u.request.TLS = p.overTLS
	if p.asks() {
		u.collectHeader(head)
	}
	if refusal := u.policy.AcceptInto(&u.accepted, &u.request); refusal != nil {
		return nil, refusal
	}
	if err := u.ask(p); err != nil {
		return nil, err
	}
	extra, err := extraFields(u.opts.HTTPHeader)
	if err != nil {
		return nil, err
	}
	if err := x.Respond(&h2.Head{Status: http.StatusOK, Fields: lowerFields(u.accepted.Fields(extra))}); err != nil {
		return nil, err
	}
	agreed := agreement{subprotocol: u.accepted.Subprotocol}
	if u.accepted.Deflated {
		agreed.deflate = &u.accepted.Deflate
	}
	c := &Conn{transport: x}
	c.open(RoleServer, u.opts.settings(), agreed)
	return c, nil
}

var errNoWebSocket = &Refusal{Status: http.StatusNotFound, Section: "RFC 8441 §4", Reason: "only WebSockets are served here: CONNECT with the :protocol websocket"}

// collect copies into u.request what the rules of the handshake look at.
func (u *streamUpgrade) collect(head *h2.Head) {
	r := &u.request
	r.Collect(head)
	r.Method, r.Target, r.Host, r.Scheme = head.Method, head.Path, head.Authority, head.Scheme
	r.ProtoMajor, r.ProtoMinor, r.EndStream = 2, 0, head.EndStream
}

// collectHeader copies all fields, under the names that HTTP/1.1 gives them.
func (u *streamUpgrade) collectHeader(head *h2.Head) {
	for _, f := range head.Fields {
		u.request.Header = append(u.request.Header, handshake.Field{Name: http.CanonicalHeaderKey(f.Name), Value: f.Value})
	}
}

// ask asks the application about the request. It returns nil if it is accepted.
func (u *streamUpgrade) ask(p *streamPolicy) error {
	if p.prepare == nil {
		if p.opts.OnRequest != nil {
			if err := p.opts.OnRequest(&u.request); err != nil {
				return deny("OnRequest", err)
			}
		}
		return nil
	}
	serve, err := p.prepare(&u.request)
	switch {
	case err != nil:
		return deny("ServeHTTP2Requests", err)
	case serve == nil:
		return misuse("ServeHTTP2Requests", "prepare returned neither a ServeFunc nor an error")
	}
	u.serve = serve
	return nil
}

// lowerFields returns fields as HTTP/2 has them, without those that only HTTP/1.1 has (RFC 9113
// §8.2.2).
func lowerFields(fields []handshake.Field) (lower []h2.Field) {
	for _, f := range fields {
		switch name := strings.ToLower(f.Name); name {
		case "connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding":
		default:
			lower = append(lower, h2.Field{Name: name, Value: strings.Trim(f.Value, " \t")}) // RFC 9113 §8.2.1
		}
	}
	return lower
}
