package h2

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What may come in which state, over all states that a server's stream can be in. The
// sections are of RFC 9113.
func TestFramesInStates(t *testing.T) {
	states := map[string]func(r *rig) *Stream{
		"idle":  func(r *rig) *Stream { return nil },
		"owing": func(r *rig) *Stream { return r.opens(1) },
		"open":  func(r *rig) *Stream { return r.opened() },
		"local": func(r *rig) *Stream { st := r.opened(); r.End(st); return st },
		"remote": func(r *rig) *Stream {
			st := r.opened()
			r.hears("end", dataFrame(1, FlagEndStream, ""), "ended 1")
			return st
		},
		"closed": func(r *rig) *Stream {
			st := r.opened()
			r.End(st)
			r.hears("end", dataFrame(1, FlagEndStream, ""), "ended 1")
			return st
		},
		"by peer": func(r *rig) *Stream {
			st := r.opened()
			r.hears("rst", resetOf(1, Cancel), "reset by peer 1 CANCEL")
			return st
		},
		"by us": func(r *rig) *Stream { st := r.opened(); r.Reset(st, Cancel); return st },
		"forgotten": func(r *rig) *Stream {
			st := r.opened()
			r.End(st)
			r.hears("end", dataFrame(1, FlagEndStream, ""), "ended 1")
			r.Release(st)
			return st
		},
		"forgotten, by us": func(r *rig) *Stream { st := r.opened(); r.Reset(st, Cancel); r.Release(st); return st },
		"skipped":          func(r *rig) *Stream { r.opens(3); return nil },
	}
	frames := map[string]func(r *rig) []byte{
		"HEADERS":       func(r *rig) []byte { return r.head(1, 0, connectFields...) },
		"DATA":          func(r *rig) []byte { return dataFrame(1, 0, "abc") },
		"DATA, end":     func(r *rig) []byte { return dataFrame(1, FlagEndStream, "abc") },
		"RST_STREAM":    func(r *rig) []byte { return resetOf(1, Cancel) },
		"WINDOW_UPDATE": func(r *rig) []byte { return update(1, 5) },
		"PRIORITY":      func(r *rig) []byte { return raw(TypePriority, 0, 1, 0, 0, 0, 0, 9) },
	}
	const abc, reset = `received 1 "abc"`, "reset by peer 1 CANCEL"
	want := map[string]map[string]string{
		// "Receiving any frame other than HEADERS or PRIORITY on a stream in this state MUST be treated
		// as a connection error (Section 5.4.1) of type PROTOCOL_ERROR."
		"idle":  {"HEADERS": "requested 1", "DATA": "broken PROTOCOL_ERROR 5.1", "DATA, end": "broken PROTOCOL_ERROR 5.1", "RST_STREAM": "broken PROTOCOL_ERROR 5.1", "WINDOW_UPDATE": "broken PROTOCOL_ERROR 5.1"},
		"owing": {"HEADERS": "failed 1 PROTOCOL_ERROR 8.1", "DATA": abc, "DATA, end": abc + "; ended 1", "RST_STREAM": reset},
		"open":  {"HEADERS": "failed 1 PROTOCOL_ERROR 8.1", "DATA": abc, "DATA, end": abc + "; ended 1", "RST_STREAM": reset},
		"local": {"HEADERS": "failed 1 PROTOCOL_ERROR 8.1", "DATA": abc, "DATA, end": abc + "; ended 1", "RST_STREAM": reset},
		// "If an endpoint receives additional frames, other than WINDOW_UPDATE, PRIORITY, or RST_STREAM, for
		// a stream that is in this state, it MUST respond with a stream error (Section 5.4.2) of type STREAM_CLOSED."
		"remote": {"HEADERS": "failed 1 STREAM_CLOSED 5.1", "DATA": "failed 1 STREAM_CLOSED 5.1", "DATA, end": "failed 1 STREAM_CLOSED 5.1", "RST_STREAM": reset},
		// "An endpoint MAY treat receipt of any other type of frame on a closed stream as a connection error
		// (Section 5.4.1) of type STREAM_CLOSED", but for WINDOW_UPDATE and RST_STREAM, and where we have reset it.
		"closed":  {"HEADERS": "broken STREAM_CLOSED 5.1", "DATA": "broken STREAM_CLOSED 5.1", "DATA, end": "broken STREAM_CLOSED 5.1"},
		"by peer": {"HEADERS": "broken STREAM_CLOSED 5.1", "DATA": "broken STREAM_CLOSED 5.1", "DATA, end": "broken STREAM_CLOSED 5.1"},
		// "An endpoint that receives an unexpected stream identifier MUST respond with a connection error
		// (Section 5.4.1) of type PROTOCOL_ERROR."
		"forgotten":        {"HEADERS": "broken PROTOCOL_ERROR 5.1.1", "DATA": "broken STREAM_CLOSED 5.1", "DATA, end": "broken STREAM_CLOSED 5.1"},
		"skipped":          {"HEADERS": "broken PROTOCOL_ERROR 5.1.1", "DATA": "broken STREAM_CLOSED 5.1", "DATA, end": "broken STREAM_CLOSED 5.1"},
		"by us":            {},
		"forgotten, by us": {},
	}
	for state, prepare := range states {
		for name, frame := range frames {
			for _, step := range []int{0, 1} {
				t.Run(state+", "+name, func(t *testing.T) {
					r := settled(t, Server, Config{})
					prepare(r)
					r.output()
					r.step = step
					var lines []string
					if line := want[state][name]; line != "" {
						lines = strings.Split(line, "; ")
					}
					r.hears(name, frame(r), lines...)
					if out := r.output(); len(lines) > 0 && strings.HasPrefix(lines[0], "failed") != (len(out) == 1 && strings.HasPrefix(out[0], "RST_STREAM 1")) && r.Err() == nil {
						t.Errorf("it writes %q", out)
					}
					if r.Err() == nil {
						r.hears("and goes on", r.head(9, 0, connectFields...), "requested 9")
					}
				})
			}
		}
	}
}

