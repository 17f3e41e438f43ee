package autobahn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hawser-ws/websocket"
)

// MessageLimit is the largest message that our own server and client take when
// they are judged, unless their options say otherwise: that of chapter 9.
const MessageLimit = 16 << 20

// Echo sends every message back until the connection ends. It is what a case
// expects of its peer.
func Echo(ctx context.Context, c *websocket.Conn) error {
	var buf []byte
	for {
		kind, message, err := c.ReadInto(ctx, buf[:0])
		if err != nil {
			return err
		}
		if err := c.Write(ctx, kind, message); err != nil {
			return err
		}
		buf = message
	}
}

// A Testee is our own client under the hands of a fuzzing server, this package's
// or Autobahn's own.
type Testee struct {
	URL      string // of the fuzzing server
	Agent    string // what to call itself in reports
	Parallel int    // cases at a time, 1 if it is 0
	// Timeout is how long the server may take to tell how many cases it has. Zero
	// is Timeout.
	Timeout time.Duration
	// Dial is how it connects; CompressionMode and the like. May be nil.
	Dial *websocket.DialOptions
	// Progress is called after each case, by one goroutine at a time; may be nil.
	Progress func(n, of int)
}

// Run plays all cases of the server, and then has it write its reports.
func (t *Testee) Run(ctx context.Context) error {
	n, err := t.Count(ctx)
	if err != nil {
		return err
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	if err := t.Play(ctx, all); err != nil {
		return err
	}
	return t.Finish(ctx)
}

// Count asks the server how many cases it has.
func (t *Testee) Count(ctx context.Context) (n int, err error) {
	if _, err := parseTarget(t.URL); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(t.Timeout, Timeout))
	defer cancel()
	c, err := t.dial(ctx, "/getCaseCount")
	if err != nil {
		return 0, &UnreachableError{URL: t.URL, Err: err}
	}
	defer c.CloseNow()
	_, answer, err := c.Read(ctx)
	if err == nil {
		n, err = strconv.Atoi(string(answer))
	}
	if err != nil {
		return 0, &UnreachableError{URL: t.URL, Err: fmt.Errorf("it does not tell how many cases it has: %w", err)}
	}
	c.Read(ctx) // its Close frame
	return n, nil
}

// Play plays the given cases; the first of all is 1.
func (t *Testee) Play(ctx context.Context, cases []int) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := make(chan int)
	var workers sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range min(max(t.Parallel, 1), len(cases)) {
		workers.Go(func() {
			for n := range queue {
				if err := t.play(ctx, n); err != nil {
					stop(err)
					return
				}
				mu.Lock()
				done++
				if t.Progress != nil {
					t.Progress(done, len(cases))
				}
				mu.Unlock()
			}
		})
	}
feed:
	for _, n := range cases {
		select {
		case queue <- n:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}

// Finish has the server write its reports.
func (t *Testee) Finish(ctx context.Context) error {
	c, err := t.dial(ctx, "/updateReports")
	if err != nil {
		return &UnreachableError{URL: t.URL, Err: err}
	}
	defer c.CloseNow()
	c.Read(ctx) // until it closes
	return nil
}

// play plays a case. An opening handshake that fails may be what the case is
// about, and is no error; a server that is gone is.
func (t *Testee) play(ctx context.Context, n int) error {
	c, err := t.dial(ctx, "/runCase?case="+strconv.Itoa(n))
	noTCP, ok := errors.AsType[*net.OpError](err)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case ok && noTCP.Op == "dial":
		return &UnreachableError{URL: t.URL, Case: strconv.Itoa(n), Err: err}
	case err != nil:
		return nil
	}
	defer c.CloseNow()
	Echo(ctx, c) // how it ended is for the server to say
	return nil
}

func (t *Testee) dial(ctx context.Context, path string) (*websocket.Conn, error) {
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	opts := websocket.DialOptions{}
	if t.Dial != nil {
		opts = *t.Dial
	}
	opts.Limits.Message = cmp.Or(opts.Limits.Message, MessageLimit)
	target := strings.TrimSuffix(t.URL, "/") + path + sep + "agent=" + url.QueryEscape(t.Agent)
	c, _, err := websocket.Dial(ctx, target, &opts)
	return c, err
}

// EchoHandler is our own server, to be judged. opts may be nil.
func EchoHandler(opts *websocket.AcceptOptions) http.Handler {
	with := websocket.AcceptOptions{}
	if opts != nil {
		with = *opts
	}
	with.Limits.Message = cmp.Or(with.Limits.Message, MessageLimit)
	if with.OnError == nil { // how it ends is judged on the wire
		with.OnError = func(*websocket.HandlerError) {}
	}
	return websocket.Handler(Echo, &with)
}
