// Package peer is what the signalling is for: a PeerConnection (pion's) that exchanges offers,
// answers and candidates through a session of package rtc. It receives what the server sends
// and discards it. It sends no media.
package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"

	"github.com/hawser-ws/websocket/examples/livekit/rtc"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// Peer follows one session. It makes a new PeerConnection each time the session joins, and
// keeps it when the session is resumed.
type Peer struct {
	// API makes the PeerConnections. Nil means pion's default.
	API *webrtc.API
	// Changed, if not nil, is called with each new state of the PeerConnection.
	Changed func(webrtc.PeerConnectionState)

	signals chan *livekit.SignalResponse // from Observe to Run
	done    chan struct{}                // closed when Run has ended

	// Only used by Run.
	send    func(*livekit.SignalRequest) error
	target  livekit.SignalTarget // the protocol's name for this PeerConnection
	conn    *webrtc.PeerConnection
	early   []webrtc.ICECandidateInit // candidates that arrived before the description
	offerID uint32
}

// New returns a Peer for a session of the given version.
func New(version rtc.Version) *Peer {
	p := &Peer{
		API:     webrtc.NewAPI(),
		signals: make(chan *livekit.SignalResponse, 64),
		done:    make(chan struct{}),
	}
	p.target = livekit.SignalTarget_SUBSCRIBER // the one that the server offers
	if version == rtc.V1 {
		p.target = livekit.SignalTarget_PUBLISHER // the only one, offered by us
	}
	return p
}

// Observe is for [rtc.Options]. It passes the server's signals to Run, and blocks when Run is
// behind.
func (p *Peer) Observe(e rtc.Event) {
	s, ok := e.(rtc.Signal)
	if !ok || s.Direction != rtc.Received {
		return
	}
	if res, ok := s.Message.(*livekit.SignalResponse); ok {
		select {
		case p.signals <- res:
		case <-p.done:
		}
	}
}

// Run answers through s until ctx ends.
func (p *Peer) Run(ctx context.Context, s *rtc.Session) error {
	defer close(p.done)
	p.send = func(r *livekit.SignalRequest) error { return s.Send(ctx, r) }
	defer func() { p.hangUp() }()
	for {
		select {
		case res := <-p.signals:
			if err := p.signal(res); err != nil && !gone(err) && ctx.Err() == nil {
				return fmt.Errorf("%s: %w", rtc.Name(res), err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// gone reports whether an answer could not be sent because the session has ended or is
// reconnecting. Another join follows, or the session goes on.
func gone(err error) bool {
	return errors.Is(err, rtc.ErrNotJoined) || errors.Is(err, net.ErrClosed)
}

func (p *Peer) signal(res *livekit.SignalResponse) error {
	switch m := res.Message.(type) {
	case *livekit.SignalResponse_Join:
		p.hangUp()
		if err := p.connect(m.Join.IceServers); err != nil {
			return err
		}
		if p.target == livekit.SignalTarget_PUBLISHER {
			return p.begin()
		}
	case *livekit.SignalResponse_Offer:
		return p.answer(m.Offer)
	case *livekit.SignalResponse_Answer:
		return p.describe(webrtc.SDPTypeAnswer, m.Answer.Sdp)
	case *livekit.SignalResponse_MediaSectionsRequirement:
		return p.makeRoom(m.MediaSectionsRequirement)
	case *livekit.SignalResponse_Trickle:
		if m.Trickle.Target == p.target && m.Trickle.CandidateInit != "" {
			return p.candidate(m.Trickle.CandidateInit)
		}
	}
	return nil
}

// connect makes the PeerConnection.
func (p *Peer) connect(servers []*livekit.ICEServer) error {
	var config webrtc.Configuration
	for _, s := range servers {
		config.ICEServers = append(config.ICEServers, webrtc.ICEServer{URLs: s.Urls, Username: s.Username, Credential: s.Credential})
	}
	conn, err := p.API.NewPeerConnection(config)
	if err != nil {
		return err
	}
	p.conn, p.early = conn, nil
	conn.OnICECandidate(p.trickle)
	if p.Changed != nil {
		conn.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
			if s != webrtc.PeerConnectionStateClosed { // hangUp reports that: pion does so at an arbitrary time
				p.Changed(s)
			}
		})
	}
	return nil
}

func (p *Peer) hangUp() {
	if p.conn != nil {
		_ = p.conn.GracefulClose() // its result does not matter any more
		p.conn = nil
		if p.Changed != nil {
			p.Changed(webrtc.PeerConnectionStateClosed)
		}
	}
}

// candidate adds a candidate of the server, once there is a description that it belongs to.
func (p *Peer) candidate(text string) error {
	var c webrtc.ICECandidateInit
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	if p.conn.RemoteDescription() == nil {
		p.early = append(p.early, c)
		return nil
	}
	return p.conn.AddICECandidate(c)
}

// trickle sends one of our candidates. pion's goroutines call it, with nil after the last one.
// The protocol's "final" is sent with a candidate, and this client cannot know in time which is
// the last.
func (p *Peer) trickle(c *webrtc.ICECandidate) {
	if c == nil {
		return
	}
	text, err := json.Marshal(c.ToJSON())
	if err != nil {
		return // strings and numbers cannot fail
	}
	// A session that has ended or is reconnecting does not need it.
	_ = p.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{Trickle: &livekit.TrickleRequest{
		Target: p.target, CandidateInit: string(text),
	}}})
}
