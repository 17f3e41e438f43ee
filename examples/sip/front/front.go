package front

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/transport"
	"github.com/hawser-ws/websocket/hub"
)

// Options are the options of [New]. Zero fields mean the defaults.
type Options struct {
	// Domain follows the @ in the users' addresses, and is the realm of their passwords. It is
	// required.
	Domain string
	// Users maps user names to passwords.
	Users map[string]string
	// OriginPatterns are the pages that may connect, see websocket.AcceptOptions. Default: the
	// server's own host.
	OriginPatterns []string
	// MaxConnections is the maximum number of clients. A handshake that is under way does not
	// count, so there may be a few more. Default: 10,000.
	MaxConnections int
	// Log receives what happens. Nil means no log.
	Log *slog.Logger
}

const (
	// queueLength is how many messages may wait for a client before it is closed with 1013 (try
	// again later).
	queueLength = 32
	// maxUsers is how many users a connection may authenticate as.
	maxUsers = 16
	// maxFailures is how many wrong answers to a challenge a connection may give.
	maxFailures = 10
)

// Front is the server.
type Front struct {
	domain   string
	host     string // for our Via
	log      *slog.Logger
	signer   signer
	digest   authenticator
	location location
	max      int

	options  websocket.AcceptOptions
	registry websocket.Registry

	mu    sync.Mutex
	peers map[string]*peer // by id
}

// New returns a Front.
func New(o Options) *Front {
	f := &Front{
		domain: strings.ToLower(o.Domain),
		host:   transport.InvalidHost(),
		log:    o.Log,
		max:    o.MaxConnections,
		signer: newSigner(),
		peers:  make(map[string]*peer),
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	if f.max == 0 {
		f.max = 10_000
	}
	f.digest = authenticator{realm: f.domain, users: o.Users, nonces: nonces{signer: f.signer}}
	f.options = websocket.AcceptOptions{
		Subprotocols:   []string{transport.Subprotocol},
		OriginPatterns: o.OriginPatterns,
		Registry:       &f.registry,
		Limits:         websocket.Limits{Message: transport.MaxMessage},
		Timeouts:       websocket.Timeouts{Write: 10 * time.Second},
		KeepAlive:      websocket.KeepAlive{Interval: 30 * time.Second, Timeout: 10 * time.Second},
	}
	return f
}

// Handler returns the handler for WebSocket connections, at any path.
func (f *Front) Handler() http.Handler {
	return transport.RequireSubprotocol(websocket.RequestHandler(f.letIn, &f.options))
}

// letIn refuses a client if there are too many.
func (f *Front) letIn(*http.Request) (websocket.ServeFunc, error) {
	if f.registry.Len() >= f.max {
		return nil, &websocket.Refusal{
			Status: http.StatusServiceUnavailable, Reason: "too many clients",
			Header: http.Header{"Retry-After": {"10"}},
		}
	}
	return f.serve, nil
}

// Shutdown closes every connection with 1001 (going away), and refuses new ones.
func (f *Front) Shutdown(ctx context.Context) error { return f.registry.Shutdown(ctx) }

// serve serves one client.
func (f *Front) serve(ctx context.Context, conn *websocket.Conn) error {
	p := &peer{id: rand.Text(), conn: conn}
	p.hub.Queue = queueLength
	p.hub.Slow = hub.CloseSlow
	p.hub.Add(conn)
	f.mu.Lock()
	f.peers[p.id] = p
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.peers, p.id)
		f.mu.Unlock()
		f.location.forget(p)
		f.log.Info("gone", "peer", p)
	}()
	f.log.Info("connected", "peer", p)

	for msg, err := range conn.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := f.receive(p, msg.Data); err != nil {
			return err
		}
	}
	return nil
}

// receive processes one WebSocket message. An error closes the connection.
func (f *Front) receive(p *peer, data []byte) error {
	if answer, ok := transport.Keepalive(data); ok {
		if answer != nil {
			p.send(websocket.MessageText, answer)
		}
		return nil
	}
	m, err := transport.Decode(data)
	if err != nil {
		f.log.Warn("malformed", "peer", p, "error", err)
		f.refuseMalformed(p, err)
		return nil
	}
	switch m := m.(type) {
	case *sip.Request:
		f.log.Debug("request", "peer", p, "line", m.StartLine())
		f.request(p, m)
	case *sip.Response:
		f.log.Debug("response", "peer", p, "line", m.StartLine())
		f.response(m)
	}
	if p.failures > maxFailures {
		return websocket.CloseError{Code: websocket.StatusPolicyViolation, Reason: "too many wrong passwords"}
	}
	return nil
}

// request passes a request to the right part of the server.
func (f *Front) request(p *peer, req *sip.Request) {
	ours := f.serves(req.Recipient.Host)
	switch {
	case req.IsAck() && f.answeredByUs(req):
		// RFC 3261 §8.2.7: the ACK for our refusal ends here.
	case req.Method == sip.REGISTER:
		f.register(p, req)
	case req.Method == sip.OPTIONS && ours && req.Recipient.User == "":
		f.capabilities(p, req)
	default:
		f.forward(p, req)
	}
}

// capabilities answers OPTIONS to the server itself (RFC 3261 §11.2).
func (f *Front) capabilities(p *peer, req *sip.Request) {
	f.respond(p, req, sip.StatusOK, "OK",
		sip.NewHeader("Allow", "REGISTER, OPTIONS, MESSAGE, INVITE, ACK, BYE, CANCEL"),
		sip.NewHeader("Accept", "*/*"),
		sip.NewHeader("Supported", "outbound"))
}

// serves reports whether host is the domain of this server (RFC 3261 §16.5).
func (f *Front) serves(host string) bool { return strings.EqualFold(host, f.domain) }

// peer returns the client with the connection id, or nil if it is gone.
func (f *Front) peer(id string) *peer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.peers[id]
}
