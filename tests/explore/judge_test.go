package explore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/conn"
	"github.com/hawser-ws/websocket/internal/naive"
	"github.com/hawser-ws/websocket/internal/wsplay"
)

// judge holds what an end says of its end against what the network saw, and against
// the table of transitions. It returns the outcome in a few words.
func (s *stage) judge(i int, a *acted, steps script) string {
	name := endNames[i]
	_, _, err := a.c.Read(context.Background())
	e, ok := errors.AsType[*websocket.ClosedError](err)
	if !ok {
		return name + " has not ended"
	}
	sent, _, _ := a.out.seen()
	_, given, _ := a.in.seen()

	for _, f := range sent.frames {
		if broken := naive.Broken(f, i == 1, false); broken != nil {
			s.complain("the %s sends what breaks rules: %v", name, broken)
		}
	}
	body, after, said := sent.close()
	if after > 0 {
		s.complain("the %s sends %d frames or bytes after its Close frame", name, after)
	}
	switch {
	case steps.count(netReset) > 0: // which takes what the network has not read
	case s.tight && e.Sent != nil && !said && !e.Clean() && e.Cause != nil && !errors.Is(e.Cause, websocket.ErrCloseTimeout):
		// It was being written when the peer or the network ended the connection, and
		// it cannot be told how far it came.
	case said != (e.Sent != nil):
		s.complain("the %s sent a Close frame: %v, and says %v", name, said, e.Sent)
	}
	if said && e.Sent != nil && !says(body, e.Sent) {
		s.complain("the %s sent Close % x, and says %v", name, body, e.Sent)
	}

	// RFC 6455 §7.1.5: the code is that of the first Close frame received.
	heard, _, came := given.close()
	end := slices.IndexFunc(given.frames, func(f naive.Frame) bool { return f.Opcode == wsplay.OpClose || refusable(f) })
	came = came && given.frames[end].Opcode == wsplay.OpClose
	switch {
	case e.Received != nil && !came:
		s.complain("the %s says it received %v, which was not given", name, e.Received)
	case e.Received != nil && !says(heard, e.Received):
		s.complain("the %s was given Close % x, and says %v", name, heard, e.Received)
	case e.Received == nil && came && e.Cause == nil && !a.gaveUp:
		s.complain("the %s was given Close % x, and does not say so: %v", name, heard, e)
	}
	if e.Clean() != (e.Sent != nil && e.Received != nil) {
		s.complain("the %s says Clean %v of %v", name, e.Clean(), e)
	}

	// What is delivered is what was given, in order, up to the end.
	if end < 0 {
		end = len(given.frames)
	}
	for n, text := range a.got {
		if n >= end || string(given.frames[n].Payload) != text {
			s.complain("the %s delivers %q, given were %d messages before the end", name, a.got, end)
			break
		}
	}
	s.judgePath(name, a, e)
	return fmt.Sprintf("%s: sent %v, received %v, %v began, because of %T; ", name, code(e.Sent), code(e.Received), e.Began, e.Cause)
}

// transitions are the changes of state that the table has.
var transitions = func() map[[2]conn.State]bool {
	found := make(map[[2]conn.State]bool)
	seen := make(map[conn.Lifecycle]bool)
	for queue := []conn.Lifecycle{{}}; len(queue) > 0; queue = queue[1:] {
		for event := conn.SendClose; event <= conn.Abandon; event++ {
			next := queue[0]
			if _, ok := next.Handle(event, conn.CloseBody{}, time.Time{}); !ok || seen[next] {
				continue
			}
			seen[next] = true
			found[[2]conn.State{queue[0].State(), next.State()}] = true
			queue = append(queue, next)
		}
	}
	return found
}()

// judgePath holds the states against the table, and the error against the states.
func (s *stage) judgePath(name string, a *acted, e *websocket.ClosedError) {
	at := conn.Open
	for _, edge := range a.edges {
		if edge[0] != at || !transitions[edge] {
			s.complain("the %s goes through %v", name, a.edges)
			return
		}
		at = edge[1]
	}
	began := websocket.SideRemote
	switch a.edges[0][1] {
	case conn.ClosedByUs:
		began = websocket.SideLocal
	case conn.Terminated:
		if e.Cause == nil || errors.Is(e.Cause, websocket.ErrCloseTimeout) {
			began = websocket.SideLocal // it was given up, or Close was while its frame waited
		}
	}
	if e.Began != began {
		s.complain("the %s goes through %v, and says %v began", name, a.edges, e.Began)
	}
	passed := func(states ...conn.State) bool {
		return slices.ContainsFunc(a.edges, func(edge [2]conn.State) bool { return slices.Contains(states, edge[1]) })
	}
	if passed(conn.ClosedByPeer, conn.Acknowledged) && e.Received == nil {
		s.complain("the %s goes through %v, and says it received nothing", name, a.edges)
	}
	if e.Clean() && !passed(conn.Acknowledged) {
		s.complain("the %s goes through %v, and says it is clean", name, a.edges)
	}
}

// judgeOrder: RFC 6455 §7.1.1: the server closes TCP first, where both ends are alive
// and the network lets them.
func (s *stage) judgeOrder(steps script) {
	_, _, server := s.ends[0].out.seen()
	_, _, client := s.ends[1].out.seen()
	for _, o := range steps {
		if o.what >= netCut || o.what == doCloseNow {
			return
		}
	}
	for i := range 2 {
		if steps.count(op{netDelay, i})%2 != 0 {
			return
		}
	}
	// Close does not read while its own frame waits to be written. Where a direction
	// does not even hold that, two that close at once wait for their deadlines.
	if s.tight && (steps.writes() || !steps.closes()) {
		return
	}
	if server == 0 || client == 0 || client < server {
		s.complain("the server ends TCP as number %d, the client as %d", server, client)
	}
	for i, a := range s.ends {
		_, _, err := a.c.Read(context.Background())
		if e, ok := errors.AsType[*websocket.ClosedError](err); !ok || !e.Clean() || e.Cause != nil {
			s.complain("nothing was in the way, and the %s has %v", endNames[i], err)
		}
	}
}

// refusable reports whether a frame is what op netForge makes.
func refusable(f naive.Frame) bool { return f.Opcode == 3 }

// says reports whether a Close frame with this payload is what an error tells.
func says(body []byte, e *websocket.CloseError) bool {
	if len(body) == 0 {
		return e.Code == websocket.StatusNoStatusRcvd && e.Reason == ""
	}
	return len(body) >= 2 && int(body[0])<<8|int(body[1]) == int(e.Code) && string(body[2:]) == e.Reason
}

func code(e *websocket.CloseError) int {
	if e == nil {
		return 0
	}
	return int(e.Code)
}
