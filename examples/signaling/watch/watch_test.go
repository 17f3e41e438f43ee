package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fxamacker/cbor/v2"
	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"

	"github.com/hawser-ws/websocket/examples/signaling/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a server's Watch on a bus.
func node(t *testing.T, x *bus.Exchange, limit int) *Watch {
	t.Helper()
	b := x.Join()
	w := New(limit, b)
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Close()
		w.Close()
	})
	return w
}

// record begins to record a connection in memory, whose key is "key".
func record(t *testing.T, w *Watch) (r *Recorder, server, client *websocket.Conn) {
	t.Helper()
	r, hooks := w.Record(&http.Request{Method: "GET", RequestURI: "/x", Proto: "HTTP/1.1", Host: "h", Header: http.Header{}})
	r.Own("key")
	server, client = wstest.Pipe(&wstest.Options{Server: &websocket.ConnOptions{Trace: hooks}})
	t.Cleanup(func() {
		_ = server.CloseNow()
		_ = client.CloseNow()
	})
	return r, server, client
}

func plain(p []byte) string { return string(p) }

// read reads once, and tells the events in short.
func read(t *testing.T, r *Reading) (story string, ended bool) {
	t.Helper()
	lines, ended, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, line := range lines {
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		word := fmt.Sprintf("%d:%s", e.N, e.Kind)
		switch {
		case e.Frame != nil:
			word = strings.TrimSpace(fmt.Sprintf("%d:%s %s", e.N, e.Dir, e.Preview))
		case e.Lost > 0:
			word += fmt.Sprint(" ", e.Lost)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", "), ended
}

func reading(t *testing.T, w *Watch, r *Recorder) *Reading {
	t.Helper()
	got, err := w.Read(r.ID(), "key")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func say(t *testing.T, c *websocket.Conn, text string) {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c *websocket.Conn, r *Recorder) {
	t.Helper()
	_, p, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.Received(p, plain)
}

// What a reader gets who is in time, on the server of the connection and on another.
func TestReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x bus.Exchange
		here, there := node(t, &x, 500), node(t, &x, 500)
		r, server, client := record(t, here)
		readers := []*Reading{reading(t, here, r), reading(t, there, r)}
		want := func(why, events string, wantEnded bool) {
			t.Helper()
			for i, reader := range readers {
				if got, ended := read(t, reader); got != events || ended != wantEnded {
					t.Errorf("%s, reader %d: %s, %v; want %s", why, i, got, ended, events)
				}
			}
		}
		want("at first", "1:handshake", false)
		began := time.Now()
		want("nothing happens", "", false)
		if waited := time.Since(began); waited != 2*answerWithin {
			t.Errorf("two readers waited %v", waited)
		}

		// A message that has come and that nobody has read yet holds back what follows.
		say(t, client, "hello")
		if _, _, err := server.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.Sending([]byte("goodbye"), plain)
		say(t, server, "goodbye")
		r.Sent()
		want("not read", "", false)
		r.Received([]byte("hello"), plain)
		want("read", "2:in hello, 3:out goodbye", false)

		// Who waits is woken.
		go func() {
			time.Sleep(time.Second)
			r.Sending([]byte("again"), plain)
			_ = server.Write(context.Background(), websocket.MessageText, []byte("again"))
			r.Sent()
		}()
		began = time.Now()
		want("later", "4:out again", false)
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("the readers waited %v", waited)
		}

		go func() { _ = server.Close(1001, "bye") }()
		for range 3 {
			_, _, _ = client.Read(t.Context())
		}
		synctest.Wait()
		want("closing", "5:state, 6:out 1001 bye, 7:in 1001, 8:state, 9:closed", true)
		readers = []*Reading{reading(t, here, r), reading(t, there, r)}
		want("from the beginning", "1:handshake, 2:in hello, 3:out goodbye, 4:out again, 5:state, 6:out 1001 bye, 7:in 1001, 8:state, 9:closed", true)

		time.Sleep(keptFor + time.Second)
		for _, reader := range []*Reading{reading(t, here, r), reading(t, there, r)} {
			if _, _, err := reader.Next(t.Context()); !errors.Is(err, ErrUnknown) {
				t.Errorf("long after the end: %v", err)
			}
		}
	})
}