// Of our own streams.
func TestResponses(t *testing.T) {
	for _, test := range []struct {
		why  string
		in   func(r *rig) []byte
		want string
	}{
		{"an answer", func(r *rig) []byte { return r.head(1, 0, ":status: 200") }, "answered 1"},
		{"a refusal", func(r *rig) []byte { return r.head(1, FlagEndStream, ":status: 404") }, "answered 1 at end"},
		{"103 before", func(r *rig) []byte {
			return slices.Concat(r.head(1, 0, ":status: 103", "link: x"), r.head(1, 0, ":status: 200"))
		}, "informed 1; answered 1"},
		{"101", func(r *rig) []byte { return r.head(1, 0, ":status: 101") }, "failed 1 PROTOCOL_ERROR 8.6"},
		{"103 at the end", func(r *rig) []byte { return r.head(1, FlagEndStream, ":status: 103") }, "failed 1 PROTOCOL_ERROR 8.1"},
		{"a malformed one", func(r *rig) []byte { return r.head(1, 0, "x: y") }, "failed 1 PROTOCOL_ERROR 8.3.2"},
		{"one too large", func(r *rig) []byte { return r.head(1, 0, ":status: 200", "x: "+strings.Repeat("a", 16370)) }, "failed 1 ENHANCE_YOUR_CALM 10.5.1"},
		{"DATA before it", func(r *rig) []byte { return dataFrame(1, 0, "x") }, "failed 1 PROTOCOL_ERROR 8.1"},
		{"trailers", func(r *rig) []byte {
			return slices.Concat(r.head(1, 0, ":status: 200"), r.head(1, FlagEndStream, "x: y"))
		}, "answered 1; failed 1 PROTOCOL_ERROR 8.1"},
		{"a window", func(r *rig) []byte { return update(1, 7) }, ""},
		{"a reset", func(r *rig) []byte { return resetOf(1, RefusedStream) }, "reset by peer 1 REFUSED_STREAM"},
		{"an answer to nothing", func(r *rig) []byte { return r.head(3, 0, ":status: 200") }, "broken PROTOCOL_ERROR 5.1.1"},
		{"an answer of the server's own", func(r *rig) []byte { return r.head(2, 0, ":status: 200") }, "broken PROTOCOL_ERROR 5.1.1"},
		{"a push", func(r *rig) []byte { return raw(TypePushPromise, FlagEndHeaders, 1, be32(2)...) }, "broken PROTOCOL_ERROR 8.4"},
		{"DATA on a stream of the server's", func(r *rig) []byte { return dataFrame(2, 0, "x") }, "broken PROTOCOL_ERROR 5.1"},
	} {
		r := settled(t, Client, Config{})
		if _, err := r.Open(requestHead(), nil); err != nil {
			t.Fatal(err)
		}
		var lines []string
		if test.want != "" {
			lines = strings.Split(test.want, "; ")
		}
		r.hears(test.why, test.in(r), lines...)
		r.output()
	}
}

