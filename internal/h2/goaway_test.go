package h2

import (
	"slices"
	"strings"
	"testing"
)

// "Receivers of a GOAWAY frame MUST NOT open additional streams on the connection", and
// streams above its last one "can be retried". https://www.rfc-editor.org/rfc/rfc9113#section-6.8
func TestGoAwayOfAServer(t *testing.T) {
	r := settled(t, Client, Config{})
	for range 4 {
		r.opened()
	}
	c := &Chunk{Head: []byte("x")}
	r.Send(r.streams[7], c)
	r.hears("a warning", goAwayOf(maxStreamID, NoError, ""), `going away NO_ERROR ""`)
	if _, err := r.Open(requestHead(), nil); err != ErrGoingAway {
		t.Error(err)
	}
	r.hears("the last one", goAwayOf(3, EnhanceYourCalm, strings.Repeat("w", 300)),
		`going away ENHANCE_YOUR_CALM "`+strings.Repeat("w", maxDebug)+`"`,
		"not processed 5 ENHANCE_YOUR_CALM", "not processed 7 ENHANCE_YOUR_CALM")
	r.writes("nothing of the streams that are over")
	r.hears("the others go on", dataFrame(3, 0, "abc"), `received 3 "abc"`)
	r.hears("fewer", goAwayOf(1, NoError, "why"), `going away NO_ERROR "why"`, "not processed 3 NO_ERROR")
	// "Endpoints MUST NOT increase the value they send in the last stream identifier"
	r.hears("more", goAwayOf(3, NoError, ""), "broken PROTOCOL_ERROR 6.8")

	ev := Event{Kind: NotProcessed}
	refused, reset := Event{Kind: ResetByPeer, Code: RefusedStream}, Event{Kind: ResetByPeer, Code: Cancel}
	if !ev.RetrySafe() || !refused.RetrySafe() || reset.RetrySafe() {
		t.Error("what may be retried")
	}
}

func TestOurGoAway(t *testing.T) {
	r := settled(t, Server, Config{})
	st := r.opened()
	r.Warn()
	r.Ping([8]byte{'w', 'a', 'r', 'n'})
	r.writes("a warning", "GOAWAY 2147483647 NO_ERROR", `PING "warn\x00\x00\x00\x00"`)
	r.hears("what was on its way is taken", r.head(3, 0, connectFields...), "requested 3")
	r.hears("the answer", raw(TypePing, FlagAck, 0, []byte("warn\x00\x00\x00\x00")...), `pong "warn\x00\x00\x00\x00"`)
	r.GoAway(NoError, "so long")
	r.writes("the last stream", "GOAWAY 3 NO_ERROR")
	r.Warn()
	r.writes("too late for a warning")
	// "After sending a GOAWAY frame, the sender can discard frames for streams initiated by the receiver
	// with identifiers higher than the identified last stream. However, any frames that alter connection
	// state cannot be completely ignored."
	r.hears("later ones are dropped", slices.Concat(r.head(5, 0, append(slices.Clone(connectFields), "x: new")...), dataFrame(5, 0, "abc"), resetOf(5, Cancel)))
	if r.in.left+r.in.owed != DefaultConnWindow || r.in.owed != 3 {
		t.Errorf("the window: %+v", r.in)
	}
	r.hears("the others go on", dataFrame(1, 0, "abc"), `received 1 "abc"`)
	if r.TrySend(st, []byte("x"), nil) != 1 {
		t.Error("it does not send")
	}
	r.GoAway(NoError, "")
	r.writes("again", `DATA 1 "x"`, "GOAWAY 3 NO_ERROR")
}

func TestGoAwayOfAClient(t *testing.T) {
	r := settled(t, Server, Config{})
	r.opens(1)
	r.hears("it leaves", goAwayOf(0, NoError, "bye"), `going away NO_ERROR "bye"`)
	r.hears("its streams go on", dataFrame(1, 0, "x"), `received 1 "x"`)

	r = settled(t, Client, Config{})
	r.opened()
	r.GoAway(NoError, "")
	r.writes("ours", "GOAWAY 0 NO_ERROR")
	if _, err := r.Open(requestHead(), nil); err != ErrGoingAway {
		t.Error(err)
	}
	r.hears("our streams go on", dataFrame(1, FlagEndStream, "x"), `received 1 "x"`, "ended 1")
}

func TestStreamsRunOut(t *testing.T) {
	r := settled(t, Client, Config{})
	r.table.local = maxStreamID - 4
	if st, err := r.Open(requestHead(), nil); err != nil || st.id != maxStreamID-2 {
		t.Fatal(err)
	}
	if st, err := r.Open(requestHead(), nil); err != nil || st.id != maxStreamID {
		t.Fatal(err)
	}
	if _, err := r.Open(requestHead(), nil); err != ErrGoingAway {
		t.Error(err)
	}
}

func TestPing(t *testing.T) {
	r := settled(t, Server, Config{})
	r.step = 3
	r.hears("a PING", raw(TypePing, 0, 0, []byte("12345678")...))
	r.writes("the answer", `PING "12345678" ack`)
	r.Ping([8]byte{'a'})
	answer := raw(TypePing, FlagAck, 0, []byte("a\x00\x00\x00\x00\x00\x00\x00")...)
	r.hears("its answer", answer, `pong "a\x00\x00\x00\x00\x00\x00\x00"`)
	r.hears("an answer to nothing", answer)
}
