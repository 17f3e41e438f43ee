package conn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/frame"
)

// talker is one end of a conversation: what a shell has, but for a network, goroutines,
// contexts and a clock. Bytes come in and bytes go out.
type talker struct {
	role Role
	decoderShell
	life    Lifecycle
	out     Deflater
	engine  DeflateEngine
	unsent  []byte
	counter uint32 // for masking keys
	now     time.Time
}

func newTalker(role Role) *talker {
	terms := Terms{WindowBits: 15, Takeover: true}
	t := &talker{role: role, out: NewDeflater(terms, 0), now: time.Unix(1e9, 0)}
	t.decoderShell = *newDecoderShell(role.Expects(true), Limits{Frame: 1 << 10, Message: 1 << 10, Fragments: 10})
	return t
}

// send encodes a frame.
func (t *talker) send(h frame.Header, payload string) {
	h.Length, h.Masked = uint64(len(payload)), t.role.Masks()
	if h.Masked {
		t.counter += 0x9E37_79B9
		h.Key = frame.Key(t.counter)
	}
	t.unsent = append(frame.AppendHeader(t.unsent, h), payload...)
	if h.Masked {
		frame.Mask(t.unsent[len(t.unsent)-len(payload):], h.Key)
	}
}

func (t *talker) say(s string) { t.send(header(fin|text), s) }

func (t *talker) sayDeflated(s string) {
	t.send(header(fin|rsv1|text), string(t.out.Message(&t.engine, nil, []byte(s))))
	t.out.Sent([]byte(s))
}

func (t *talker) close(body CloseBody) {
	t.life.Handle(SendClose, body, t.now)
	t.send(header(closes), string(frame.AppendClose(nil, body.Code, body.Reason)))
}

// hear takes bytes, and answers what the protocol has answered.
func (t *talker) hear(p []byte) {
	had := len(t.events)
	t.feed(p)
	for _, e := range t.events[had:] {
		var payload string
		body := CloseBody{}
		if n, _ := fmt.Sscanf(e, "ping %q", &payload); n == 1 && t.life.State().CanSend() {
			t.send(header(pong), payload)
		}
		if n, _ := fmt.Sscanf(e, "close %d %s", &body.Code, &body.Reason); n > 0 {
			if do, _ := t.life.Handle(ReceiveClose, body, t.now); do == SendReply {
				t.close(Reply(body))
			}
		}
	}
}

// exchange carries what each has said to the other, in pieces, until both are silent.
func exchange(r *rand.Rand, a, b *talker) {
	for len(a.unsent)+len(b.unsent) > 0 {
		for _, way := range [][2]*talker{{a, b}, {b, a}} {
			n := min(1+r.IntN(20), len(way[0].unsent))
			p := slices.Clone(way[0].unsent[:n])
			way[0].unsent = way[0].unsent[n:]
			way[1].hear(p)
		}
	}
}

// A whole conversation, from bytes to bytes: messages both ways, one in fragments with a
// ping between them, compressed ones that refer to each other, and a close. The opening
// handshake is done.
func TestConversation(t *testing.T) {
	for seed := range uint64(50) {
		client, server := newTalker(Client), newTalker(Server)
		r := rand.New(rand.NewPCG(seed, 1))
		client.say("Hello")
		client.send(header(text), "in ")
		client.send(header(ping), "still there?")
		client.send(header(again), "")
		client.send(header(fin|again), "pieces")
		exchange(r, client, server)

		server.sayDeflated(strings.Repeat("over and over ", 20))
		server.sayDeflated(strings.Repeat("over and over ", 20))
		server.send(header(fin|bin), "\x00\xff")
		exchange(r, client, server)

		client.close(CloseBody{Code: 1000, Reason: "bye"})
		server.say("crossing it")
		exchange(r, client, server)
		for _, end := range []*talker{client, server} {
			if end.refused != nil || end.life.State() != Acknowledged {
				t.Fatalf("seed %d: the %v is %v: %v", seed, end.role, end.life.State(), end.refused)
			}
			end.life.Handle(EndOfStream, CloseBody{}, end.now)
			if ending := end.life.Ending(); !ending.Clean() || ending.Received.Code != 1000 {
				t.Errorf("seed %d: the %v ends with %+v", seed, end.role, ending)
			}
		}
		if want := []string{`text "Hello"`, `ping "still there?"`, `text "in pieces"`, "close 1000 bye"}; !slices.Equal(server.events, want) {
			t.Errorf("seed %d: the server has %q, want %q", seed, server.events, want)
		}
		long := fmt.Sprintf("text %.99q", strings.Repeat("over and over ", 20))
		if want := []string{`pong "still there?"`, long, long, `binary "\x00\xff"`, `text "crossing it"`, "close 1000 "}; !slices.Equal(client.events, want) {
			t.Errorf("seed %d: the client has %q, want %q", seed, client.events, want)
		}
	}
}
