package interop

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

var (
	messages = flag.Int("messages", 100, "how many messages each conversation with permessage-deflate has")
	seed     = flag.Uint64("seed", 7692, "what those messages are drawn from")
)

// told is what a peer reports when its connection has ended.
type told struct {
	Error      string `json:"error"`
	Extensions string `json:"extensions"` // the field of the response, where the peer knows it
	Messages   int    `json:"messages"`
	verdict
}

// echoer is a peer that sends back what it receives, in a manner of its own.
type echoer struct {
	name string
	habits
	// dial starts a client that asks for terms. The function it returns waits for
	// what the client has to tell.
	dial func(t *testing.T, ctx context.Context, url string, asks handshake.Deflate) func() told
	// serve starts a server that asks for terms, and returns its address as well.
	serve func(t *testing.T, ctx context.Context, asks handshake.Deflate) (string, func() told)
}

// habits are what an end does with some of its messages.
type habits struct {
	fragments bool // sends them compressed in several frames
	plain     bool // sends them uncompressed, although they are worth compressing
}

// talker is the end of a connection that holds the conversation.
type talker interface {
	// write and read do it in the i-th manner; flush sends what write keeps back.
	write(ctx context.Context, i int, m message) error
	flush(ctx context.Context) error
	read(ctx context.Context, i int) (message, error)
	close() error
	drop()
}

// deflateBound is bounded for a test of many connections and messages.
func deflateBound(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*bound+time.Duration(*messages)*50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// inFlight is how many messages may be on their way to the peer and back.
const inFlight = 64

// exchange sends the messages of a conversation and compares what comes back. It
// returns those it sent.
func exchange(t *testing.T, ctx context.Context, end talker) []drawn {
	t.Helper()
	mk := newMaker(*seed)
	ctx, cancel := context.WithCancel(ctx)
	sent, failed := make(chan drawn, inFlight), make(chan error, 1)
	go func() {
		defer close(sent)
		for i := range *messages {
			m := mk.next()
			select {
			case sent <- m:
			case <-ctx.Done():
				failed <- nil
				return
			}
			if err := end.write(ctx, i, m.message); err != nil {
				failed <- fmt.Errorf("sending message %d, %v: %w", i, m.message, err)
				cancel()
				return
			}
		}
		failed <- end.flush(ctx)
	}()
	all := make([]drawn, 0, *messages)
	err := compareEchoes(ctx, end, sent, &all)
	cancel()
	if err != nil {
		end.drop() // a write may wait for the peer
	}
	if err := errors.Join(err, <-failed); err != nil {
		t.Fatalf("%v (-seed %d -messages %d)", err, *seed, *messages)
	}
	return all
}

// compareEchoes keeps of each message only what is needed later: not its data.
func compareEchoes(ctx context.Context, end talker, sent <-chan drawn, all *[]drawn) error {
	i := 0
	for m := range sent {
		got, err := end.read(ctx, i)
		if err != nil {
			return fmt.Errorf("reading the echo of message %d, %v: %w", i, m.message, err)
		}
		if !got.is(m.message) {
			return fmt.Errorf("message %d came back as %v, want %v", i, got, m.message)
		}
		m.data = nil
		*all = append(*all, m)
		i++
	}
	return nil
}

// arrival serves one connection on 127.0.0.1.
func arrival[T any](t *testing.T, ctx context.Context, path string, accept func(http.ResponseWriter, *http.Request) (T, error)) (url string, next func() T) {
	t.Helper()
	type result struct {
		end T
		err error
	}
	results := make(chan result, 1)
	mux := http.NewServeMux()
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		end, err := accept(w, r)
		results <- result{end, err}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return "ws" + strings.TrimPrefix(s.URL, "http") + path, func() T {
		t.Helper()
		select {
		case r := <-results:
			if r.err != nil {
				t.Fatalf("no handshake: %v", r.err)
			}
			return r.end
		case <-ctx.Done():
			t.Fatal("no client has come: ", ctx.Err())
			panic("unreachable")
		}
	}
}

// noLimits are those of a conversation: far above its messages.
var noLimits = websocket.Limits{Message: readLimit}
