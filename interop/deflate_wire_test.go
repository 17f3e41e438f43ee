package interop

import (
	"sync"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

// onWire is what one message was on the wire.
type onWire struct {
	compressed bool  // its first frame had RSV1
	size       int64 // of the payload of its frames
	frames     int
}

// wire takes down the messages of one direction, from the frames that a Trace sees.
type wire struct {
	mu       sync.Mutex
	messages []onWire
	inside   bool // a message
}

func (w *wire) frame(_ *websocket.Conn, f websocket.FrameInfo) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f.Opcode.IsControl() {
		return
	}
	if !w.inside {
		w.messages = append(w.messages, onWire{compressed: f.RSV1})
	}
	m := &w.messages[len(w.messages)-1]
	m.size += f.Length
	m.frames++
	w.inside = !f.FIN
}

func (w *wire) taken() []onWire {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.messages
}

// worthwhile is the size from which compressing what is compressible gains something,
// whatever the library.
const worthwhile = 256

// checkWire checks that messages went compressed, and that it was worth it.
func checkWire(t *testing.T, direction string, all []drawn, wire []onWire, terms handshake.DeflateSide, by habits) {
	t.Helper()
	if len(wire) != len(all) {
		t.Fatalf("%d messages %s in frames, want %d", len(wire), direction, len(all))
	}
	var fragmented, plain, worth int
	var sent, sizes [noise + 1]int64
	for i, m := range all {
		w := wire[i]
		if m.nature == compressible && m.size >= worthwhile {
			worth++
			if !w.compressed {
				plain++
			}
		}
		if !w.compressed {
			if w.size != int64(m.size) {
				t.Errorf("message %d %s: %d bytes without RSV1, want %d", i, direction, w.size, m.size)
			}
			continue
		}
		if w.frames > 1 {
			fragmented++
		}
		sent[m.nature] += w.size
		sizes[m.nature] += int64(m.size)
	}
	t.Logf("%s: %d kB compressible as %d, %d repeating as %d, %d noise as %d; %d of %d plain, %d fragmented", direction,
		sizes[compressible]/1000, sent[compressible]/1000, sizes[repeating]/1000, sent[repeating]/1000,
		sizes[noise]/1000, sent[noise]/1000, plain, worth, fragmented)

	if plain > worth/2 || !by.plain && plain > 0 {
		t.Errorf("%d of %d messages worth compressing were %s uncompressed", plain, worth, direction)
	}
	if by.plain && plain == 0 {
		t.Errorf("no message was %s uncompressed", direction)
	}
	if by.fragments && fragmented == 0 {
		t.Errorf("no compressed message was %s in fragments", direction)
	}
	if sent[compressible] > sizes[compressible]/2 {
		t.Errorf("%d compressible bytes were %s as %d", sizes[compressible], direction, sent[compressible])
	}
	// What repeats earlier messages is small only where those are remembered.
	if !terms.NoContextTakeover && terms.MaxWindowBits == 15 && sent[repeating] > sizes[repeating]*9/10 {
		t.Errorf("%d bytes that repeat earlier ones were %s as %d", sizes[repeating], direction, sent[repeating])
	}
}
