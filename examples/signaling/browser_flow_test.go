//go:build unix

package main

import "testing"

// How often a counter has to be seen to rise to count as rising. The page reads
// both every second; the data channel carries something every other second.
const (
	framesRise = 3
	bytesRise  = 2
)

// A flow is what comes from a peer, as the page shows it.
type flow struct {
	at            *chromium
	peer          string
	frames, bytes counter
}

type counter struct {
	last  int64
	risen int
}

func (c *counter) read(now int64) {
	if now > c.last {
		c.risen++
	}
	c.last = now
}

// flows waits until at both pages decoded frames and bytes of the data channel
// have risen again and again from now on.
func (s *stage) flows(t *testing.T, ann, bob string) {
	t.Helper()
	both := []*flow{{at: s.ann, peer: bob}, {at: s.bob, peer: ann}}
	for _, f := range both {
		f.read(t)
		f.frames.risen, f.bytes.risen = 0, 0
	}
	for _, f := range both {
		if !f.at.until(t, func() bool {
			for _, f := range both {
				f.read(t)
			}
			return f.frames.risen >= framesRise && f.bytes.risen >= bytesRise
		}) {
			t.Fatalf("at %s's page what comes from %s has stopped: %d decoded frames (risen %d times), %d bytes (risen %d times)",
				f.at.name, f.peer, f.frames.last, f.frames.risen, f.bytes.last, f.bytes.risen)
		}
	}
}

func (f *flow) read(t *testing.T) {
	t.Helper()
	for _, p := range evaluate[view](t, f.at, look).Peers {
		if p.ID == f.peer {
			f.frames.read(p.FramesDecoded)
			f.bytes.read(p.BytesReceived)
		}
	}
}
