package attack_test

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// refusedBoth says that a compressed message is refused, whichever way it is read.
func refusedBoth(t *testing.T, name string, opts *websocket.ConnOptions, code websocket.StatusCode, frames ...naive.Frame) {
	for way, read := range map[string]func(context.Context, *websocket.Conn) (string, error){"whole": readWhole, "pieces": readPieces} {
		attack(t, name+"/"+way, opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(frames...)
			_, err := read(wsplay.Patience(t), c)
			refused(p, c, err, code)
		})
	}
}

func TestAttackCompression(t *testing.T) {
	t.Run("bomb (1:1000) vs limit at limit-1, limit, limit+1", func(t *testing.T) {
		const limit = 100_000
		for _, n := range []int{limit - 1, limit} {
			attack(t, fmt.Sprint(n), wsplay.Deflating(limit), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				text := strings.Repeat("0", n)
				p.Send(wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, wsplay.Deflated(text))), wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, wsplay.Deflated(text))))
				if got, err := readWhole(wsplay.Patience(t), c); got != text || err != nil {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				if got, err := readPieces(wsplay.Patience(t), c); got != text || err != nil {
					t.Errorf("%d bytes, %v", len(got), err)
				}
			})
		}
		refusedBoth(t, "one more", wsplay.Deflating(limit), websocket.StatusMessageTooBig, wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, wsplay.Deflated(strings.Repeat("0", limit+1)))))
	})

	t.Run("bomb across fragments", func(t *testing.T) {
		d := wsplay.NewDeflater()
		frames := []naive.Frame{wsplay.RSV1(wsplay.Fragment(wsplay.OpBinary, d.Payload(strings.Repeat("0", 1<<16))+"\x00\x00\xff\xff"))}
		for range 20 {
			frames = append(frames, wsplay.Fragment(wsplay.OpContinuation, d.Payload(strings.Repeat("0", 1<<16))+"\x00\x00\xff\xff"))
		}
		refusedBoth(t, "a million in twenty", wsplay.Deflating(1<<20), websocket.StatusMessageTooBig, frames...)
	})

	t.Run("memory grows with what may be said, not with what is", func(t *testing.T) {
		bomb := wsplay.Deflated(strings.Repeat("0", 32<<20))
		for _, test := range []struct{ limit, most int64 }{{64 << 10, 1 << 20}, {4 << 20, 16 << 20}} {
			attack(t, fmt.Sprintf("32 MiB against %d KiB", test.limit>>10), wsplay.Deflating(test.limit), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				done := wsplay.Go(func() error { _, err := p.Write(p.Wire(wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, bomb)))); return err })
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, _, err := read(t, c)
				runtime.ReadMemStats(&after)
				if got := after.TotalAlloc - before.TotalAlloc; got > uint64(test.most) {
					t.Errorf("%d bytes were allocated to refuse it", got)
				}
				over, ok := errors.AsType[*websocket.LimitError](err)
				if !ok || over.Size > uint64(test.limit)+2<<10 {
					t.Error(err)
				}
				p.WantClose("the bomb", websocket.StatusMessageTooBig)
				_ = p.Close()
				<-done
			})
		}
	})

	// An error ends the connection, so that no message can refer to one of which half
	// was understood; a message that is not compressed leaves the window as it is.
	t.Run("context-takeover poisoning after error", func(t *testing.T) {
		attack(t, "plain messages between", wsplay.Deflating(0), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			d := wsplay.NewDeflater()
			for i, text := range []string{"a candidate", "a candidate", "another candidate"} {
				p.Send(wsplay.RSV1(wsplay.Frame(wsplay.OpText, d.Payload(text))), wsplay.Frame(wsplay.OpText, "plain"), wsplay.Frame(wsplay.OpPing, "p"))
				for _, want := range []string{text, "plain"} {
					if got, err := orFromLoop(wsplay.ReadWays[[]string{"Read", "Reader", "Messages"}[i]])(wsplay.Patience(t), c); got != want || err != nil {
						t.Errorf("got %q, %v; want %q", got, err, want)
					}
				}
			}
		})
		attack(t, "after corrupt data", wsplay.Deflating(0), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.RSV1(wsplay.Frame(wsplay.OpText, "\x07")), wsplay.RSV1(wsplay.Frame(wsplay.OpText, wsplay.Deflated("fine"))))
			_, err := readWhole(wsplay.Patience(t), c)
			refused(p, c, err, websocket.StatusInvalidFramePayloadData)
		})
	})

	t.Run("odd but right", func(t *testing.T) {
		final := func(text string) string { // one block with BFINAL, and the byte that ends the message
			var out bytes.Buffer
			w, _ := flate.NewWriter(&out, 6)
			_, _ = io.WriteString(w, text)
			_ = w.Close()
			return out.String() + "\x00"
		}
		for _, test := range []struct{ name, payload, want string }{
			{"RFC 7692 §7.2.3.1, one block", "\xf2\x48\xcd\xc9\xc9\x07\x00", "Hello"},
			{"RFC 7692 §7.2.3.3, no compression", "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "Hello"},
			{"RFC 7692 §7.2.3.4, BFINAL", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "Hello"},
			{"RFC 7692 §7.2.3.5, two blocks", "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "Hello"},
			{"RFC 7692 §7.2.3.6, empty message", "\x00", ""},
			{"empty blocks before the end", "\x00\x00\x00\xff\xff\x00\x00\x00\xff\xff\x00", ""},
			{"trailing 00 00 FF FF", wsplay.Deflated("Hello") + "\x00\x00\xff\xff\x00", "Hello"},
			{"BFINAL mid-stream", strings.TrimSuffix(final("Hello"), "\x00") + final(" world"), "Hello world"},
		} {
			attack(t, test.name, wsplay.Deflating(0), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
				if got, _ := io.ReadAll(flate.NewReader(strings.NewReader(test.payload + "\x00\x00\xff\xff\x01\x00\x00\xff\xff"))); !strings.HasPrefix(test.want, string(got)) {
					t.Fatalf("the standard library makes %q of it", got)
				}
				for at := range len(test.payload) {
					p.Send(wsplay.RSV1(wsplay.Fragment(wsplay.OpText, test.payload[:at])), wsplay.Fragment(wsplay.OpContinuation, ""), wsplay.Frame(wsplay.OpContinuation, test.payload[at:]))
					read := readWhole
					if at%2 == 1 {
						read = readPieces
					}
					if got, err := read(wsplay.Patience(t), c); got != test.want || err != nil {
						t.Fatalf("split at %d: %q, %v; want %q", at, got, err, test.want)
					}
				}
			})
		}
	})

	t.Run("corrupt", func(t *testing.T) {
		beyond := func(window int) string { // two strangers, the second as far from its copy as the window and one
			r := &wsplay.Sayings{R: rand.New(rand.NewPCG(3, 0))}
			noise := r.Noise(window + 1)
			return wsplay.Deflated(string(noise) + string(noise[:200]))
		}
		for _, test := range []struct {
			name, payload string
			terms         handshake.DeflateSide
		}{
			{"RSV1 on empty", "", handshake.DeflateSide{}},
			{"truncated in a block", wsplay.Deflated(strings.Repeat("truncated", 9))[:8], handshake.DeflateSide{}},
			{"truncated in a stored block", "\x00\x05\x00\xfa\xff\x48\x65", handshake.DeflateSide{}},
			{"reserved block type", "\x06", handshake.DeflateSide{}},
			{"LEN and NLEN", "\x00\x05\x00\xfa\xfe\x48\x65\x6c\x6c\x6f\x00", handshake.DeflateSide{}},
			{"trailing 00 00 FF FF that was not removed", wsplay.Deflated("Hello") + "\x00\x00\xff\xff", handshake.DeflateSide{}},
			{"nothing after BFINAL", "\xf3\x48\xcd\xc9\xc9\x07\x00", handshake.DeflateSide{}},
			{"distance before the beginning", "\x02\x00\x00\x00", handshake.DeflateSide{}},
			{"distance beyond negotiated window 9", beyond(1 << 9), handshake.DeflateSide{MaxWindowBits: 9}},
			{"distance beyond negotiated window 8", beyond(1 << 8), handshake.DeflateSide{MaxWindowBits: 8}},
			{"distance beyond negotiated window 14", beyond(1 << 14), handshake.DeflateSide{MaxWindowBits: 14}},
		} {
			opts := &websocket.ConnOptions{Deflate: &handshake.Deflate{Server: test.terms, Client: test.terms}}
			refusedBoth(t, test.name, opts, websocket.StatusInvalidFramePayloadData, wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, test.payload)))
		}
		// What is within the window of the first message is not there without takeover.
		d := wsplay.NewDeflater()
		frames := []naive.Frame{wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, d.Payload("a candidate"))), wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, d.Payload("a candidate")))}
		alone := handshake.DeflateSide{NoContextTakeover: true}
		opts := &websocket.ConnOptions{Deflate: &handshake.Deflate{Server: alone, Client: alone}}
		attack(t, "distance into the message before, without takeover", opts, func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(frames...)
			wantRead(t, c, "a candidate")
			_, err := readWhole(wsplay.Patience(t), c)
			refused(p, c, err, websocket.StatusInvalidFramePayloadData)
		})
	})

	t.Run("CPU per byte bound", func(t *testing.T) {
		// Empty blocks say nothing, and could go on for ever.
		const none = "\x00\x00\x00\xff\xff"
		attack(t, "as much of nothing as there may be", wsplay.Deflating(1), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			p.Send(wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, strings.Repeat(none, 13_000)+"\x00")))
			if _, got, err := read(t, c); len(got) != 0 || err != nil {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
		refusedBoth(t, "nothing without end", wsplay.Deflating(1), websocket.StatusMessageTooBig, wsplay.RSV1(wsplay.Header(wsplay.OpBinary, 1<<40)))
		frames := []naive.Frame{wsplay.RSV1(wsplay.Fragment(wsplay.OpBinary, none)), wsplay.Fragment(wsplay.OpContinuation, strings.Repeat(none, 6_000)), wsplay.Header(wsplay.OpContinuation, 40_000)}
		refusedBoth(t, "nothing without end, in fragments", wsplay.Deflating(1), websocket.StatusMessageTooBig, frames...)
		attack(t, "no limit", wsplay.Deflating(-1), func(t *testing.T, c *websocket.Conn, p *wsplay.Peer) {
			done := wsplay.Go(func() error {
				_, err := p.Write(p.Wire(wsplay.RSV1(wsplay.Frame(wsplay.OpBinary, strings.Repeat(none, 1_000_000)+"\x00"))))
				return err
			})
			if _, got, err := read(t, c); len(got) != 0 || err != nil {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	})

	t.Run("RSV1", func(t *testing.T) {
		for name, f := range map[string]naive.Frame{
			"ping": wsplay.RSV1(wsplay.Frame(wsplay.OpPing, "")), "pong": wsplay.RSV1(wsplay.Frame(wsplay.OpPong, "")), "close": wsplay.RSV1(wsplay.Frame(wsplay.OpClose, "")),
		} {
			refusedBoth(t, "on "+name, wsplay.Deflating(0), websocket.StatusProtocolError, f)
		}
		for name, first := range map[string]naive.Frame{
			"compressed": wsplay.RSV1(wsplay.Fragment(wsplay.OpText, "\xf2\x48")), "plain": wsplay.Fragment(wsplay.OpText, "Hello"),
		} {
			refusedBoth(t, "on a continuation of what is "+name, wsplay.Deflating(0), websocket.StatusProtocolError, first, wsplay.RSV1(wsplay.Frame(wsplay.OpContinuation, "")))
		}
		refusedBoth(t, "where nothing was agreed on", nil, websocket.StatusProtocolError, wsplay.RSV1(wsplay.Frame(wsplay.OpText, wsplay.Deflated("Hello"))))
	})
}
