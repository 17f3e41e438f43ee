package fuzz_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/fuzz/internal/seeds"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/wstest"
)

// FuzzBetween: two ends of ours, that do what the script says, and something between
// them that rewrites what one of them sends. What arrives is what the oracle makes of
// what has passed; an end that notices says so with the right code; both end in time,
// and for good.
func FuzzBetween(f *testing.F) {
	streams := seeds.Streams()
	seeds.Need(f, streams, 100)
	for i, script := range scripts {
		for bits := range byte(8) {
			f.Add(bits|byte(i)<<3, []byte(script), []byte(scripts[(i+1)%len(scripts)]), []byte(nil))
			for what := range byte(edits) {
				f.Add(bits|byte(i)<<3, []byte(script), []byte(scripts[(i+2)%len(scripts)]), []byte{7 * bits, what, 3 + bits, 20, 7 * what, bits})
			}
		}
	}
	// The sizes of what others have sent, for scripts.
	for i, s := range streams {
		if i%7 == 0 && len(s.Data) < 300 {
			f.Add(byte(i), s.Data, s.Data[len(s.Data)/2:], s.Data[:min(3, len(s.Data))])
		}
	}
	f.Fuzz(func(t *testing.T, bits byte, server, client, edits []byte) {
		synctest.Test(t, func(t *testing.T) { meet(t, bits, server[:min(len(server), 60)], client[:min(len(client), 60)], edits) })
	})
}

var scripts = []string{
	"\x00\x05\x01\x30\x02\x40\x05\x00\x06\x10\x00\x00",
	"\x03\x05\x03\x50\x03\x05\x04\x00\x03\x07\x05\x00\x00\x09",
	"\x01\xff\x02\xf0\x00\xf8\x05\x00",
	"\x00\x03\x06\x05\x07\x03",
	"\x02\x09\x05\x00\x08\x00",
	"",
}

// meet has the two ends meet. The lowest bits: compression, who is rewritten, who closes
// first when both have said all; then two for how much the network holds.
func meet(t *testing.T, bits byte, serverScript, clientScript, edits []byte) {
	opts := &websocket.ConnOptions{CompressionThreshold: 40}
	r := receiver{message: 1 << 20, fragments: 1 << 17, takeover: true, window: 1 << 15}
	if bits&1 != 0 {
		opts.Deflate, r.deflate = &handshake.Deflate{}, true
	}
	hold := []int{0, 9, 100, 4 << 10}[bits>>3&3]
	s, toServer := wstest.NetPipe(hold)
	c, toClient := wstest.NetPipe(hold)
	server := &party{Conn: websocket.NewConn(s, websocket.RoleServer, opts), script: serverScript}
	client := &party{Conn: websocket.NewConn(c, websocket.RoleClient, opts), script: clientScript}
	there, back := &relay{from: toClient, to: toServer}, &relay{from: toServer, to: toClient}
	if bits&2 != 0 {
		there.edits = edits
	} else {
		back.edits = edits
	}
	var relays sync.WaitGroup
	relays.Go(there.run)
	relays.Go(back.run)

	first, second := server, client
	if bits&4 != 0 {
		first, second = client, server
	}
	for _, p := range []*party{first, second} {
		p.reading.Go(p.listen)
		p.writing.Go(p.perform)
	}
	first.writing.Wait()
	second.writing.Wait()
	begin := time.Now()
	for _, p := range []*party{first, second} {
		_ = p.Batch().Flush(t.Context())
		_ = p.BeginClose(t.Context(), websocket.StatusNormalClosure, "")
	}
	first.reading.Wait()
	second.reading.Wait()
	_ = first.Close(websocket.StatusNormalClosure, "")
	_ = second.Close(websocket.StatusNormalClosure, "")
	// The default of Timeouts.Close; that of one end may begin when the other has ended.
	if took := time.Since(begin); took > 2*5*time.Second {
		t.Errorf("it took %v to end", took)
	}
	toServer.Close()
	toClient.Close()
	relays.Wait()

	whole := there.touched < 0 && back.touched < 0
	r.fromClient = true
	server.want(t, r, there, client, whole)
	r.fromClient = false
	client.want(t, r, back, server, whole)
}

// want compares what has come with what was sent, and with what the oracle makes of
// what has passed. whole tells that nothing was rewritten either way.
func (p *party) want(t *testing.T, r receiver, from *relay, sender *party, whole bool) {
	t.Helper()
	v := r.judge(from.tape)
	closed := p.wantEnded(t)
	begins := func(what string, got, want []message) {
		t.Helper()
		if n := len(got); n > len(want) || !slices.Equal(got, want[:n]) {
			t.Errorf("%v: %s: %d messages %.300q, want the beginning of %d: %.300q", p.Role(), what, n, got, len(want), want)
		}
	}
	begins("read", p.heard, v.messages)
	untouched := v.messages
	if from.touched >= 0 {
		untouched = r.judge(from.tape[:from.touched]).messages
	}
	begins("passed as it was", untouched, sender.said)
	protocol, broken := errors.AsType[*websocket.ProtocolError](closed.Cause)
	_, tooBig := errors.AsType[*websocket.LimitError](closed.Cause)
	switch {
	case v.unsure, excused(v, closed, r.window):
	case p.drops && (v.fail == 1007 || v.fail == 1009): // what Close drops is not judged
	case broken || tooBig:
		code := 1009
		if broken {
			code = int(protocol.Code)
		}
		if code != v.fail {
			t.Errorf("%v: %v, want code %d", p.Role(), closed, v.fail)
		}
		if closed.Began == websocket.SideRemote && (closed.Sent == nil || int(closed.Sent.Code) != v.fail) {
			t.Errorf("%v: %v: sent %v, want code %d", p.Role(), closed, closed.Sent, v.fail)
		}
		if !p.drops && len(p.heard) != len(v.messages) {
			t.Errorf("%v: read %d messages, want %d", p.Role(), len(p.heard), len(v.messages))
		}
	case closed.Received != nil:
		if v.received == nil || int(closed.Received.Code) != v.received.code || closed.Received.Reason != v.received.reason {
			t.Errorf("%v: %v, want %v", p.Role(), closed, v.received)
		}
	}
	if !whole {
		return
	}
	if !p.drops && !slices.Equal(p.heard, sender.success()) {
		t.Errorf("%v: read %d messages %.300q of %d sent: %.300q", p.Role(), len(p.heard), p.heard, len(sender.success()), sender.success())
	}
	if !closed.Clean() || closed.Cause != nil {
		t.Errorf("%v: not clean: %v", p.Role(), closed)
	}
	for _, err := range p.pinged {
		if err != nil && !p.closing(err) {
			t.Errorf("%v: ping: %v", p.Role(), err)
		}
	}
}

// closing reports whether err is that the connection was ending.
func (p *party) closing(err error) bool {
	_, ok := errors.AsType[*websocket.ClosedError](err)
	return ok
}
