package autobahn

import (
	"context"
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
	cs    *Case
}

// errNotFound reports an unknown URL.
var errNotFound = errors.New("there is no such URL")

// parseCall parses the URL of a request.
func (f *FuzzingServer) parseCall(h *play.Head) (c call, err error) {
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

// numbered returns cs as number n of a selection.
func numbered(cs *Case, n int) *Case {
	c := *cs
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

// answer returns the play of a URL that is not a case: it sends something and closes.
func (f *FuzzingServer) answer(ctx context.Context, c call) func() play.Play {
	return func() play.Play {
		switch c.path {
		case "/getCaseCount":
			return play.Said(len(f.Cases))
		case "/getCaseInfo":
			return play.Said(map[string]string{"id": c.cs.ID, "description": c.cs.Description})
		case "/getCaseStatus":
			verdict := Failed // also for a case never played
			f.await(ctx, func() bool {
				if r := f.results[c.agent][c.cs.ID]; r != nil {
					verdict = r.Behavior
				}
				return f.playing[c.agent][c.cs.ID] == 0
			})
			return play.Said(map[string]Verdict{"behavior": verdict})
		case "/updateReports":
			f.await(ctx, func() bool { return len(f.playing[c.agent]) == 0 })
		}
		return play.Said(nil)
	}
}
