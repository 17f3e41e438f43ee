package h2

import (
	"bytes"
	"testing"
)

// DATA allocates nothing in steady state: received whole or in parts, sent at once or as
// chunks that wait, the updates of windows on the way.
func TestDataAllocatesNothing(t *testing.T) {
	client, server := settled(t, Client, Config{ConnWindow: 1}), settled(t, Server, Config{ConnWindow: 1})
	var a [8]*Stream
	var b [8]*Stream
	for i := range a {
		a[i], b[i] = client.opened(), server.opened()
	}
	text := bytes.Repeat([]byte("x"), 300)
	var chunks [8]Chunk
	received := 0
	deliver := func(from, to *Endpoint, step int) {
		for p := from.Pending(); len(p) > 0; p = from.Pending() {
			n := len(p)
			for len(p) > 0 {
				part := p[:min(step, len(p))]
				p = p[len(part):]
				for {
					ev, n, err := to.Receive(part, noon)
					if err != nil {
						t.Fatal(err)
					}
					if ev.Kind == Nothing {
						break
					}
					received += len(ev.Data)
					to.Consumed(ev.Stream, len(ev.Data))
					part = part[n:]
				}
			}
			from.Advance(n)
			from.Done()
		}
	}
	for _, step := range []int{1 << 20, 7} {
		rounds := 0
		if allocs := testing.AllocsPerRun(300, func() {
			rounds++
			for i := range a {
				if n := client.TrySend(a[i], text[:3], text); n != 303 {
					t.Fatalf("%d bytes are sent", n)
				}
				chunks[i] = Chunk{Head: text}
				server.Send(b[i], &chunks[i])
			}
			deliver(client.Endpoint, server.Endpoint, step)
			deliver(server.Endpoint, client.Endpoint, step)
		}); allocs != 0 {
			t.Errorf("%v allocations for 16 frames, %d bytes at a time", allocs, step)
		}
		if want := rounds * 8 * 603; received != want {
			t.Errorf("%d bytes have come, want %d", received, want)
		}
		received = 0
	}
}

// An echo over 64 streams: a frame in, a frame out, by both ends.
func BenchmarkEcho(b *testing.B) {
	t := &testing.T{}
	client, server := settled(t, Client, Config{ConnWindow: 1}), settled(t, Server, Config{ConnWindow: 1})
	var streams [64]*Stream
	for i := range streams {
		streams[i] = client.opened()
		server.opened()
	}
	text := bytes.Repeat([]byte("x"), 32)
	pump := func(from, to *Endpoint, echo bool) {
		for p := from.Pending(); len(p) > 0; p = from.Pending() {
			for rest := p; ; {
				ev, n, err := to.Receive(rest, noon)
				if err != nil {
					b.Fatal(err)
				}
				if rest = rest[n:]; ev.Kind == Nothing {
					break
				}
				if to.Consumed(ev.Stream, len(ev.Data)); echo {
					to.TrySend(ev.Stream, ev.Data, nil)
				}
			}
			from.Advance(len(p))
		}
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		client.TrySend(streams[n%64], text, nil)
		if n%64 == 63 {
			pump(client.Endpoint, server.Endpoint, true)
			pump(server.Endpoint, client.Endpoint, false)
		}
	}
}
