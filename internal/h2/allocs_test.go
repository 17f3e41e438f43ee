package h2

import (
	"bytes"
	"runtime"
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

// A stream on which nothing happens costs this package a few hundred bytes.
func TestIdleStream(t *testing.T) {
	const n = 2000
	r := settled(t, Server, Config{MaxStreams: n + 1})
	r.opened()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what the first has found is swept
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	r.streams = nil // of the test
	before := heap()
	for range n {
		ev, _, err := r.Receive(r.head(r.table.remote+2, 0, connectFields...), noon)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Respond(ev.Stream, &Head{Status: 200}); err != nil {
			t.Fatal(err)
		}
		r.Advance(len(r.Pending()))
	}
	each := int64(heap()-before) / n
	t.Logf("%d bytes", each)
	if each > 400 {
		t.Errorf("an idle stream costs %d bytes", each)
	}
	runtime.KeepAlive(r)
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
