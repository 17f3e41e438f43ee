package interop

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/hawser-ws/websocket/autobahn"
)

func TestChromium(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	conversesWithPage(t, ctx, serve(t, ctx, acceptOurs), "")
}

// conversesWithPage has a browser open the page, whose address ends in query, and returns what the
// page saw.
func conversesWithPage(t *testing.T, ctx context.Context, s *server, query string, flags ...string) saw {
	t.Helper()
	page := s.servePage()
	p := browse(t, ctx, s.URL+"/page.html"+query, flags...)
	got := page.report(t, ctx, p)
	page.next <- ""
	checkPage(t, ctx, s, got)
	return got
}

// page is the browser's page on a server.
type page struct {
	reports chan saw
	next    chan string // where the browser goes when it has reported
}

// servePage has the server serve the page.
func (s *server) servePage() *page {
	p := &page{make(chan saw, 1), make(chan string, 1)}
	s.mux.HandleFunc("GET /page.html", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, "testdata/page.html")
	})
	s.mux.HandleFunc("POST /saw", func(w http.ResponseWriter, r *http.Request) {
		var got saw
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			got.Error = err.Error()
		}
		p.reports <- got
		select {
		case next := <-p.next:
			_, _ = io.WriteString(w, next)
		case <-r.Context().Done():
		}
	})
	return p
}

// report waits for what the page saw.
func (p *page) report(t *testing.T, ctx context.Context, browser *process) saw {
	t.Helper()
	select {
	case got := <-p.reports:
		return got
	case <-browser.done:
		t.Fatal("chromium ended before the page reported")
	case <-ctx.Done():
		t.Fatal("the page has not reported: ", ctx.Err())
	}
	return saw{}
}

// checkPage compares what the page saw, and what our server saw of it.
func checkPage(t *testing.T, ctx context.Context, s *server, got saw) {
	t.Helper()
	checkClient(t, ctx, s, got, conversation)
	if got.ClosedEmpty.Code != 1005 {
		t.Errorf("an empty Close was answered with %v, want an empty one (1005)", got.ClosedEmpty)
	}
	want(t, "the page, closed by our server while sending,", got.BusyClosed, 4008, "busy")
	if err := s.ending(t, ctx, "busy").closeErr; err != nil {
		t.Errorf("our server's Close while the page was sending = %v, want nil", err)
	}
	// Not among these: a page with unsent data, which no browser calls clean.
	for name, v := range map[string]verdict{
		"closed by the page":              got.Closed,
		"closed by the page without code": got.ClosedEmpty,
		"closed by our server":            got.ServerClosed,
	} {
		if v.Clean == nil || !*v.Clean {
			t.Errorf("onclose of the connection %s: wasClean is not true", name)
		}
	}
}

// The page of the fuzzing server makes a browser play the cases without a hand, and ends the
// server when it is told so.
func TestChromiumPlaysCases(t *testing.T) {
	t.Parallel()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	playCases(t, plain, &autobahn.FuzzingServer{}, "http", "1.1.*,5.3")
}

// Over HTTP/2 the browser takes the WebSockets to the connection of the page, and makes another
// when a case has ended that: 21.8.6 does.
func TestChromiumPlaysCasesHTTP2(t *testing.T) {
	t.Parallel()
	config := newIdentity().server()
	config.NextProtos = []string{"h2"}
	secure, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	playCases(t, secure, &autobahn.FuzzingServer{HTTP2: true}, "https", "1.1.*,5.3,12.1.1,21.4.1,21.5.*,21.6.*,21.7.[24567],21.8.*")
}

// playCases has a browser judged by the cases of patterns, all of which it does well.
func playCases(t *testing.T, l net.Listener, suite *autobahn.FuzzingServer, scheme, patterns string) {
	t.Helper()
	ctx := bounded(t)
	choose := autobahn.Select
	if suite.HTTP2 {
		choose = autobahn.SelectHTTP2
	}
	cases, err := choose(autobahn.Client, patterns, "")
	if err != nil {
		t.Fatal(err)
	}
	suite.Cases = cases
	over := make(chan error, 1)
	go func() { over <- suite.Serve(ctx, l) }()

	p := browse(t, ctx, scheme+"://"+l.Addr().String()+"/?play&stop&agent=under+test")

	select {
	case err := <-over:
		if !errors.Is(err, autobahn.ErrStopped) {
			t.Fatal(err)
		}
	case <-p.done:
		t.Fatal("chromium ended before the page had played all cases")
	}
	agents := suite.Agents()
	if len(agents) != 1 || agents[0].Name != "under test" || len(agents[0].Results) != len(cases) {
		t.Fatalf("results of %+v; want %d of one agent", agents, len(cases))
	}
	for _, r := range agents[0].Results {
		if r.Worst() != autobahn.OK {
			t.Errorf("%s: %s, %s", r.ID, r.Worst(), r.Result)
		}
	}
}

// browse opens a page in a browser that knows nothing yet. It does not use QUIC unless flags say so.
func browse(t *testing.T, ctx context.Context, page string, flags ...string) *process {
	t.Helper()
	// Not t.TempDir, which fails the test when the browser's children still
	// write as they are killed.
	profile, err := os.MkdirTemp("", "interop-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(profile) })

	if len(flags) == 0 {
		flags = []string{"--disable-quic", "--ignore-certificate-errors"}
	}
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir=" + profile,
	}, flags...)
	return start(t, ctx, "chromium", "chromium", append(args, page)...)
}
