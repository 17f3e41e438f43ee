package autobahn

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/landing"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
)

// A call is a client's request.
type call struct {
	path  string
	agent string
	cs    *play.Case
	last  bool // the server may end after this call
}

// errNotFound reports an unknown URL.
var errNotFound = errors.New("there is no such URL")

// parseCall parses the URL of a request. Cases are numbered as in cases.
func parseCall(h *play.Head, cases []*Case) (c call, err error) {
	parts := strings.Split(h.Start, " ")
	if len(parts) != 3 || parts[0] != "GET" {
		return c, fmt.Errorf("%w: %q", play.ErrHead, h.Start)
	}
	u, err := url.ParseRequestURI(parts[1])
	if err != nil {
		return c, err
	}
	q := u.Query()
	c.path, c.agent = u.Path, q.Get("agent")
	c.last = c.path == "/stopServer" || c.path == "/updateReports" && isYes(q.Get("shutdownOnComplete"))
	if id := q.Get("casetuple"); id != "" {
		i := slices.IndexFunc(cases, func(c *Case) bool { return c.ID == strings.TrimSpace(id) })
		if i < 0 {
			return c, fmt.Errorf("there is no case %s", id)
		}
		c.cs = numbered(cases[i], i+1)
	}
	if q.Has("case") {
		n, err := strconv.Atoi(q.Get("case"))
		if err != nil || n < 1 || n > len(cases) {
			return c, fmt.Errorf("there is no case %s, there are %d", q.Get("case"), len(cases))
		}
		c.cs = numbered(cases[n-1], n)
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
func numbered(cs *Case, n int) *play.Case {
	c := *cs.play
	c.Index = n
	return &c
}

// browse answers a browser that asks for a page. It reports whether there is such a page. judged
// returns what the report shows.
func browse(conn net.Conn, h *play.Head, judged func() []Agent) bool {
	parts := strings.Split(h.Start, " ")
	if len(parts) != 3 || parts[0] != "GET" || h.Has("Upgrade", "websocket") {
		return false
	}
	path, _, _ := strings.Cut(parts[1], "?")
	switch path {
	case "/":
		respond(conn, "200 OK", "text/html; charset=utf-8", landing.Page)
	case "/report":
		agents := judged()
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