// Who reads slowly misses events, is told how many, and holds nobody up.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := node(t, new(bus.Exchange), 10)
		r, server, client := record(t, w)
		slow := reading(t, w, r)
		if got, _ := read(t, slow); got != "1:handshake" {
			t.Errorf("at first: %s", got)
		}
		for i := range 20 { // events 2 to 21, of which 12 to 21 are kept
			say(t, client, fmt.Sprint(i))
			hear(t, server, r)
		}
		want := "12:in 10, 13:in 11, 14:in 12, 15:in 13, 16:in 14, 17:in 15, 18:in 16, 19:in 17, 20:in 18, 21:in 19"
		if got, _ := read(t, slow); got != "11:lost 10, "+want {
			t.Errorf("later: %s", got)
		}
		if got, _ := read(t, reading(t, w, r)); got != want {
			t.Errorf("who comes later: %s", got)
		}

		// The event that is waited for may itself be gone.
		say(t, client, "unread")
		if _, _, err := server.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 15 {
			r.Sending(nil, plain)
			say(t, server, "x")
			r.Sent()
		}
		if got, _ := read(t, slow); got != "" {
			t.Errorf("before it is read: %s", got)
		}
		r.Received([]byte("unread"), plain)
		if got, _ := read(t, slow); !strings.HasPrefix(got, "27:lost 6, 28:out") {
			t.Errorf("after it: %s", got)
		}
	})
}

// The engine says of a frame twice that it was written if it had taken it back.
func TestTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := node(t, new(bus.Exchange), 10)
		r, _, _ := record(t, w)
		text, ping := websocket.FrameInfo{Opcode: 1, FIN: true, Length: 3}, websocket.FrameInfo{Opcode: 9, FIN: true}
		r.Sending([]byte("one"), plain)
		r.frameWritten(text)
		r.frameWritten(ping)
		r.frameWritten(text)
		r.Sent()
		r.Sending([]byte("two"), plain)
		r.frameWritten(text)
		r.Sent()
		if got, _ := read(t, reading(t, w, r)); got != "1:handshake, 2:out one, 3:out, 4:out two" {
			t.Errorf("shown as %s", got)
		}
	})
}

// What a Close frame says the engine tells at the end only, unless we have said it.
func TestCloseFramesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := node(t, new(bus.Exchange), 10)
		r, _, _ := record(t, w)
		reader := reading(t, w, r)
		farewell := websocket.FrameInfo{Opcode: 8, FIN: true}
		r.frameRead(farewell)
		r.change("open", "closed by peer")
		r.frameWritten(farewell)
		if got, _ := read(t, reader); got != "1:handshake" {
			t.Errorf("before the end: %s", got)
		}
		r.end(&websocket.ClosedError{
			Sent: &websocket.CloseError{Code: 1001}, Received: &websocket.CloseError{Code: 1001, Reason: "bye"}, Began: websocket.SideRemote,
		})
		if got, ended := read(t, reader); got != "2:in 1001 bye, 3:state, 4:out 1001, 5:closed" || !ended {
			t.Errorf("at the end: %s, %v", got, ended)
		}
	})
}

// Many messages that come together: each preview belongs to its frame.
func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := node(t, new(bus.Exchange), 500)
		r, server, client := record(t, w)
		batch := client.Batch()
		for i := range 40 {
			if err := batch.Write(t.Context(), websocket.MessageText, fmt.Append(nil, "message ", i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := batch.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		n := 0
		for msg, err := range server.Messages(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			r.Received(msg.Data, plain)
			if n++; n == 40 {
				break
			}
		}
		got, _ := read(t, reading(t, w, r))
		want := "1:handshake"
		for i := range 40 {
			want += fmt.Sprintf(", %d:in message %d", i+2, i)
		}
		if got != want {
			t.Errorf("shown as %s", got)
		}
	})
}

