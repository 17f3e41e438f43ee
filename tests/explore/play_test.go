package explore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// acted is one end of a connection in a script: the engine, and what came of it.
type acted struct {
	c    *websocket.Conn
	out  *way // what it sends
	in   *way // what it is given
	near interface{ Close() error }

	timeout time.Duration // Timeouts.Close

	mu       sync.Mutex
	edges    [][2]conn.State
	left     time.Time // when it left Open
	over     time.Time // when it was terminated
	got      []string  // messages delivered
	failed   bool      // a read has returned an error
	late     []string  // delivered after that
	written  int
	calls    sync.WaitGroup
	gaveUp   bool // CloseNow was called
	closedIn time.Duration
}

// stage is one script being played.
type stage struct {
	ends  [2]*acted
	fins  atomic.Int32
	far   [2]interface{ Close() error }
	tight bool // the pipes hold a byte, so that writes wait
	wrong []string
	pairs map[[2]conn.State]int
}

var endNames = [2]string{"server", "client"}

func (s *stage) complain(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// newStage: an end whose deadline passes gives the other's bytes up, which the network
// then takes. A Close frame the last byte of which goes in the moment that its own
// deadline passes may count as sent or not. So where writes wait, the deadline of one
// end passes first.
func newStage(buffer, first int, loops onLoops, pairs map[[2]conn.State]int) *stage {
	s := &stage{pairs: pairs, tight: buffer == 1}
	nearServer, farServer := wstest.NetPipe(buffer)
	nearClient, farClient := wstest.NetPipe(buffer)
	there, back := newWay(farServer, farClient, &s.fins), newWay(farClient, farServer, &s.fins)
	there.back, back.back = back, there
	s.far[0], s.far[1] = farServer, farClient
	s.ends[0], s.ends[1] = &acted{out: there, in: back, near: nearServer}, &acted{out: back, in: there, near: nearClient}
	for i, a := range s.ends {
		a.timeout = wsplay.CloseTimeout
		if s.tight && i != first {
			a.timeout += time.Second
		}
	}
	s.ends[0].begin(nearServer, websocket.RoleServer, loops[0])
	s.ends[1].begin(nearClient, websocket.RoleClient, loops[1])
	go there.run()
	go back.run()
	return s
}

func (a *acted) options() *websocket.ConnOptions {
	return &websocket.ConnOptions{
		Timeouts: websocket.Timeouts{Close: a.timeout},
		Trace: &websocket.Trace{StateChanged: func(_ *websocket.Conn, from, to conn.State) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.edges = append(a.edges, [2]conn.State{from, to})
			if from == conn.Open {
				a.left = time.Now()
			}
			if to == conn.Terminated {
				a.over = time.Now()
			}
		}},
	}
}

// state is where the end stands: the states come in the order of their numbers.
func (a *acted) state() (s conn.State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.edges {
		s = max(s, e[1])
	}
	return s
}

// do takes a step and waits until it has come to all it can without time passing.
func (s *stage) do(o op) {
	a := s.ends[o.end]
	switch o.what {
	case doWrite:
		a.written++
		text := []byte(endNames[o.end] + strconv.Itoa(a.written))
		a.calls.Go(func() { _ = a.c.Write(context.Background(), websocket.MessageText, text) })
	case doRead:
		a.calls.Go(a.read)
	case doClose:
		a.calls.Go(func() { a.close(websocket.StatusCode(4000 + o.end)) })
	case doBegin:
		a.calls.Go(func() { _ = a.c.BeginClose(context.Background(), websocket.StatusNoStatusRcvd, "") })
	case doCloseNow:
		a.gaveUp = true
		_ = a.c.CloseNow()
	case netDelay:
		if a.out.carries() {
			a.out.set(delaying)
		} else {
			a.out.set(passing)
		}
	case netCut:
		a.out.set(swallowing)
	case netEnd:
		a.out.end()
	case netForge:
		if o.end == 0 { // what a client is given is not masked
			a.out.forge([]byte("\x83\x00"))
		} else {
			a.out.forge([]byte("\x83\x80\x00\x00\x00\x00"))
		}
	default:
		for _, far := range []*way{s.ends[0].out, s.ends[1].out} {
			far.set(swallowing)
			reset(far.from)
		}
	}
	synctest.Wait()
	s.pairs[[2]conn.State{s.ends[0].state(), s.ends[1].state()}]++
}

