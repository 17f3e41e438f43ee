package autobahn

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/internal/naive"
)

// besideOthers is the verdict that a report has on the play beside other cases.
func besideOthers(t *testing.T, r *Result) Verdict {
	t.Helper()
	var report struct{ BesideOthers Verdict }
	out, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(out, &report)
	}
	if err != nil {
		t.Fatal(err)
	}
	return report.BesideOthers
}

// overwhelmed is a server that does not do well with its first connections, but for
// that of the probe.
func overwhelmed(t *testing.T, first int32) (url string, requests *atomic.Int32) {
	requests = new(atomic.Int32)
	return echoServer(t, requests, func(n int32, w http.ResponseWriter) bool {
		bad := n > 1 && n <= 1+first
		if bad {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				io.WriteString(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
				conn.Close()
			}
		}
		return !bad
	}), requests
}

// What fails beside other cases is played again alone, once, and that play counts.
func TestPlayedAlone(t *testing.T) {
	const patterns = "1.1.[12],5.3,5.4"
	for _, row := range []struct {
		name        string
		bad         int32
		parallel    int
		requests    int32
		failed      int
		again, same int // results of cases that were played twice: with another verdict, with the same
	}{
		{"fails beside others", 4, 4, 1 + 4 + 4, 0, 4, 0},
		{"goes on failing", 5, 4, 1 + 4 + 4, 1, 3, 1},
		{"fails one after the other", 4, 1, 1 + 4, 4, 0, 0},
		{"does well", 0, 4, 1 + 4, 0, 0, 0},
	} {
		url, requests := overwhelmed(t, row.bad)
		told := map[string]int{}
		suite := &FuzzingClient{
			URL: url, Cases: selected(t, Server, patterns), Parallel: row.parallel,
			Progress: func(r *Result) { told[r.ID]++ },
		}
		agent, err := suite.Run(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		failed, again, same := 0, 0, 0
		for _, r := range agent.Results {
			if !r.Worst().Passed() {
				failed++
			}
			switch beside := besideOthers(t, r); {
			case beside == "":
			case beside == r.Worst():
				same++
			case strings.HasSuffix(r.Result, "Played again alone: OK. While other cases ran it was FAILED."):
				again++
			default:
				t.Errorf("%s: %s says %q", row.name, r.ID, r.Result)
			}
			if told[r.ID] != 1 {
				t.Errorf("%s: %s was told of %d times", row.name, r.ID, told[r.ID])
			}
		}
		if n := requests.Load(); n != row.requests || failed != row.failed || again != row.again || same != row.same {
			t.Errorf("%s: %d requests, %d failed, %d did better alone, %d did not; want %+v", row.name, n, failed, again, same, row)
		}
	}
}

// A caller is a client that a test drives: it asks for a case and answers as it likes.
type caller struct {
	conn net.Conn
	in   *bufio.Reader
}

func callFor(t *testing.T, target, id, agent string) *caller {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(target, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET /runCase?casetuple=%s&agent=%s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", id, url.QueryEscape(agent), play.FreshNonce())
	c := &caller{conn, bufio.NewReader(conn)}
	for line := ""; line != "\r\n"; {
		if line, err = c.in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// answer sends a message, well or badly, and waits for the end of TCP.
func (c *caller) answer(payload string) {
	frame := play.Whole(play.OpText, payload)
	frame.Masked = true
	c.conn.Write(naive.Encode(frame))
	frame = play.Whole(play.OpClose, "\x03\xe8")
	frame.Masked = true
	c.conn.Write(naive.Encode(frame))
	c.conn.SetReadDeadline(time.Now().Add(time.Minute))
	io.Copy(io.Discard, c.in)
	c.conn.Close()
}

// Clients come when they like. What one fails beside other cases says so, until it
// asks for the case again when no other is under way.
func TestClientBesideOthers(t *testing.T) {
	f := &FuzzingServer{Cases: selected(t, Client, "1.1.[12]")}
	target, _ := startServer(t, f)
	result := func(id string) *Result {
		t.Helper()
		ask(t, target+"/getCaseStatus?casetuple="+id+"&agent=a") // until the case is over
		for _, r := range f.Agents()[0].Results {
			if r.ID == id {
				return r
			}
		}
		t.Fatalf("no result of %s", id)
		return nil
	}
	const caution = "its client may ask for it again"
	one, two := callFor(t, target, "1.1.1", "a"), callFor(t, target, "1.1.2", "a")
	one.answer("?")
	if r := result("1.1.1"); r.Behavior != Failed || !strings.Contains(r.Result, caution) {
		t.Errorf("beside another: %s %s", r.Behavior, r.Result)
	}
	two.answer("?")
	if r := result("1.1.2"); r.Behavior != Failed || !strings.Contains(r.Result, caution) {
		t.Errorf("beside another, and the last to end: %s %s", r.Behavior, r.Result)
	}
	callFor(t, target, "1.1.1", "a").answer("")
	if r := result("1.1.1"); r.Worst() != OK || besideOthers(t, r) != Failed || strings.Contains(r.Result, caution) {
		t.Errorf("alone: %s %s", r.Worst(), r.Result)
	}
	callFor(t, target, "1.1.1", "b").answer("?")
	for _, a := range f.Agents() {
		if r := a.Results[0]; a.Name == "b" && (r.Behavior != Failed || strings.Contains(r.Result, caution)) {
			t.Errorf("one after the other: %s %s", r.Behavior, r.Result)
		}
	}
}

// Our own client is asked again for what it failed beside other cases.
func TestOwnClientAlone(t *testing.T) {
	cases := selected(t, Client, "1.1.[12]")
	f := &FuzzingServer{Cases: cases}
	target, _ := startServer(t, f)
	one, two := callFor(t, target, "1.1.1", ownName), callFor(t, target, "1.1.2", ownName)
	one.answer("?")
	two.answer("?")
	testee := &Testee{URL: target, Agent: ownName, Dial: &websocket.DialOptions{}}
	if err := (&Own{Cases: cases}).playAlone(t.Context(), f, testee); err != nil {
		t.Fatal(err)
	}
	ask(t, target+"/updateReports?agent="+ownName)
	for _, r := range f.Agents()[0].Results {
		if r.Worst() != OK || r.BesideOthers != Failed || !strings.Contains(r.Result, "Played again alone: OK.") {
			t.Errorf("%s: %s, beside others %s: %s", r.ID, r.Worst(), r.BesideOthers, r.Result)
		}
	}
}