// Other servers: one that is gone, one that answers nonsense, one that asks nonsense.
func TestOtherServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x bus.Exchange
		w := node(t, &x, 10)
		gone, err := w.Read(strings.Repeat("0", 32), "key")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := gone.Next(t.Context()); !errors.Is(err, ErrSilent) {
			t.Errorf("a server that is gone: %v", err)
		}
		if _, err := w.Read("../etc", "key"); !errors.Is(err, ErrUnknown) {
			t.Errorf("no name of a connection: %v", err)
		}

		stranger, heard := x.Join(), make(chan message, 10)
		stranger.Handle(bus.Watch, func(_ string, body []byte) {
			var m message
			if err := cbor.Unmarshal(body, &m); err != nil {
				t.Error(err)
			}
			heard <- m
		})
		if err := stranger.Start(); err != nil {
			t.Fatal(err)
		}
		defer stranger.Close()
		tell := func(m message) {
			body, err := cbor.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			stranger.Broadcast(bus.Watch, body)
		}
		stranger.Broadcast(bus.Watch, []byte("nonsense"))
		tell(message{Question: &question{Connection: "short", Proof: make([]byte, 32)}})
		tell(message{Question: &question{Connection: strings.Repeat("0", 32), Proof: []byte("short")}})
		tell(message{Question: &question{Number: 5, Connection: strings.Repeat("0", 32), Proof: make([]byte, 32)}})
		if m := <-heard; m.Answer == nil || m.Answer.Number != 5 || m.Answer.Problem != unknown {
			t.Errorf("the answer is %+v", m)
		}

		// Nobody owns a connection that has not joined, not even who shows nothing.
		unjoined := newRecorder(w.bus.ID()+"0123456789abcdef", 10)
		w.keep(unjoined)
		tell(message{Question: &question{Number: 6, Connection: unjoined.ID(), Proof: make([]byte, 32)}})
		if m := <-heard; m.Answer == nil || m.Answer.Number != 6 || m.Answer.Problem != unknown {
			t.Errorf("the answer is %+v", m)
		}

		meddler := x.Join()
		if err := meddler.Start(); err != nil {
			t.Fatal(err)
		}
		defer meddler.Close()
		asks, err := w.Read(stranger.ID()+"0123456789abcdef", "key")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			number := (<-heard).Question.Number
			body, _ := cbor.Marshal(message{Answer: &answer{Number: number, Problem: busy}})
			meddler.Broadcast(bus.Watch, body) // it was not asked
			<-time.After(time.Second)
			tell(message{Answer: &answer{Number: number, Events: [][]byte{[]byte("{}\n\ndata: {}")}}}) // no JSON
			tell(message{Answer: &answer{Number: number + 1}})
			tell(message{Answer: &answer{Number: number, Last: 3, Events: [][]byte{[]byte("{\n\"n\": 3}")}}})
		}()
		if events, _, err := asks.Next(t.Context()); err != nil || len(events) != 1 || string(events[0]) != `{"n":3}` {
			t.Errorf("read %q, %v", events, err)
		}
	})
}

// Only so many questions are answered at a time.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var x bus.Exchange
		here, there := node(t, &x, 10), node(t, &x, 10)
		r, _, _ := record(t, here)
		here.mu.Lock()
		here.answering = maxAnswering
		here.mu.Unlock()
		if _, _, err := reading(t, there, r).Next(t.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("too many: %v", err)
		}
		here.mu.Lock()
		here.answering = 0
		here.mu.Unlock()
		if got, _ := read(t, reading(t, there, r)); got != "1:handshake" {
			t.Errorf("then: %s", got)
		}
	})
}
