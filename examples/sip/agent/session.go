package agent

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/transport"
)

// writeTimeout limits the write of a message.
const writeTimeout = 10 * time.Second

// Session is an agent's connection. For sipgo it is a [sip.Connection], on which transactions
// write, and a [sipgo.ClientTransactionRequester], which starts them.
type Session struct {
	agent   *Agent
	conn    *websocket.Conn
	network string // WS or WSS

	ua     *sipgo.UserAgent
	client *sipgo.Client

	// ended is done when the connection has ended. Its cause says why.
	ended context.Context
	read  sync.WaitGroup

	mu      sync.Mutex
	clients map[string]*sip.ClientTx
	servers map[string]*sip.ServerTx
}

func newSession(a *Agent, conn *websocket.Conn, network string) (*Session, error) {
	quiet := slog.New(slog.DiscardHandler)
	s := &Session{
		agent: a, conn: conn, network: network,
		clients: make(map[string]*sip.ClientTx),
		servers: make(map[string]*sip.ServerTx),
	}
	// The user agent has its own transports. They open nothing unless asked, and nobody asks:
	// requests go to TxRequester.
	var err error
	if s.ua, err = sipgo.NewUA(sipgo.WithUserAgent(a.Account.User), sipgo.WithUserAgentHostname(a.Account.Domain)); err == nil {
		s.client, err = sipgo.NewClient(s.ua, sipgo.WithClientHostname(a.host), sipgo.WithClientLogger(quiet))
	}
	if err != nil {
		return nil, errors.Join(err, conn.CloseNow())
	}
	s.client.TxRequester = s

	ended, end := context.WithCancelCause(context.Background())
	s.ended = ended
	s.read.Go(func() { end(s.readAll()) })
	return s, nil
}

// Done returns a channel that is closed when the connection has ended.
func (s *Session) Done() <-chan struct{} { return s.ended.Done() }

// Err returns why the connection ended, or nil while it has not.
func (s *Session) Err() error { return context.Cause(s.ended) }

// Close closes the connection in order.
func (s *Session) Close() error {
	err := s.conn.Close(websocket.StatusNormalClosure, "")
	s.read.Wait()
	return errors.Join(err, s.ua.Close())
}

// readAll reads until the connection ends, and returns why it ended.
func (s *Session) readAll() error {
	defer s.terminate()
	for {
		_, p, err := s.conn.Read(context.Background())
		if err != nil {
			return &ConnectionError{Err: err}
		}
		if answer, ok := transport.Keepalive(p); ok {
			if answer != nil {
				if err := s.write(websocket.MessageText, answer); err != nil {
					return err
				}
			}
			continue
		}
		m, err := transport.Decode(p)
		if err != nil {
			s.agent.Log.Warn("dropped", "error", err)
			continue
		}
		switch m := m.(type) {
		case *sip.Request:
			s.receiveRequest(m)
		case *sip.Response:
			s.receiveResponse(m)
		}
	}
}

func (s *Session) write(typ websocket.MessageType, p []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	if err := s.conn.Write(ctx, typ, p); err != nil {
		return &ConnectionError{Err: err}
	}
	return nil
}

// WriteMsg sends a message. It is part of sip.Connection.
func (s *Session) WriteMsg(m sip.Message) error {
	typ, p := transport.Encode(m)
	s.agent.Log.Debug("sent", "message", string(p))
	return s.write(typ, p)
}

// LocalAddr is part of sip.Connection.
func (s *Session) LocalAddr() net.Addr { return s.conn.NetConn().LocalAddr() }

// Ref and TryClose count transactions in sipgo's own transports. This connection lasts until
// the agent closes it (RFC 5626 §4.2: the flow is kept open).
func (s *Session) Ref(int) int { return 1 }

// TryClose does nothing, see Ref.
func (s *Session) TryClose() (int, error) { return 1, nil }