func (a *acted) read() {
	_, p, err := a.c.Read(context.Background())
	a.took(p, err)
}

// took notes what a read, or a Loop, has brought.
func (a *acted) took(p []byte, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err != nil:
		a.failed = true
	case a.failed:
		a.late = append(a.late, string(p))
	default:
		a.got = append(a.got, string(p))
	}
}

func (a *acted) close(code websocket.StatusCode) {
	begin := time.Now()
	_ = a.c.Close(code, "")
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closedIn = max(a.closedIn, time.Since(begin))
}

// play plays a script, closes both ends, and says what was wrong. first is the end
// whose patience ends first, own how many goroutines the bubble has of its own.
func play(steps script, buffer, first, own int, loops onLoops, pairs map[[2]conn.State]int, outcomes map[string]int) []string {
	goroutines := runtime.NumGoroutine()
	s := newStage(buffer, first, loops, pairs)
	for _, o := range steps {
		s.do(o)
	}
	for _, a := range s.ends {
		a.calls.Go(func() { a.close(websocket.StatusGoingAway) })
	}
	time.Sleep(max(s.ends[0].timeout, s.ends[1].timeout))
	synctest.Wait()
	s.pairs[[2]conn.State{s.ends[0].state(), s.ends[1].state()}]++
	outcome := ""
	for i, a := range s.ends {
		if state := a.state(); state != conn.Terminated {
			s.complain("the %s is %v when its time is over", endNames[i], state)
			_ = a.near.Close()
		}
		if late := a.over.Sub(a.left); late > a.timeout {
			s.complain("the %s was out of open for %v", endNames[i], late)
		}
		if a.closedIn > a.timeout {
			s.complain("the %s's Close took %v", endNames[i], a.closedIn)
		}
		a.calls.Wait()
		s.sticks(i, a)
	}
	// What is still in the pipes was sent: the network takes it now.
	for _, a := range s.ends {
		a.out.set(swallowing)
	}
	synctest.Wait()
	for _, far := range s.far {
		_ = far.Close()
	}
	synctest.Wait()
	for i, a := range s.ends {
		outcome += s.judge(i, a, steps)
	}
	s.judgeOrder(steps)
	outcomes[outcome]++
	synctest.Wait()                          // a read of an end on a loop has it look once more
	if runtime.NumGoroutine() > goroutines { // or one is about to end: it is in no dump
		if all, dump := bubbled(); all > own {
			s.complain("%d goroutines are left\n%s", all-own, dump)
		}
	}
	return s.wrong
}

// bubbled counts the goroutines of the caller's bubble, and of no other that has not
// quite ended: the first line of a dump says which it is.
func bubbled() (n int, dump string) {
	b := make([]byte, 4<<20)
	dump = string(b[:runtime.Stack(b, true)])
	_, bubble, _ := strings.Cut(dump, ", synctest bubble ")
	bubble, _, _ = strings.Cut(bubble, "]")
	return strings.Count(dump, ", synctest bubble "+bubble+"]"), dump
}

// sticks asks an end that has ended again and again.
func (s *stage) sticks(i int, a *acted) {
	var first *websocket.ClosedError
	for range 2 {
		_, p, err := a.c.Read(context.Background())
		if len(p) > 0 {
			s.complain("the %s delivers %q after its end", endNames[i], p)
		}
		for call, err := range map[string]error{
			"Read": err, "Write": a.c.Write(context.Background(), websocket.MessageText, nil),
			"Ping": a.c.Ping(context.Background()), "CloseNow": a.c.CloseNow(), "Close": a.c.Close(1000, ""),
		} {
			e, ok := errors.AsType[*websocket.ClosedError](err)
			switch {
			case !ok:
				s.complain("the %s's %s returns %v after its end", endNames[i], call, err)
			case first == nil:
				first = e
			case e.Cause != first.Cause || e.Error() != first.Error() || e.Began != first.Began:
				s.complain("the %s's %s returns %v, and before %v", endNames[i], call, e, first)
			}
		}
	}
	if len(a.late) > 0 {
		s.complain("the %s delivers %q after an error", endNames[i], a.late)
	}
	// The goroutines that change the state tell of it a little later, and not in order.
	slices.SortFunc(a.edges, func(e, f [2]conn.State) int { return int(e[0]) - int(f[0]) })
}
