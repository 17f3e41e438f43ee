package agent

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/emiago/sipgo/sip"
)

// Request begins a client transaction (RFC 3261 §17.1) for sipgo's Client.
func (s *Session) Request(_ context.Context, req *sip.Request) (sip.ClientTransaction, error) {
	key, err := sip.ClientTxKeyMake(req)
	if err != nil {
		return nil, err
	}
	tx := sip.NewClientTx(key, req, s, slog.New(slog.DiscardHandler))
	tx.OnTerminate(func(key string, _ error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.clients, key)
	})
	s.mu.Lock()
	s.clients[key] = tx
	s.mu.Unlock()
	if err := tx.Init(); err != nil {
		tx.Terminate()
		return nil, err
	}
	return tx, nil
}

// receiveResponse passes a response to its transaction (RFC 3261 §17.1.3). A response without
// one is late, or not for us.
func (s *Session) receiveResponse(res *sip.Response) {
	s.agent.Log.Debug("received", "message", res.String())
	key, err := sip.ClientTxKeyMake(res)
	if err != nil {
		s.agent.Log.Warn("dropped", "error", err)
		return
	}
	s.mu.Lock()
	tx := s.clients[key]
	s.mu.Unlock()
	if tx != nil {
		tx.Receive(res)
	}
}

// receiveRequest answers a request in a server transaction (RFC 3261 §17.2).
func (s *Session) receiveRequest(req *sip.Request) {
	s.agent.Log.Debug("received", "message", req.String())
	req.SetTransport(s.network)
	if req.IsCancel() {
		// RFC 3261 §9.2: the request to be cancelled was answered at once. With sipgo, the
		// transaction of a CANCEL would never end.
		res := sip.NewResponseFromRequest(req, sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist", nil)
		if err := s.WriteMsg(res); err != nil {
			s.agent.Log.Warn("not answered", "request", req.StartLine(), "error", err)
		}
		return
	}
	key, err := sip.ServerTxKeyMake(req)
	if err != nil {
		s.agent.Log.Warn("dropped", "error", err)
		return
	}
	s.mu.Lock()
	tx := s.servers[key]
	s.mu.Unlock()
	if tx == nil && req.IsAck() {
		return
	}
	if tx == nil {
		tx = sip.NewServerTx(key, req, s, slog.New(slog.DiscardHandler))
		tx.OnTerminate(func(key string, _ error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.servers, key)
		})
		s.mu.Lock()
		s.servers[key] = tx
		s.mu.Unlock()
		err = tx.Init()
		if err == nil {
			err = tx.Respond(s.agent.Handle(req))
		}
	} else {
		err = tx.Receive(req) // a retransmission, or the ACK of a refused INVITE
	}
	if err != nil {
		s.agent.Log.Warn("not answered", "request", req.StartLine(), "error", err)
	}
}

// terminate ends the transactions that the connection leaves behind.
func (s *Session) terminate() {
	s.mu.Lock()
	servers := slices.Collect(maps.Values(s.servers))
	s.mu.Unlock()
	for _, tx := range servers {
		tx.Terminate()
	}
	// Client transactions are awaited by their callers, which see s.ended.
}
