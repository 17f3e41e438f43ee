package autobahn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/landing"
)

// A call is a client's request.
type call struct {
	path  string
	agent string
	cs    *Case
	last  bool // the server may end after this call
}

// errNotFound reports an unknown URL.
var errNotFound = errors.New("there is no such URL")

// parseCall parses the URL of a request.
func (f *FuzzingServer) parseCall(h *head) (c call, err error) {
	parts := strings.Split(h.start, " ")
	if len(parts) != 3 || parts[0] != "GET" {
		return c, fmt.Errorf("%w: %q", errHead, h.start)
	}
	u, err := url.ParseRequestURI(parts[1])
	if err != nil {
		return c, err
	}
	q := u.Query()
	c.path, c.agent = u.Path, q.Get("agent")
	c.last = c.path == "/stopServer" || c.path == "/updateReports" && isYes(q.Get("shutdownOnComplete"))
	if id := q.Get("casetuple"); id != "" {
		i := slices.IndexFunc(f.Cases, func(c *Case) bool { return c.ID == strings.TrimSpace(id) })
		if i < 0 {
			return c, fmt.Errorf("there is no case %s", id)
		}
		c.cs = numbered(f.Cases[i], i+1)
	}
	if q.Has("case") {
		n, err := strconv.Atoi(q.Get("case"))
		if err != nil || n < 1 || n > len(f.Cases) {
			return c, fmt.Errorf("there is no case %s, there are %d", q.Get("case"), len(f.Cases))
		}
		c.cs = numbered(f.Cases[n-1], n)
	}
	needsCase := c.path == "/runCase" || c.path == "/getCaseInfo" || c.path == "/getCaseStatus"
	needsAgent := c.path == "/runCase" || c.path == "/updateReports" || c.path == "/getCaseStatus"
	switch {
	case !needsCase && !needsAgent && c.path != "/getCaseCount" && c.path != "/stopServer":
		return c, errNotFound
	case needsCase && c.cs == nil:
		return c, fmt.Errorf("%s needs a case", c.path)
	case needsAgent && c.agent == "":
		return c, fmt.Errorf("%s needs an agent", c.path)
	}
	return c, nil
}

// isYes reports whether a value of a URL is one that the original takes for true.
func isYes(value string) bool {
	return strings.EqualFold(value, "true") || strings.EqualFold(value, "yes")
}

// numbered returns cs as number n of a selection.
func numbered(cs *Case, n int) *Case {
	c := *cs
	c.Index = n
	return &c
}

// browse answers a browser that asks for a page. It reports whether there is such a page.
func (f *FuzzingServer) browse(conn net.Conn, h *head) bool {
	parts := strings.Split(h.start, " ")
	if len(parts) != 3 || parts[0] != "GET" || h.has("Upgrade", "websocket") {
		return false
	}
	path, _, _ := strings.Cut(parts[1], "?")
	switch path {
	case "/":
		respond(conn, "200 OK", "text/html; charset=utf-8", landing.Page)
	case "/report":
		agents := f.Agents()
		if len(agents) == 0 {
			respond(conn, "200 OK", "text/plain; charset=utf-8", []byte("No client has played a case yet.\n"))
			return true
		}
		var page bytes.Buffer
		report := &Page{Title: "WebSocket conformance", Made: time.Now(), Clients: agents}
		if err := report.Write(&page); err != nil {
			respond(conn, "500 Internal Server Error", "text/plain; charset=utf-8", []byte(err.Error()+"\n"))
			return true
		}
		respond(conn, "200 OK", "text/html; charset=utf-8", page.Bytes())
	default:
		return false
	}
	return true
}

// refuse answers an unknown URL.
func refuse(conn net.Conn, err error) {
	status := "400 Bad Request"
	if errors.Is(err, errNotFound) {
		status = "404 Not Found"
	}
	respond(conn, status, "text/plain; charset=utf-8", []byte("A fuzzing server for WebSocket clients: "+err.Error()+".\n"))
}

// respond answers without a WebSocket, and ends the connection.
func respond(conn net.Conn, status, kind string, body []byte) {
	conn.SetWriteDeadline(time.Now().Add(Timeout))
	fmt.Fprintf(conn, "HTTP/1.1 %s\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", status, kind, len(body))
	conn.Write(body)
	conn.Close()
}

// answer returns the play of a URL that is not a case: it sends something and closes.
func (f *FuzzingServer) answer(ctx context.Context, c call) func() play {
	return func() play {
		switch c.path {
		case "/getCaseCount":
			return said(len(f.Cases))
		case "/getCaseInfo":
			return said(map[string]string{"id": c.cs.ID, "description": c.cs.Description})
		case "/getCaseStatus":
			verdict := Failed // also for a case never played
			f.await(ctx, func() bool {
				if r := f.results[c.agent][c.cs.ID]; r != nil {
					verdict = r.Behavior
				}
				return f.playing[c.agent][c.cs.ID] == 0
			})
			return said(map[string]Verdict{"behavior": verdict})
		case "/updateReports":
			f.await(ctx, func() bool { return len(f.playing[c.agent]) == 0 })
		}
		return said(nil)
	}
}

// said returns a play that sends v as JSON, unless it is nil, and closes.
func said(v any) play {
	steps := []step{sendClose(noCode, "")}
	if v != nil {
		message, _ := json.Marshal(v) // only numbers and strings
		steps = slices.Concat([]step{send(text(string(message)))}, steps)
	}
	return &script{steps: steps, ends: weClose, holds: true}
}
