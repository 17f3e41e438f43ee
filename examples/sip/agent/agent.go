// Package agent is a small SIP user agent over WebSocket (RFC 3261, RFC 7118). It registers,
// sends OPTIONS and MESSAGE, and answers requests.
//
// Package websocket provides the WebSocket; sipgo provides messages, transactions and digest
// authentication. [Session] connects the two.
package agent

import (
	"context"
	"log/slog"
	"sync"

	"github.com/emiago/sipgo/sip"
	"github.com/google/uuid"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/transport"
)

// Account has the user's name and password at a registrar.
type Account struct {
	User, Domain, Password string
}

// Agent is a user agent: the state that outlives a connection.
type Agent struct {
	Account Account
	// Dial has the options for connecting. Nil means the defaults.
	Dial *websocket.DialOptions
	// Handle answers requests other than ACK and CANCEL. The goroutine that reads calls it, so
	// it must be quick. If nil, OPTIONS is answered and other requests are refused.
	Handle func(*sip.Request) *sip.Response
	// Log receives what the agent does. Nil means no log.
	Log *slog.Logger

	once sync.Once
	// host is used in Via and Contact, user in Contact. instance tells the registrar that this
	// is the same agent after a reconnection (RFC 5626 §4.1).
	host, user, instance string

	mu           sync.Mutex
	registration registration
}

// init chooses the agent's own names.
func (a *Agent) init() {
	a.once.Do(func() {
		a.host = transport.InvalidHost()
		a.user = sip.GenerateTagN(10)
		a.instance = "urn:uuid:" + uuid.NewString()
		a.registration = registration{callID: uuid.NewString(), tag: sip.GenerateTagN(16)}
		if a.Log == nil {
			a.Log = slog.New(slog.DiscardHandler)
		}
		if a.Handle == nil {
			a.Handle = Answer
		}
	})
}

// aor returns the user's address of record (RFC 3261 §10).
func (a *Agent) aor() sip.Uri {
	return sip.Uri{Scheme: "sip", User: a.Account.User, Host: a.Account.Domain}
}

// contact returns where the user can be reached: over the connection on which this was
// registered, whatever the host says.
func (a *Agent) contact() *sip.ContactHeader {
	// RFC 7118 §5.2.2: the transport is ws even over TLS.
	address := sip.Uri{Scheme: "sip", User: a.user, Host: a.host, UriParams: sip.HeaderParams{{K: "transport", V: "ws"}}}
	return &sip.ContactHeader{Address: address}
}

// Connect opens a connection to a SIP WebSocket server and reads it until it ends or
// [Session.Close] is called. ctx limits the opening handshake.
func (a *Agent) Connect(ctx context.Context, url string) (*Session, error) {
	a.init()
	network, err := transport.Network(url)
	if err != nil {
		return nil, err
	}
	conn, err := transport.Dial(ctx, url, a.Dial)
	if err != nil {
		return nil, err
	}
	return newSession(a, conn, network)
}

// allowed are the methods that an agent answers.
const allowed = "OPTIONS, MESSAGE, ACK, CANCEL"

// Answer returns the default answer to a request: 200 to OPTIONS (RFC 3261 §11.2), 405 to
// others.
func Answer(req *sip.Request) *sip.Response {
	status, reason := sip.StatusMethodNotAllowed, "Method Not Allowed"
	if req.Method == sip.OPTIONS {
		status, reason = sip.StatusOK, "OK"
	}
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	res.AppendHeader(sip.NewHeader("Allow", allowed))
	res.AppendHeader(sip.NewHeader("Accept", "text/plain"))
	return res
}
