package autobahn

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
)

func TestParseCall(t *testing.T) {
	cases, err := Select(Client, "6.4.*", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ line, want string }{
		{"GET /getCaseCount HTTP/1.1", "/getCaseCount"},
		{"GET /runCase?case=1&agent=a HTTP/1.1", "/runCase a 6.4.1 1"},
		{"GET /runCase?agent=a&case=4 HTTP/1.1", "/runCase a 6.4.4 4"},
		{"GET /runCase?casetuple=6.4.3&agent=a HTTP/1.1", "/runCase a 6.4.3 3"},
		{"GET /runCase?casetuple=%206.4.3%20&agent=a HTTP/1.1", "/runCase a 6.4.3 3"},
		{"GET http://example.com/runCase?case=1&agent=a HTTP/1.1", "/runCase a 6.4.1 1"},
		{"GET /runCase?case=1&agent=My+Agent%2F1.0%00%0a%3Cb%3E%C3%BC HTTP/1.1", "/runCase My Agent/1.0\x00\n<b>ü 6.4.1 1"},
		{"GET /getCaseInfo?case=2 HTTP/1.1", "/getCaseInfo 6.4.2 2"},
		{"GET /getCaseStatus?case=2&agent=a HTTP/1.1", "/getCaseStatus a 6.4.2 2"},
		{"GET /updateReports?agent=a HTTP/1.1", "/updateReports a"},
		{"GET /stopServer HTTP/1.1", "/stopServer"},
		{"GET /runCase?case=0&agent=a HTTP/1.1", "! no case 0"},
		{"GET /runCase?case=5&agent=a HTTP/1.1", "! no case 5, there are 4"},
		{"GET /runCase?case=-1&agent=a HTTP/1.1", "! no case -1"},
		{"GET /runCase?case=&agent=a HTTP/1.1", "! no case"},
		{"GET /runCase?case=1e0&agent=a HTTP/1.1", "! no case 1e0"},
		{"GET /runCase?casetuple=1.1.1&agent=a HTTP/1.1", "! no case 1.1.1"},
		{"GET /runCase?agent=a HTTP/1.1", "! needs a case"},
		{"GET /runCase?case=1 HTTP/1.1", "! needs an agent"},
		{"GET /runCase?case=1&agent= HTTP/1.1", "! needs an agent"},
		{"GET /getCaseStatus?case=1 HTTP/1.1", "! needs an agent"},
		{"GET /updateReports HTTP/1.1", "! needs an agent"},
		{"GET / HTTP/1.1", "! no such URL"},
		{"GET /runcase?case=1&agent=a HTTP/1.1", "! no such URL"},
		{"POST /getCaseCount HTTP/1.1", "! not HTTP"},
		{"GET /getCaseCount", "! not HTTP"},
		{"GET getCaseCount HTTP/1.1", "! invalid URI"},
		{"GET /%zz HTTP/1.1", "! invalid URL escape"},
	} {
		c, err := parseStart(&play.Head{Start: row.line}, cases)
		got := c.path
		if c.agent != "" {
			got += " " + c.agent
		}
		if c.cs != nil {
			got += " " + c.cs.ID + " " + string(rune('0'+c.cs.Index))
		}
		if reason, bad := strings.CutPrefix(row.want, "! "); bad {
			if err == nil || !strings.Contains(err.Error(), reason) || errors.Is(err, errNotFound) != (reason == "no such URL") {
				t.Errorf("%s: %v, want %q", row.line, err, reason)
			}
		} else if err != nil || got != row.want {
			t.Errorf("%s: %q, %v; want %q", row.line, got, err, row.want)
		}
	}
	if cases[3].Index == 4 {
		t.Error("a selection has changed the catalog")
	}
}

func TestParseTarget(t *testing.T) {
	for _, row := range []struct{ raw, want string }{
		{"ws://example.com", "ws://example.com/"},
		{"wss://[::1]:9001/a?b=c", "wss://[::1]:9001/a?b=c"},
		{"http://example.com/", ""},
		{"example.com:9001", ""},
		{"ws:example.com", ""},
		{"ws:///path", ""},
		{"ws://:9001", ""},
		{"ws://example.com/#part", ""},
		{"ws://exa mple/", ""},
		{"ws://example.com:port/", ""},
		{"", ""},
	} {
		u, err := parseTarget(row.raw)
		if row.want == "" {
			target, ok := errors.AsType[*TargetError](err)
			if !ok || target.URL != row.raw || target.Reason == "" {
				t.Errorf("%q: %v, %v", row.raw, u, err)
			}
			agent, err := (&FuzzingClient{URL: row.raw}).Run(context.Background())
			if !errors.As(err, &target) || agent != nil {
				t.Errorf("a run on %q: %v, %v", row.raw, agent, err)
			}
		} else if err != nil || u.String() != row.want {
			t.Errorf("%q: %v, %v; want %s", row.raw, u, err, row.want)
		}
	}
}
