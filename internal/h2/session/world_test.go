package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/transport"
)

// journal is what one end of a stream has said and heard.
type journal struct {
	sent     int // bytes that calls have reported as sent
	unsure   int // bytes of a call that failed: they may have gone
	endedIt  bool
	heard    []byte
	heardEnd bool
	reset    bool // by this end
}

// user drives one end of a stream at random until both directions have ended for it.
type user struct {
	t *testing.T
	x *Stream
	r *rand.Rand
	j journal
}

func (u *user) run() {
	var both, interrupter sync.WaitGroup
	w, r, i := u.chance(), u.chance(), u.chance()
	both.Go(func() { u.write(w) })
	both.Go(func() { u.read(r) })
	stop := make(chan struct{})
	interrupter.Go(func() { u.interrupt(i, stop) })
	both.Wait()
	close(stop)
	interrupter.Wait()
	_ = u.x.Close()
}

// chance is a source of its own for one goroutine.
func (u *user) chance() *rand.Rand { return rand.New(rand.NewPCG(u.r.Uint64(), 1)) }

func (u *user) write(r *rand.Rand) {
	for range r.IntN(30) {
		size := []int{1, 30, 500, 5000, 20_000, 100_000}[r.IntN(6)]
		p := pattern(u.j.sent, 1+r.IntN(size))
		if r.IntN(4) == 0 {
			u.j.sent += u.x.TryWrite(p)
			continue
		}
		cut := r.IntN(len(p) + 1)
		n, err := u.x.Write(p[:cut], p[cut:])
		u.j.sent += n
		if err == nil && n != len(p) {
			u.t.Errorf("%d of %d bytes, no error", n, len(p))
		}
		if err != nil && !transport.DeadlineExceeded(err) {
			u.j.unsure = len(p) - n
			return
		}
		if err != nil || r.IntN(3) == 0 {
			time.Sleep(time.Duration(r.IntN(2000)) * time.Nanosecond)
		}
	}
	if r.IntN(6) == 0 {
		u.j.reset = true
		_ = u.x.Close()
		return
	}
	u.j.endedIt = u.x.CloseWrite()
}

func (u *user) read(r *rand.Rand) {
	var b transport.Buffer
	defer b.Discard()
	for {
		var err error
		if r.IntN(2) == 0 {
			p := make([]byte, 1+r.IntN(40_000))
			n := 0
			n, err = u.x.Read(p)
			u.j.heard = append(u.j.heard, p[:n]...)
		} else {
			_, err = u.x.Fill(&b)
			u.j.heard = append(u.j.heard, b.Bytes()...)
			b.Consume(b.Buffered())
			b.Release()
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			u.j.heardEnd = true
			return
		case !transport.DeadlineExceeded(err):
			return
		}
		if err != nil || r.IntN(4) == 0 {
			time.Sleep(time.Duration(r.IntN(3000)) * time.Nanosecond)
		}
	}
}

func (u *user) interrupt(r *rand.Rand, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			u.x.InterruptRead(false)
			u.x.InterruptWrite(false)
			return
		case <-time.After(time.Duration(1+r.IntN(5000)) * time.Nanosecond):
		}
		switch on := r.IntN(2) == 0; r.IntN(3) {
		case 0:
			u.x.InterruptRead(on)
		case 1:
			u.x.InterruptWrite(on)
		case 2:
			at := time.Time{}
			if on {
				at = time.Now().Add(time.Duration(r.IntN(4000)-1000) * time.Nanosecond)
			}
			u.x.LimitWrite(at)
		}
	}
}

// judge compares what one end has said with what the other has heard.
func judge(t *testing.T, who string, said, heard *journal) {
	if !bytes.Equal(heard.heard, pattern(0, len(heard.heard))) {
		t.Errorf("%s: what was heard is not what was said", who)
	}
	n := len(heard.heard)
	switch {
	case n > said.sent+said.unsure:
		t.Errorf("%s: %d bytes were heard, %d said", who, n, said.sent)
	case heard.heardEnd && (!said.endedIt || n != said.sent):
		t.Errorf("%s: the end was heard after %d bytes of %d", who, n, said.sent)
	case said.endedIt && !said.reset && !heard.reset && !heard.heardEnd:
		t.Errorf("%s: the end was not heard after %d bytes of %d", who, n, said.sent)
	}
}

// world has two sessions and a few streams, all of whose users do as they like.
func world(t *testing.T, a, b net.Conn, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	windows := []uint32{0, 70_000, 200_000}
	served := make(map[string]*user)
	var mu sync.Mutex
	var users sync.WaitGroup
	server := Config{HTTP2: h2.Config{StreamWindow: windows[r.IntN(3)]}}
	p := joinOver(t, a, b, Config{HTTP2: h2.Config{StreamWindow: windows[r.IntN(3)]}}, Config{
		HTTP2: server.HTTP2,
		Handle: func(x *Stream, head *h2.Head) {
			u := &user{t: t, x: x}
			mu.Lock()
			u.r = rand.New(rand.NewPCG(seed, uint64(len(served))+100))
			served[head.Path] = u
			mu.Unlock()
			answered := make(chan struct{})
			users.Go(func() { // before the answer, upon which the last user of the client may be gone
				defer x.Served()
				<-answered
				u.run()
			})
			_ = x.Respond(&h2.Head{Status: 200})
			close(answered)
		},
	}, nil)
	opened := make(map[string]*user)
	for i := range 1 + r.IntN(8) {
		path := "/" + string(rune('a'+i))
		x, _, err := p.client.Open(context.Background(), &h2.Head{Method: "CONNECT", Scheme: "http", Authority: "a.example", Path: path, Protocol: "websocket"})
		if err != nil {
			if reset, ok := errors.AsType[*ResetError](err); !ok || reset.Code != h2.Cancel { // by a user that is quick
				t.Error(err)
			}
			continue
		}
		u := &user{t: t, x: x, r: rand.New(rand.NewPCG(seed, uint64(i)))}
		opened[path] = u
		users.Go(u.run)
	}
	users.Wait()
	p.end()
	for path, c := range opened {
		s := served[path]
		judge(t, "from the client", &c.j, &s.j)
		judge(t, "from the server", &s.j, &c.j)
	}
}

// Whatever users do, bytes arrive in order, once, and as many as their calls have reported.
func TestWorld(t *testing.T) {
	seeds := 300
	if testing.Short() {
		seeds = 30
	}
	for seed := range seeds {
		bubble(t, func(t *testing.T) {
			a, b := net.Pipe()
			world(t, a, b, uint64(seed))
		})
	}
	for seed := range seeds / 10 {
		a, b := tcp(t)
		world(t, a, b, uint64(seed))
	}
}

func FuzzWorld(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		a, b := tcp(t)
		world(t, a, b, seed)
	})
}
