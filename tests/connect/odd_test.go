package connect_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/frame"
)

// odd is a peer that gives its windows back in pieces of any size, changes INITIAL_WINDOW_SIZE and
// MAX_FRAME_SIZE in the middle of everything, so that windows become negative, and keeps account of
// what it has allowed. It never sends a message.
type odd struct {
	t    *testing.T
	f    *http2.Framer
	r    *rand.Rand
	done chan struct{} // closed when nothing more will come

	mu       sync.Mutex // of writing, and of what follows
	window   int64      // of the connection
	now      oddSettings
	announce *oddSettings // what was announced and not acknowledged; nil: nothing
	streams  map[uint32]*oddStream
	changed  *sync.Cond // a stream has ended
}

// oddSettings are what an odd peer changes.
type oddSettings struct{ window, frame int64 }

// oddStream is what has come on a stream.
type oddStream struct {
	window int64
	data   []byte
	over   bool
}

// oddPeer begins to play the other end of a pool, or of ServeHTTP2, behind the preface.
func oddPeer(t *testing.T, nc net.Conn, seed uint64) *odd {
	o := &odd{
		t: t, f: http2.NewFramer(nc, nc), r: rand.New(rand.NewPCG(seed, 0)), done: make(chan struct{}),
		window: 65535, now: oddSettings{65535, 16384}, streams: map[uint32]*oddStream{},
	}
	o.changed = sync.NewCond(&o.mu)
	o.f.SetMaxReadFrameSize(1<<24 - 1)
	o.f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	o.settle()
	go o.read()
	go o.fidget()
	return o
}

// maxOddSettings is how often the settings change: more would be a flood.
const maxOddSettings = 60

// settle announces other settings. Under mu.
func (o *odd) settle() {
	o.announce = &oddSettings{o.r.Int64N(3000), 16384 + o.r.Int64N(100_000)}
	if o.r.IntN(3) == 0 {
		o.announce.window = o.r.Int64N(100_000)
	}
	_ = o.f.WriteSettings( // a lost connection is seen by reading
		http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(o.announce.window)},
		http2.Setting{ID: http2.SettingMaxFrameSize, Val: uint32(o.announce.frame)})
}

// read takes what comes, and answers requests.
func (o *odd) read() {
	defer close(o.done)
	for {
		f, err := o.f.ReadFrame()
		if err != nil {
			return
		}
		o.mu.Lock()
		o.take(f)
		o.mu.Unlock()
	}
}

func (o *odd) take(f http2.Frame) {
	s := o.streams[f.Header().StreamID]
	switch f := f.(type) {
	case *http2.SettingsFrame:
		if !f.IsAck() {
			_ = o.f.WriteSettingsAck()
			return
		}
		for _, s := range o.streams {
			s.window += o.announce.window - o.now.window
		}
		o.now, o.announce = *o.announce, nil
	case *http2.MetaHeadersFrame:
		if s == nil {
			o.streams[f.StreamID] = &oddStream{window: o.now.window}
			_ = o.f.WriteHeaders(http2.HeadersFrameParam{StreamID: f.StreamID, EndHeaders: true, BlockFragment: []byte{0x88}}) // 200
		}
	case *http2.DataFrame:
		o.takeData(s, f)
	case *http2.RSTStreamFrame:
		s.over = true
		o.changed.Broadcast()
	}
}

// takeData compares DATA with what was allowed. Settings that were not acknowledged may count
// already, or not yet.
func (o *odd) takeData(s *oddStream, f *http2.DataFrame) {
	n := int64(f.Length)
	s.window -= n
	o.window -= n
	most, frame := s.window, o.now.frame
	if o.announce != nil {
		most, frame = max(most, most+o.announce.window-o.now.window), max(frame, o.announce.frame)
	}
	if n > frame || n > 0 && (most < 0 || o.window < 0 || s.over) {
		o.t.Errorf("DATA of %d bytes on stream %d: its window is %d then, the connection's %d, MAX_FRAME_SIZE %d, over: %v", n, f.StreamID, most, o.window, frame, s.over)
	}
	s.data = append(s.data, f.Data()...)
	if _, closed := messagesIn(s.data); closed || f.StreamEnded() {
		s.over = true
		o.changed.Broadcast()
	}
}

// fidget gives windows back and changes the settings, until nothing more will come.
func (o *odd) fidget() {
	for rounds := 0; ; rounds++ {
		select {
		case <-o.done:
			return
		case <-time.After(time.Duration(rounds%4) * 100 * time.Microsecond):
		}
		o.mu.Lock()
		for id, s := range o.streams {
			if !s.over && o.r.IntN(3) > 0 {
				s.window += o.grow(id, s.window, 4000)
			}
		}
		o.window += o.grow(0, o.window, 20_000)
		if o.announce == nil && rounds%20 == 0 && rounds < 20*maxOddSettings {
			o.settle()
		}
		o.mu.Unlock()
	}
}

// grow opens a window, if there is reason to. What it gives at a time is worth a frame. Under mu.
func (o *odd) grow(id uint32, window, most int64) (more int64) {
	if more = 64 + o.r.Int64N(most); window >= more {
		return 0
	}
	_ = o.f.WriteWindowUpdate(id, uint32(more))
	return more
}

// end waits until a stream has ended, and returns what has come on it.
func (o *odd) end(id uint32) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.streams[id].over {
		o.changed.Wait()
	}
	return o.streams[id].data
}

