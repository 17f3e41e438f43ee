package wsjson_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wsjson"
	"github.com/hawser-ws/websocket/wstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pipe(t *testing.T) (server, client *websocket.Conn) {
	server, client = wstest.Pipe(nil)
	t.Cleanup(func() {
		server.CloseNow()
		client.CloseNow()
	})
	return server, client
}

type move struct {
	From, To string
	Takes    []string `json:",omitempty"`
}

func TestRoundTrip(t *testing.T) {
	server, client := pipe(t)
	for _, want := range []move{
		{},
		{From: "e2", To: "<e4>"},
		{Takes: []string{strings.Repeat("é", 100_000)}}, // above what is kept in the pools
		{From: "e7", To: "e5"},
	} {
		go func() {
			if err := wsjson.Write(t.Context(), client, want); err != nil {
				t.Error(err)
			}
		}()
		var got move
		if err := wsjson.Read(t.Context(), server, &got); err != nil {
			t.Fatal(err)
		}
		if got.From != want.From || got.To != want.To || len(got.Takes) != len(want.Takes) || len(got.Takes) == 1 && got.Takes[0] != want.Takes[0] {
			t.Errorf("got %.80v, want %.80v", got, want)
		}
	}
}

// What is on the wire: one text message, the JSON and a newline.
func TestWriteForm(t *testing.T) {
	server, client := pipe(t)
	if err := wsjson.Write(t.Context(), server, map[string]any{"a": []int{1}, "b": "<"}); err != nil {
		t.Fatal(err)
	}
	typ, p, err := client.Read(t.Context())
	if want := `{"a":[1],"b":"\u003c"}` + "\n"; typ != websocket.MessageText || string(p) != want || err != nil {
		t.Errorf("got %v %q, %v; want text %q", typ, p, err, want)
	}
}

// JSON is JSON in a binary message, too, and in fragments.
func TestReadForms(t *testing.T) {
	server, client := pipe(t)
	w, err := client.Writer(t.Context(), websocket.MessageBinary)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`{"From":`, ` "a1"`, "}\n"} {
		w.Write([]byte(part))
		if err := w.(interface{ Flush() error }).Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got move
	if err := wsjson.Read(t.Context(), server, &got); err != nil || got.From != "a1" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestReadRefuses(t *testing.T) {
	for _, bad := range []string{"", "{", `{"From": 7}`, `{} {}`, "nonsense"} {
		t.Run(bad, func(t *testing.T) {
			server, client := pipe(t)
			if err := client.Write(t.Context(), websocket.MessageText, []byte(bad)); err != nil {
				t.Fatal(err)
			}
			closed := make(chan error, 1)
			go func() {
				_, _, err := client.Read(t.Context())
				closed <- err
			}()
			if err := wsjson.Read(t.Context(), server, new(move)); err == nil {
				t.Error("accepted")
			} else if !strings.HasPrefix(err.Error(), "wsjson: ") {
				t.Errorf("the error does not say who it is from: %v", err)
			}
			if got := websocket.CloseStatus(<-closed); got != websocket.StatusInvalidFramePayloadData {
				t.Errorf("the peer was closed with %v", got)
			}
		})
	}
}

// The caller's mistakes cost neither a message nor the connection.
func TestMisuse(t *testing.T) {
	server, client := pipe(t)
	if err := wsjson.Write(t.Context(), server, "kept"); err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{nil, "not a pointer", (*string)(nil)} {
		err := wsjson.Read(t.Context(), client, v)
		if _, ok := errors.AsType[*json.InvalidUnmarshalError](err); !ok {
			t.Errorf("Read into %#v: %v", v, err)
		}
	}
	err := wsjson.Write(t.Context(), client, math.NaN())
	if _, ok := errors.AsType[*json.UnsupportedValueError](err); !ok {
		t.Errorf("Write of NaN: %v", err)
	}
	if err := wsjson.Write(t.Context(), client, "after"); err != nil {
		t.Error(err)
	}
	for c, want := range map[*websocket.Conn]string{client: "kept", server: "after"} {
		var got string
		if err := wsjson.Read(t.Context(), c, &got); err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

// A Read that is cancelled in the middle of a message leaves it to the next.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := pipe(t)
		w, err := client.Writer(t.Context(), websocket.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(`{"From":"a1",`))
		if err := w.(interface{ Flush() error }).Flush(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := wsjson.Read(ctx, server, new(move)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		w.Write([]byte(`"To":"a8"}`))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var got move
		if err := wsjson.Read(t.Context(), server, &got); err != nil || got.From != "a1" || got.To != "a8" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// A silent peer does not hold a Read that refuses for longer than its context.
func TestRefusalIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := pipe(t)
		if err := client.Write(t.Context(), websocket.MessageText, []byte("?")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, ok := errors.AsType[*json.SyntaxError](wsjson.Read(ctx, server, new(move))); !ok {
			t.Error("no syntax error")
		}
		if d := time.Since(start); d != time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

func TestConcurrentWrites(t *testing.T) {
	server, client := pipe(t)
	const writers, each = 4, 100
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for range each {
				if err := wsjson.Write(t.Context(), client, strings.Repeat(string(rune('a'+i)), i*1000)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range writers * each {
		var s string
		if err := wsjson.Read(t.Context(), server, &s); err != nil {
			t.Fatal(err)
		}
		if s != "" && s != strings.Repeat(s[:1], int(s[0]-'a')*1000) {
			t.Fatalf("mixed: %.80q", s)
		}
	}
	wg.Wait()
}

func BenchmarkRoundTrip(b *testing.B) {
	server, client := wstest.Pipe(nil)
	defer server.CloseNow()
	defer client.CloseNow()
	in, out := move{From: "e2", To: "e4"}, move{}
	b.ReportAllocs()
	for b.Loop() {
		if err := wsjson.Write(b.Context(), client, &in); err != nil {
			b.Fatal(err)
		}
		if err := wsjson.Read(b.Context(), server, &out); err != nil {
			b.Fatal(err)
		}
	}
}
