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

// MessageLimit is the largest message that our own server and client accept when they are
// judged, in bytes, unless their options say otherwise: the largest in chapter 9.
const MessageLimit = 16 << 20

// Echo sends every message back until the connection ends, as the cases expect from their peer.
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

// A Testee plays the cases of a fuzzing server, this package's or Autobahn's own, with our own
// client.
type Testee struct {
	URL      string // of the fuzzing server
	Agent    string // its name in reports
	Parallel int    // cases at a time; 0 means 1
	// Timeout is how long the server may take to report the number of cases. Zero means the
	// constant Timeout.
	Timeout time.Duration
	// Dial has the options for connecting, such as CompressionMode. It may be nil.
	Dial *websocket.DialOptions
	// Progress, if not nil, is called after each case, by one goroutine at a time.
	Progress func(n, of int)
}

// Run plays all cases of the server, then asks it to write its reports.
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

// Count asks the server for the number of cases.
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
	c.Read(ctx) // reads its Close frame
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

// Finish asks the server to write its reports.
func (t *Testee) Finish(ctx context.Context) error {
	c, err := t.dial(ctx, "/updateReports")
	if err != nil {
		return &UnreachableError{URL: t.URL, Err: err}
	}
	defer c.CloseNow()
	c.Read(ctx) // wait until it closes
	return nil
}

// play plays a case. A failing opening handshake may be the subject of the case, so it is not
// an error. A server that is no longer there is.
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
	Echo(ctx, c) // the server judges how it ended
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

// EchoHandler returns our own server, for judging it. opts may be nil.
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
