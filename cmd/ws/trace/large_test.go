package trace_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace"
	"github.com/hawser-ws/websocket/cmd/ws/trace/synth"
	"github.com/hawser-ws/websocket/frame"
)

// loopback is a conversation as a loopback device shows it: segments of up to 65,483
// bytes, and in them masked and unmasked messages of size bytes.
func loopback(op frame.Opcode, size int) *synth.Conn {
	c := dial()
	c.MSS = 65_483
	c.Handshake()
	c.Upgrade("")
	for i := range 3 {
		p := strings.Repeat(fmt.Sprintf("%d 0123456789", i), size/12+1)[:size]
		c.Send(0, masked(op, true, p))
		c.Send(1, bare(op, true, p))
	}
	c.Send(0, masked(frame.Close, true, "\x03\xe8"))
	c.Send(1, bare(frame.Close, true, "\x03\xe8"))
	c.End(1)
	c.End(0)
	return c
}

// Segments may be as long as IP lets them be, and a message has any number of them. The
// sizes are those around the room in which payload is unmasked.
func TestLargeSegments(t *testing.T) {
	for _, size := range []int{16<<10 - 8, 16<<10 - 1, 16 << 10, 16<<10 + 1, 20_000, 2 * 16 << 10, 65_475, 65_536, 1 << 20} {
		for _, op := range []frame.Opcode{frame.Binary, frame.Text} {
			f := read(t, loopback(op, size).Bytes(), trace.Options{})
			if len(f.frames) != 8 || f.convs[0].Broken > 0 || len(f.notes) > 0 {
				t.Fatalf("%d bytes: %d frames, %d broken, %q", size, len(f.frames), f.convs[0].Broken, f.notes)
			}
			for i, x := range f.frames[:6] {
				p := strings.Repeat(fmt.Sprintf("%d 0123456789", i/2), size/12+1)[:size]
				if sum := sha256.Sum256([]byte(p)); x.SHA256 != hex.EncodeToString(sum[:]) || x.Message.SHA256 != x.SHA256 {
					t.Errorf("%d bytes of %v: the digest of frame %d is wrong", size, op, i)
				}
			}
		}
	}
}

// Several messages in one segment, among them compressed ones that are much longer than
// what carries them.
func TestManyMessagesInASegment(t *testing.T) {
	c := dial()
	c.MSS = 65_000
	c.Handshake()
	c.Upgrade("permessage-deflate")
	var all []byte
	for i, p := range deflated(0x01020304, strings.Repeat("a", 300_000), "short", strings.Repeat("b", 300_000)) {
		all = append(all, p...)
		all = append(all, masked(frame.Ping, true, fmt.Sprint(i))...)
		all = append(all, masked(frame.Binary, true, strings.Repeat("c", 20_000))...)
	}
	c.Send(0, all)
	f := read(t, c.Bytes(), trace.Options{})
	if len(f.frames) != 9 || f.convs[0].Broken > 0 || f.frames[6].Message.Length != 300_000 {
		t.Errorf("%d frames, %q\n%s", len(f.frames), f.notes, f.says())
	}
}

// A time that JSON has no form for, as a damaged pcapng file can have, ends nothing.
func TestTimesBeyondAnyCalendar(t *testing.T) {
	c := loopback(frame.Text, 100)
	offsets := map[int]uint64{}
	for i := range c.Packets {
		if i%2 == 0 {
			offsets[i] = 10_000 * 366 * 24 * 3600
		}
	}
	f := read(t, c.Ng(offsets), trace.Options{})
	if f.Packets.Untimed != len(offsets) || len(f.frames) != 8 || !f.Start.Equal(synth.Start.Add(time.Millisecond)) {
		t.Errorf("%d without a time, %d frames, it begins %v", f.Packets.Untimed, len(f.frames), f.Start)
	}
	for way := range 5 {
		check(t, f.Trace, way)
	}
}
