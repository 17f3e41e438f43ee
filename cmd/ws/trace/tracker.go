package trace

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/hawser-ws/websocket/cmd/ws/trace/capture"
	"github.com/hawser-ws/websocket/cmd/ws/trace/spool"
	"github.com/hawser-ws/websocket/cmd/ws/trace/tlsrecord"
)

// Limits bound the memory that [Read] uses. Zero fields mean the defaults.
type Limits struct {
	Connections int // followed at the same time; default 16,384
	Waiting     int // waiting bytes of all connections together; default 128 MiB
	Records     int // bytes of results before a temporary file is used; default 32 MiB
}

func (l *Limits) defaults() {
	l.Connections = cmp.Or(l.Connections, 16<<10)
	l.Waiting = cmp.Or(l.Waiting, 128<<20)
	l.Records = cmp.Or(l.Records, 32<<20)
}

// Options are the options of [Read]. The zero value is ready to use.
type Options struct {
	Limits Limits
	KeyLog []byte // TLS secrets, in the format of SSLKEYLOGFILE
}

// Trace is the result of reading a capture.
type Trace struct {
	Format        string         `json:"format"`
	Start         time.Time      `json:"start"` // of the first packet
	Packets       capture.Counts `json:"packets"`
	Connections   int            `json:"connections"`
	Conversations int            `json:"conversations"`     // WebSocket conversations
	GivenUp       int            `json:"givenUp,omitempty"` // connections dropped to stay within Limits
	Damage        string         `json:"damage,omitempty"`  // why the file could not be read to its end

	Octets  int64 `json:"octets"` // delivered by TCP
	Lost    int64 `json:"lost"`
	Spilled int64 `json:"-"` // bytes in the temporary file

	Media []Media `json:"media,omitempty"` // traffic between the ends outside TCP, by first packet

	store *spool.Store
	done  []finished
}

// tracker follows all connections of a capture.
type tracker struct {
	Trace
	limits  Limits
	engines engines
	keys    tlsrecord.KeyLog
	open    map[flow]*connection
	oldest  *connection
	newest  *connection
	waiting int
	media   mediaFlows
}

// Read reads a whole capture. The caller must close the returned Trace.
func Read(ctx context.Context, r io.Reader, o Options) (*Trace, error) {
	in, err := capture.NewReader(r)
	if err != nil {
		return nil, err
	}
	o.Limits.defaults()
	t := &tracker{limits: o.Limits, open: make(map[flow]*connection)}
	t.Format, t.store = in.Format, spool.New(o.Limits.Records)
	t.keys.Add(o.KeyLog)
	in.Datagrams = t.media.datagram
	for n := 0; ; n++ {
		s, err := in.Next()
		if err != nil {
			break
		}
		if n%1024 == 0 {
			if err := cmp.Or(ctx.Err(), t.store.Err()); err != nil {
				return nil, errors.Join(err, t.store.Close())
			}
		}
		if secrets := in.Secrets(); secrets != nil {
			t.keys.Add(secrets)
		}
		t.segment(s)
	}
	for t.oldest != nil {
		t.close(t.oldest)
	}
	t.Media = t.media.all()
	t.Start, t.Packets, t.Spilled = in.Start(), in.Counts(), t.store.Spilled()
	if err := in.Damage(); err != nil {
		t.Damage = err.Error()
	}
	slices.SortFunc(t.done, func(a, b finished) int {
		return cmp.Or(cmp.Compare(a.stream, b.stream), cmp.Compare(a.http2Stream, b.http2Stream))
	})
	if err := t.store.Err(); err != nil {
		return nil, errors.Join(err, t.store.Close())
	}
	return &t.Trace, nil
}

func (t *tracker) segment(s *capture.Segment) {
	f, side := flowOf(s.Src, s.Dst)
	c := t.open[f]
	// A SYN with another number begins a new connection between the same ports.
	if c != nil && s.SYN && !s.ACK && (!c.syn[side] && c.conv.Packets > 32 || c.syn[side] && c.isn[side] != s.Seq) {
		c.reused = true
		t.close(c)
		c = nil
	}
	if c == nil {
		c = t.newConnection(f, t.Connections)
		t.Connections++
		t.open[f] = c
		t.link(c)
	} else if c != t.newest {
		t.unlink(c)
		t.link(c)
	}
	c.segment(s, side)
	w := c.weight()
	t.waiting += w - c.weighs
	c.weighs = w
	for len(t.open) > t.limits.Connections || t.waiting > t.limits.Waiting && t.oldest != nil {
		c := t.oldest
		if !c.over() {
			t.GivenUp++
			c.conv.GivenUp = true
			c.record(Event{Note: &Note{Mark: c.conv.Last, Text: "given up here: too many connections at a time to follow them all"}})
		}
		t.close(c)
	}
}

func (t *tracker) close(c *connection) {
	t.unlink(c)
	delete(t.open, c.flow)
	t.waiting -= c.weighs
	t.finish(c)
}

func (t *tracker) link(c *connection) {
	c.older, c.newer = t.newest, nil
	if t.newest != nil {
		t.newest.newer = c
	} else {
		t.oldest = c
	}
	t.newest = c
}

func (t *tracker) unlink(c *connection) {
	if c.older != nil {
		c.older.newer = c.newer
	} else {
		t.oldest = c.newer
	}
	if c.newer != nil {
		c.newer.older = c.older
	} else {
		t.newest = c.older
	}
}

// count adds the bytes of a connection to the totals.
func (t *tracker) count(c *connection) {
	for _, s := range c.streams {
		t.Octets += s.Counts().Delivered
		t.Lost += s.Counts().Lost
	}
}

// Close removes the temporary file, if there is one.
func (t *Trace) Close() error { return t.store.Close() }
