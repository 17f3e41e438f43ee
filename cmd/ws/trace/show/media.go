package show

import (
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/payload"
)

// maxFlows is how many flows of media are printed.
const maxFlows = 50

// media prints the traffic between the ends beside the signalling.
func (p *printer) media(t *trace.Trace) {
	if len(t.Media) == 0 {
		return
	}
	p.line(plain, "")
	p.line(bold, "Media, directly between the ends")
	for i := range t.Media[:min(len(t.Media), maxFlows)] {
		m := &t.Media[i]
		p.line(bold, " UDP  %s ↔ %s", m.A, m.B)
		for _, c := range m.Checks {
			d := trace.FromServer
			if c.FromA {
				d = trace.FromClient
			}
			p.at(colour(d), c.Mark, 0, d, "STUN Binding request for %s", payload.Visible(c.Username))
			if s := AnnouncedWords(&c); s != "" {
				p.line(plain, "                             %s", s)
			}
		}
		for _, s := range MediaWords(m) {
			p.line(plain, "  %s", s)
		}
	}
	if n := len(t.Media) - maxFlows; n > 0 {
		p.line(faint, " and %s more", count(n, "flow"))
	}
}

// AnnouncedWords says which messages announced the name in a check.
func AnnouncedWords(c *trace.Check) string {
	var places []string
	for _, a := range c.Announced {
		places = append(places, fmt.Sprintf("#%d of stream %s", a.Packet, a.Name()))
	}
	if len(places) == 0 {
		return ""
	}
	return "as in the SDP of " + strings.Join(places, ", ")
}

// MediaWords returns the figures of a flow, one line for each end.
func MediaWords(m *trace.Media) []string {
	return []string{
		mediaCount("→", &m.Sent[0]),
		fmt.Sprintf("%s; %s in all", mediaCount("←", &m.Sent[1]), m.Last.Since(m.First.Time).Round(time.Millisecond)),
	}
}

func mediaCount(arrow string, n *trace.MediaCount) string {
	s := fmt.Sprintf("%s %s, %s", arrow, count(n.Packets, "packet"), count(n.Octets, "octet"))
	for _, k := range []struct {
		n    int
		what string
	}{{n.STUN, "STUN"}, {n.DTLS, "DTLS"}, {n.RTP, "RTP"}, {n.RTCP, "RTCP"}, {n.Other, "other"}} {
		if k.n > 0 {
			s += fmt.Sprintf(", %d %s", k.n, k.what)
		}
	}
	return s
}