// messagesIn are the whole messages at the front of p, and whether a Close frame is behind them.
func messagesIn(p []byte) (messages [][]byte, closed bool) {
	for {
		h, n := frame.ParseHeader(p)
		if n == 0 || uint64(len(p)-n) < h.Length {
			return messages, false
		}
		payload := bytes.Clone(p[n : n+int(h.Length)])
		if p = p[n+int(h.Length):]; h.Masked {
			frame.Mask(payload, h.Key)
		}
		switch h.Opcode {
		case frame.Close:
			return messages, true
		case frame.Binary:
			messages = append(messages, payload)
		}
	}
}

// numbered is a message that says which it is.
func numbered(id, size int) []byte {
	p := binary.BigEndian.AppendUint32(nil, uint32(id))
	for i := range size {
		p = append(p, byte(id*31+i))
	}
	return p
}

// writeNumbered writes messages by contexts that end at any time, until one costs the stream. It
// returns what each call has reported.
func writeNumbered(c *websocket.Conn, r *rand.Rand) (reported []error) {
	for id := range 60 {
		size := r.IntN(300)
		if r.IntN(3) == 0 {
			size = r.IntN(40_000)
		}
		p := numbered(id, size)
		ctx, cancel := context.WithCancel(context.Background())
		if r.IntN(6) == 0 {
			time.AfterFunc(time.Duration(r.IntN(2000))*time.Microsecond, cancel)
		}
		var err error
		if r.IntN(4) == 0 {
			var taken bool
			if taken, err = c.TryWritePrepared(websocket.Prepare(websocket.MessageBinary, p)); !taken && err == nil {
				err = errors.New("not taken")
			}
		} else {
			err = c.Write(ctx, websocket.MessageBinary, p)
		}
		cancel()
		if reported = append(reported, err); c.Context().Err() != nil || errors.As(err, new(*websocket.ClosedError)) {
			break
		}
	}
	return reported
}

// judgeNumbered compares what has come with what the calls have reported: each message that was
// sent has come, once, whole and in order, and none that was not. Only the last, which has cost the
// stream, may have gone either way.
func judgeNumbered(t *testing.T, reported []error, data []byte) {
	t.Helper()
	came := map[int]bool{}
	last := -1
	messages, _ := messagesIn(data)
	for _, p := range messages {
		id := int(binary.BigEndian.Uint32(p))
		if id <= last || !bytes.Equal(p, numbered(id, len(p)-4)) {
			t.Errorf("message %d came after %d, or is damaged", id, last)
		}
		last, came[id] = id, true
	}
	for id, err := range reported {
		if came[id] != (err == nil) && (err == nil || id < len(reported)-1) {
			t.Errorf("message %d: %v; it came: %v", id, err, came[id])
		}
	}
}

// Whatever a peer does with windows and settings, it gets no more than it allows, and every message
// whose call says that it was sent.
func TestOddPeer(t *testing.T) {
	seeds := uint64(6)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		for _, world := range []func(*testing.T, uint64) ([]*websocket.Conn, *odd, func()){oddServer, oddClient} {
			conns, o, end := world(t, seed)
			reported := make([][]error, len(conns))
			var users sync.WaitGroup
			for i, c := range conns {
				users.Go(func() {
					reported[i] = writeNumbered(c, rand.New(rand.NewPCG(seed, uint64(i)+1)))
					_ = c.BeginClose(context.Background(), websocket.StatusNormalClosure, "")
				})
			}
			users.Wait()
			for i := range conns {
				judgeNumbered(t, reported[i], o.end(uint32(2*i+1)))
			}
			for _, c := range conns {
				_ = c.CloseNow()
			}
			end()
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// oddSize is how many streams a world has: one, which writes by itself, or several.
func oddSize(seed uint64) int { return 1 + int(seed%2)*5 }

// oddServer returns WebSockets of a pool to an odd server. end ends everything.
func oddServer(t *testing.T, seed uint64) (conns []*websocket.Conn, o *odd, end func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan *odd, 1)
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		if _, err := io.ReadFull(nc, make([]byte, len(http2.ClientPreface))); err != nil {
			t.Error(err)
		}
		accepted <- oddPeer(t, nc, seed)
	}()
	p := &websocket.HTTP2Pool{PriorKnowledge: true}
	for range oddSize(seed) {
		c, _, err := websocket.Dial(t.Context(), "ws://"+l.Addr().String()+"/", &websocket.DialOptions{HTTP2: p})
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	o = await(t, accepted)
	return conns, o, func() {
		p.Close()
		<-o.done
		_ = l.Close()
	}
}

// oddClient returns WebSockets of ServeHTTP2 to an odd client. end ends everything.
func oddClient(t *testing.T, seed uint64) (conns []*websocket.Conn, o *odd, end func()) {
	opened := make(chan *websocket.Conn)
	address, returned := own(t, func(_ context.Context, c *websocket.Conn) error {
		opened <- c
		<-c.Context().Done()
		return nil
	}, &websocket.AcceptOptions{OnError: func(*websocket.HandlerError) {}})
	nc := dialTCP(t, address)
	if _, err := io.WriteString(nc, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	o = oddPeer(t, nc, seed)
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := range oddSize(seed) {
		block.Reset()
		for _, f := range sample() {
			_ = encoder.WriteField(f)
		}
		o.mu.Lock()
		id := uint32(2*i + 1)
		o.streams[id] = &oddStream{window: o.now.window}
		_ = o.f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, EndHeaders: true, BlockFragment: block.Bytes()})
		o.mu.Unlock()
		conns = append(conns, await(t, opened))
	}
	return conns, o, func() {
		_ = nc.Close()
		<-o.done
		await(t, returned)
	}
}
