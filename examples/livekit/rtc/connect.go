package rtc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/hawser-ws/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// connect makes one connection and serves it to its end. err is why it ended.
func (s *Session) connect(ctx context.Context, how entry) (then step, err error) {
	url, err := joinURL(s.server, s.opts.Version, how, s.sid)
	if err != nil {
		return stop, err
	}
	s.observe(Dialing{URL: url, Resume: how == resume})
	// A browser must put the token into the query, as access_token, and servers and proxies log
	// that. A program that can set headers does better.
	conn, resp, err := s.opts.dial(ctx, url, http.Header{"Authorization": {"Bearer " + s.token}})
	if err != nil {
		return s.notConnected(ctx, err, resp)
	}
	defer conn.CloseNow()
	s.observe(Connected{conn, resp})
	then, err = s.converse(ctx, conn)
	_ = conn.CloseNow()                      // ends it if nothing else has
	s.observe(Disconnected{conn.CloseNow()}) // and returns how it ended, as every method does then
	return then, err
}

// notConnected judges a failed handshake. A server that is unreachable may come back, if it was
// ever reachable. A server that refuses will refuse again.
func (s *Session) notConnected(ctx context.Context, err error, resp *http.Response) (step, error) {
	if resp != nil && resp.Body != nil {
		if body, _ := io.ReadAll(resp.Body); len(body) > 0 {
			// The server quotes the token that it rejects.
			text := strings.ReplaceAll(string(body), s.token, "<token>")
			err = fmt.Errorf("%w: %q", err, strings.TrimSpace(text))
		}
	}
	s.observe(Disconnected{err})
	refused := resp != nil && resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests
	if refused || s.sid == "" || ctx.Err() != nil {
		return stop, err
	}
	return repeatAttempt, err
}

// converse reads the server's signals until the connection can no longer be used.
func (s *Session) converse(ctx context.Context, conn *websocket.Conn) (step, error) {
	reading, giveUp := context.WithCancelCause(ctx)
	beat := &heartbeat{send: func(r *livekit.SignalRequest) error { return s.write(reading, conn, r) }}
	defer beat.wait()
	defer giveUp(nil)
	for {
		typ, p, err := conn.Read(reading)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			// The end of ctx has ended the read but not the connection, so we can still say
			// goodbye.
			return stop, s.leave(conn)
		case context.Cause(reading) == ErrNoPong:
			return s.comeBack(), ErrNoPong
		default:
			return s.comeBack(), err
		}
		res := &livekit.SignalResponse{}
		if err := decode(typ, p, res); err != nil {
			_ = conn.Close(websocket.StatusInvalidFramePayloadData, "not a SignalResponse")
			return stop, fmt.Errorf("a message of %d bytes is not a SignalResponse: %w", len(p), err)
		}
		// An observer of the join may send at once.
		if s.enter(res, conn) {
			beat.start(reading, giveUp, s.pingInterval, s.pingTimeout)
		}
		s.observe(Signal{Direction: Received, Message: res, Size: len(p), RoundTrip: beat.answered(res)})
		switch m := res.Message.(type) {
		case *livekit.SignalResponse_Join:
			if m.Join.AlternativeUrl != "" {
				s.server = m.Join.AlternativeUrl
				return joinAgain, farewell(conn, errors.New("the server sent us to another server"))
			}
		case *livekit.SignalResponse_RefreshToken:
			s.token = m.RefreshToken // for the next connection
		case *livekit.SignalResponse_RoomMoved:
			s.token, s.sid = m.RoomMoved.Token, m.RoomMoved.GetParticipant().GetSid()
		case *livekit.SignalResponse_Leave:
			return s.toldToLeave(conn, m.Leave)
		}
	}
}

// enter reports whether this signal says that the participant has joined or resumed.
func (s *Session) enter(res *livekit.SignalResponse, conn *websocket.Conn) bool {
	switch m := res.Message.(type) {
	case *livekit.SignalResponse_Join:
		if m.Join.AlternativeUrl != "" {
			return false
		}
		s.sid = m.Join.GetParticipant().GetSid()
		s.pingInterval = seconds(m.Join.PingInterval, defaultPingInterval)
		s.pingTimeout = seconds(m.Join.PingTimeout, defaultPingTimeout)
	case *livekit.SignalResponse_Reconnect: // the intervals of the join still apply
	default:
		return false
	}
	s.failed = 0
	s.become(Joined, conn)
	return true
}

// toldToLeave does what the server's leave request asks for.
func (s *Session) toldToLeave(conn *websocket.Conn, leave *livekit.LeaveRequest) (step, error) {
	s.become(Leaving, nil)
	err := farewell(conn, &LeaveError{leave.Reason})
	switch leave.Action {
	case livekit.LeaveRequest_RESUME:
		return resumeAgain, err
	case livekit.LeaveRequest_RECONNECT:
		return joinAgain, err
	}
	return stop, err
}

// leave tells the server that the participant leaves. Otherwise the server would keep the place
// for a while.
func (s *Session) leave(conn *websocket.Conn) error {
	s.become(Leaving, nil)
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	if err := s.write(ctx, conn, &livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{
		Reason: livekit.DisconnectReason_CLIENT_INITIATED,
		Action: livekit.LeaveRequest_DISCONNECT,
	}}}); err != nil {
		return err
	}
	return farewell(conn, nil)
}

// farewell performs the closing handshake, unless the server was faster. It returns why, or
// what went wrong.
func farewell(conn *websocket.Conn, why error) error {
	err := conn.Close(websocket.StatusNormalClosure, "")
	if ended, ok := errors.AsType[*websocket.ClosedError](err); ok && ended.Clean() {
		err = nil
	}
	if why != nil {
		return why
	}
	return err
}

// comeBack says how to reconnect: as the same participant, if we had joined.
func (s *Session) comeBack() step {
	if s.sid == "" {
		return joinAgain
	}
	return resumeAgain
}

// write sends a signal. It calls Observe first, so that the answer is observed afterwards.
func (s *Session) write(ctx context.Context, conn *websocket.Conn, r *livekit.SignalRequest) error {
	p, err := proto.Marshal(r)
	if err != nil {
		return err
	}
	s.observe(Signal{Direction: Sent, Message: r, Size: len(p)})
	return conn.Write(ctx, websocket.MessageBinary, p)
}
