package peer

import (
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// answer answers an offer of the server. The answer has the offer's number, since another offer
// may be on its way already.
func (p *Peer) answer(offer *livekit.SessionDescription) error {
	if err := p.describe(webrtc.SDPTypeOffer, offer.Sdp); err != nil {
		return err
	}
	answer, err := p.conn.CreateAnswer(nil)
	if err != nil {
		return err
	}
	if err := p.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{Answer: &livekit.SessionDescription{
		Type: answer.Type.String(), Sdp: answer.SDP, Id: offer.Id,
	}}}); err != nil {
		return err
	}
	// Gathering of candidates begins here. They are sent after the answer.
	return p.conn.SetLocalDescription(answer)
}

// begin makes the first offer. It has a data channel, because there would be nothing to connect
// for without media. LiveKit knows the channel by this name.
func (p *Peer) begin() error {
	if _, err := p.conn.CreateDataChannel("_reliable", nil); err != nil {
		return err
	}
	return p.offer()
}

// makeRoom offers the media sections that the server says it needs.
func (p *Peer) makeRoom(need *livekit.MediaSectionsRequirement) error {
	for kind, n := range map[webrtc.RTPCodecType]uint32{webrtc.RTPCodecTypeAudio: need.NumAudios, webrtc.RTPCodecTypeVideo: need.NumVideos} {
		for range n {
			if _, err := p.conn.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				return err
			}
		}
	}
	return p.offer()
}

func (p *Peer) offer() error {
	offer, err := p.conn.CreateOffer(nil)
	if err != nil {
		return err
	}
	p.offerID++
	if err := p.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: &livekit.SessionDescription{
		Type: offer.Type.String(), Sdp: offer.SDP, Id: p.offerID,
	}}}); err != nil {
		return err
	}
	return p.conn.SetLocalDescription(offer)
}

// describe applies the server's description, and the candidates that arrived before it.
func (p *Peer) describe(typ webrtc.SDPType, sdp string) error {
	if err := p.conn.SetRemoteDescription(webrtc.SessionDescription{Type: typ, SDP: sdp}); err != nil {
		return err
	}
	for _, c := range p.early {
		if err := p.conn.AddICECandidate(c); err != nil {
			return err
		}
	}
	p.early = nil
	return nil
}
