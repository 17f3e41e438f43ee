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

// Peer follows one session. It has a new PeerConnection each time the session joins,
// and keeps it when the session is resumed.
type Peer struct {
	// API makes the PeerConnections. Nil: as pion does.
	API *webrtc.API
	// Changed is told the state of the PeerConnection. Nil: nobody is.
	Changed func(webrtc.PeerConnectionState)

	signals chan *livekit.SignalResponse // from Observe to Run
	done    chan struct{}                // closed when Run has ended

	// Of Run alone.
	send    func(*livekit.SignalRequest) error
	target  livekit.SignalTarget // what the two ends call this PeerConnection
	conn    *webrtc.PeerConnection
	early   []webrtc.ICECandidateInit // candidates that came before the description
	offerID uint32
}

// New returns a Peer for a session of that version.
func New(version rtc.Version) *Peer {
	p := &Peer{
		API:     webrtc.NewAPI(),
		signals: make(chan *livekit.SignalResponse, 64),
		done:    make(chan struct{}),
	}
	p.target = livekit.SignalTarget_SUBSCRIBER // it is what the server offers
	if version == rtc.V1 {
		p.target = livekit.SignalTarget_PUBLISHER // the only one, offered by us
	}
	return p
}

// Observe is for [rtc.Options]: it hands the server's signals to Run, and waits when
// Run has too many of them.
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
// coming back meanwhile: what follows then is another join, or that it goes on.
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
			if s != webrtc.PeerConnectionStateClosed { // that is told by hangUp: pion tells it at some time
				p.Changed(s)
			}
		})
	}
	return nil
}

func (p *Peer) hangUp() {
	if p.conn != nil {
		_ = p.conn.GracefulClose() // it is of no use to anybody, whatever it says
		p.conn = nil
		if p.Changed != nil {
			p.Changed(webrtc.PeerConnectionStateClosed)
		}
	}
}

// candidate takes one of the server's, once there is a description for it to belong to.
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

// trickle sends one of ours. It is called by pion's goroutines, with nil after the last:
// the protocol's "final" goes with a candidate, and this client knows too late which.
func (p *Peer) trickle(c *webrtc.ICECandidate) {
	if c == nil {
		return
	}
	text, err := json.Marshal(c.ToJSON())
	if err != nil {
		return // of strings and numbers there is none
	}
	// A session that has ended or is coming back has no use for it.
	_ = p.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{Trickle: &livekit.TrickleRequest{
		Target: p.target, CandidateInit: string(text),
	}}})
}
