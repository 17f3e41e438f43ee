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

// parseStart parses the first line of a request of HTTP/1.1.
func parseStart(h *play.Head, cases []*Case) (call, error) {
	parts := strings.Split(h.Start, " ")
	if len(parts) != 3 || parts[0] != "GET" {
		return call{}, fmt.Errorf("%w: %q", play.ErrHead, h.Start)
	}
	return parseCall(parts[1], cases)
}

// parseCall parses the URL of a request. Cases are numbered as in cases.
func parseCall(target string, cases []*Case) (c call, err error) {
	u, err := url.ParseRequestURI(target)
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
	p, ok := pageAt(parts[1], judged)
	if ok {
		respond(conn, p)
	}
	return ok
}

// A page is an answer without a WebSocket.
type page struct {
	status, kind string
	body         []byte
}

const (
	htmlPage  = "text/html; charset=utf-8"
	plainText = "text/plain; charset=utf-8"
)

// pageAt returns the page at a URL, if there is one.
func pageAt(target string, judged func() []Agent) (p page, ok bool) {
	path, _, _ := strings.Cut(target, "?")
	switch path {
	case "/":
		return page{"200 OK", htmlPage, landing.Page}, true
	case "/report":
		agents := judged()
		if len(agents) == 0 {
			return page{"200 OK", plainText, []byte("No client has played a case yet.\n")}, true
		}
		var text bytes.Buffer
		report := &Page{Title: "WebSocket conformance", Made: time.Now(), Clients: agents}
		if err := report.Write(&text); err != nil {
			return page{"500 Internal Server Error", plainText, []byte(err.Error() + "\n")}, true
		}
		return page{"200 OK", htmlPage, text.Bytes()}, true
	}
	return p, false
}

// refusal returns the answer to an unknown URL.
func refusal(err error) page {
	status := "400 Bad Request"
	if errors.Is(err, errNotFound) {
		status = "404 Not Found"
	}
	return page{status, plainText, []byte("A fuzzing server for WebSocket clients: " + err.Error() + ".\n")}
}

// respond answers without a WebSocket, and ends the connection.
func respond(conn net.Conn, p page) {
	conn.SetWriteDeadline(time.Now().Add(Timeout))
	fmt.Fprintf(conn, "HTTP/1.1 %s\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", p.status, p.kind, len(p.body))
	conn.Write(p.body)
	conn.Close()
}
