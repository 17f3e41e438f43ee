package autobahn

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
)

// A call is a client's request.
type call struct {
	path  string
	agent string
	cs    *play.Case
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

// numbered returns cs as number n of a selection.
func numbered(cs *Case, n int) *play.Case {
	c := *cs.play
	c.Index = n
	return &c
}

// refuse answers an unknown URL.
func refuse(conn net.Conn, err error) {
	status := "400 Bad Request"
	if errors.Is(err, errNotFound) {
		status = "404 Not Found"
	}
	body := "A fuzzing server for WebSocket clients: " + err.Error() + ".\n"
	conn.SetWriteDeadline(time.Now().Add(play.FlushTimeout))
	fmt.Fprintf(conn, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	conn.Close()
}