func TestRequests(t *testing.T) {
	r := settled(t, Server, Config{MaxStreams: 2})
	r.hears("an even one", nil)
	first := r.opens(1)
	second := r.opens(7)
	if first.State() != OwingHead || first.CanSend() {
		t.Error("it may send before it has answered")
	}
	// "An endpoint that receives a HEADERS frame that causes its advertised concurrent stream limit to be
	// exceeded MUST treat this as a stream error (Section 5.4.2) of type PROTOCOL_ERROR or REFUSED_STREAM."
	// https://www.rfc-editor.org/rfc/rfc9113#section-5.1.2
	r.hears("a third", r.head(9, 0, connectFields...), "refused 9 REFUSED_STREAM 5.1.2")
	r.hears("its DATA is dropped", dataFrame(9, 0, "abc"))
	r.writes("a refusal", "RST_STREAM 9 REFUSED_STREAM")
	// A stream counts until it is released, whoever ends it.
	r.hears("the peer resets one", resetOf(1, Cancel), "reset by peer 1 CANCEL")
	r.hears("and opens another", r.head(11, 0, connectFields...), "refused 11 REFUSED_STREAM 5.1.2")
	r.Release(first)
	r.hears("now it may", r.head(13, 0, connectFields...), "requested 13")
	r.output()

	// "The identifier of a newly established stream MUST be numerically greater than all streams that the
	// initiating endpoint has opened": https://www.rfc-editor.org/rfc/rfc9113#section-5.1.1
	if err := r.Respond(second, &Head{Status: 404}); err != nil || !r.End(second) || r.End(second) {
		t.Error("a refusal cannot be sent")
	}
	r.Release(second) // the peer has not ended: it still counts
	r.hears("too early", r.head(15, 0, connectFields...), "refused 15 REFUSED_STREAM 5.1.2")
	r.hears("what comes for nobody", dataFrame(7, 0, strings.Repeat("x", 16000)))
	r.hears("much of it", slices.Repeat(dataFrame(7, 0, strings.Repeat("x", 16000)), 3))
	r.hears("it ends", dataFrame(7, FlagEndStream, ""))
	if r.InUse() != 1 || slices.Collect(r.Streams())[0].ID() != 13 {
		t.Errorf("%d streams", r.InUse())
	}
	r.writes("of it all", "HEADERS 7 :status: 404,", `DATA 7 "" end`, "RST_STREAM 15 REFUSED_STREAM", "WINDOW_UPDATE 7 +48000")
	r.hears("a malformed one", r.head(17, 0, ":method: GET"), "refused 17 PROTOCOL_ERROR 8.3.1")
	r.hears("an even one", r.head(18, 0, connectFields...), "broken PROTOCOL_ERROR 5.1.1")

	r = settled(t, Server, Config{})
	r.hears("a promise by a client", raw(TypePushPromise, FlagEndHeaders, 1, be32(2)...), "broken PROTOCOL_ERROR 8.4")
}

func TestRespond(t *testing.T) {
	r := settled(t, Server, Config{})
	st := r.opens(1)
	for _, bad := range []*Head{{}, {Status: 101}, {Status: 103}, {Status: 200, Method: "GET"}} {
		if err := r.Respond(st, bad); err == nil {
			t.Errorf("%+v is sent", bad)
		}
	}
	if n := r.TrySend(st, []byte("x"), nil); n != 0 || r.Send(st, &Chunk{Head: []byte("x")}) || r.End(st) {
		t.Error("DATA before the response")
	}
	if err := r.Respond(st, &Head{Status: 200, Fields: []Field{{"Sec-WebSocket-Protocol", "a"}}}); err != nil {
		t.Error(err)
	}
	if err := r.Respond(st, &Head{Status: 200}); err != ErrStreamOver {
		t.Errorf("a second one: %v", err)
	}
	r.writes("the response", "HEADERS 1 :status: 200, sec-websocket-protocol: a,")
	r.Reset(st, Cancel)
	r.Reset(st, Cancel)
	r.writes("one reset", "RST_STREAM 1 CANCEL")
}

// Nothing that comes after the end of a connection or of a stream hurts.
func TestCallsAfterTheEnd(t *testing.T) {
	r := settled(t, Server, Config{})
	st := r.opened()
	owing := r.opens(3)
	r.hears("a violation", raw(TypePing, 0, 5, make([]byte, 8)...), "broken PROTOCOL_ERROR 6.7")
	r.writes("the last words", "GOAWAY 3 PROTOCOL_ERROR")
	c := &Chunk{Head: []byte("x")}
	if r.TrySend(st, []byte("x"), nil) != 0 || r.Send(st, c) || r.End(st) || r.Respond(owing, &Head{Status: 200}) != r.Err() || r.Retract(c) != 0 {
		t.Error("something is sent")
	}
	r.Reset(st, Cancel)
	r.Consumed(st, 1<<20)
	r.Ping([8]byte{})
	r.Warn()
	r.GoAway(NoError, "")
	r.Release(st)
	r.writes("nothing more")
	if _, err := r.Open(requestHead(), nil); err != r.Err() {
		t.Error(err)
	}
	if (&Endpoint{}).Err() != nil {
		t.Error("an error of nothing")
	}
	if got := fmt.Sprint(streamError(5, Cancel, "5.1", "why")); got != "stream 5: CANCEL: why (RFC 9113 §5.1)" {
		t.Error(got)
	}
}

// More streams than are remembered: late frames are forgiven.
func TestResetMemory(t *testing.T) {
	r := settled(t, Server, Config{})
	for id := uint32(1); id < 2*3*maxResets; id += 2 {
		r.now = r.now.Add(1e9)
		st := r.opens(id)
		r.Reset(st, Cancel)
		r.Release(st)
		r.flush()
	}
	for id := uint32(1); id < 2*3*maxResets; id += 2 {
		r.now = r.now.Add(1e9)
		r.hears("a late frame", dataFrame(id, 0, "x"))
	}
	if len(r.table.resets.ids) != maxResets {
		t.Errorf("%d are remembered", len(r.table.resets.ids))
	}
}
