package interop

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/template"

	"github.com/hawser-ws/websocket"
)

// stops are where one browser goes, one after the other. Over TLS it opens its WebSockets as
// streams of the HTTP/2 connection that has carried the page (RFC 8441).
var stops = []stop{
	{"our server", "HTTP/2.0", nil, passesClose},
	{"haproxy", "HTTP/2.0", startsWith(http2Proxies.haproxy, startHAProxy), passesClose},
	{"haproxy to ServeHTTP2", "", startsWith(http2Proxies.haproxy, startHAProxy), passesClose},
	{"nghttpx", "HTTP/2.0", startsWith(http2Proxies.nghttpx, startNghttpx), passesClose},
	{"nghttpx to ServeHTTP2", "", startsWith(http2Proxies.nghttpx, startNghttpx), passesClose},
	{"Apache", "HTTP/1.1", startsWith(http2Fronts.apache, startApache), passesClose},
	{"lighttpd", "HTTP/1.1", startsWith(http2Fronts.lighttpd, startLighttpd), dropsClose},
}

type stop struct {
	name   string
	proto  string                                            // how the request comes to net/http; empty: to ServeHTTP2
	front  func(t *testing.T, ctx context.Context, f *front) // nil: the browser talks to our server
	closes closeHabit
}

// closeHabit is what becomes of the browser's Close frame.
type closeHabit uint8

const (
	passesClose closeHabit = iota
	// lighttpd 1.4.69 drops DATA that has END_STREAM, and Chromium sets it on its Close frame. Our
	// server sees the end of the stream.
	dropsClose
)

func startsWith(config *template.Template, start func(t *testing.T, ctx context.Context, config string)) func(*testing.T, context.Context, *front) {
	return func(t *testing.T, ctx context.Context, f *front) {
		t.Helper()
		start(t, ctx, f.config(t, config))
	}
}

func TestChromiumHTTP2(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	visits := make([]*visit, len(stops))
	for i := range stops {
		visits[i] = newVisit(t, ctx, i)
	}
	browser := browse(t, ctx, visits[0].url())
	for i, v := range visits {
		t.Run(stops[i].name, func(t *testing.T) {
			got := v.report(t, ctx, browser)
			v.check(t, ctx, got)
		})
		if t.Failed() {
			return
		}
		if i+1 < len(visits) {
			v.next <- visits[i+1].url()
		} else {
			v.next <- ""
		}
	}
}

// visit is one stop of the browser. The first one has a route for GET alone: a browser does not try
// HTTP/1.1 where a WebSocket over HTTP/2 is refused.
type visit struct {
	*page
	stop
	s      *server
	origin string
	query  string // of the page's address, besides
	relay  *relay // nil if there is no front

	closings *closings
	mu       sync.Mutex
	requests map[string]int // WebSockets, by how and from where they came
}

func newVisit(t *testing.T, ctx context.Context, at int) *visit {
	t.Helper()
	v := &visit{stop: stops[at], requests: map[string]int{}}
	opts := websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover, Timeouts: patient}
	noted := opts
	v.closings = newClosings(t, "Chromium, "+v.name)
	noted.Trace = v.closings.trace()
	noting := func(ctx context.Context, w http.ResponseWriter, r *http.Request) (party, error) {
		if r.URL.Path != "/sockets" {
			return acceptWith(&opts)(ctx, w, r)
		}
		v.mu.Lock()
		v.requests[r.Method+" "+r.Proto+" from "+r.RemoteAddr]++
		v.mu.Unlock()
		return acceptWith(&noted)(ctx, w, r)
	}
	if v.front == nil {
		v.s = serveHTTP2(t, ctx, noting)
		v.page = v.s.servePage()
		v.origin = v.s.URL
		v.s.mux.HandleFunc("/refused", func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodConnect {
				t.Errorf("refused over HTTP/2 with 405, the browser comes with %s over %s", r.Method, r.Proto)
			}
			w.WriteHeader(http.StatusMethodNotAllowed)
		})
		v.query = "&refused=/refused"
		return v
	}
	pages := serve(t, ctx, noting)
	v.page = pages.servePage()
	v.s = pages
	if v.proto == "" {
		v.s = serveBehindHTTP2(t, ctx, &noted)
	}
	front := newFront(t, strings.TrimPrefix(v.s.URL, "http://"))
	front.set("Page", strings.TrimPrefix(pages.URL, "http://"))
	v.front(t, ctx, front)
	v.relay = newRelay(t, front.params["TLS"])
	v.origin = "https://" + v.relay.address
	return v
}

func (v *visit) url() string {
	return v.origin + "/page.html" + askSockets() + v.query
}

// check compares what the page saw with what our server did.
func (v *visit) check(t *testing.T, ctx context.Context, got saw) {
	t.Helper()
	if v.closes == passesClose {
		checkPage(t, ctx, v.s, got)
	} else if got.Error != "" || !slices.Equal(got.Echoes, digests(conversation)) || got.ServerClosed.Code != 4002 || got.BusyClosed.Code != 4008 {
		t.Errorf("the page saw %+v", got)
	}
	checkSockets(t, got, v.closes)
	for i, socket := range got.Sockets {
		if !strings.HasPrefix(socket.Extensions, "permessage-deflate") {
			t.Errorf("socket %d has the extensions %q, want permessage-deflate", i, socket.Extensions)
		}
	}
	for range *sockets + 2**times {
		if err := v.s.ending(t, ctx, "sockets").closeErr; err != nil && v.closes == passesClose {
			t.Errorf("our server's close = %v, want nil after a clean handshake", err)
		}
	}
	if v.query != "" && got.Refused.Code != 1006 {
		t.Errorf("a page that is refused sees %v, want 1006", got.Refused)
	}
	v.closings.settle(t)
	v.checkConnections(t)
}

// askSockets is the query of a page that opens sockets at a time and then one after the other.
func askSockets() string { return fmt.Sprintf("?sockets=%d&closings=%d", *sockets, *times) }

// checkSockets checks what the page saw of these sockets. The log has how long it waited for the
// ends of the latter, by who began.
func checkSockets(t *testing.T, got saw, closes closeHabit) {
	t.Helper()
	if len(got.Sockets) != *sockets {
		t.Fatalf("the page has opened %d sockets, want %d", len(got.Sockets), *sockets)
	}
	if len(got.InTurn) != 2**times {
		t.Fatalf("the page has opened %d sockets in turn, want %d", len(got.InTurn), 2**times)
	}
	var amid []float64
	for i, socket := range got.Sockets {
		amid = append(amid, socket.Took)
		if !slices.Equal(socket.Echoes, digests(conversation)) {
			t.Errorf("socket %d received %v", i, socket.Echoes)
		}
		checkSocketEnd(t, i, socket.Closed, closes)
	}
	var took [2][]float64
	for i, socket := range got.InTurn {
		took[i%2] = append(took[i%2], socket.Took)
		checkSocketEnd(t, i, socket.Closed, closes)
	}
	t.Logf("the page, from close to onclose: %s ms", spread(took[0]))
	t.Logf("the page, from asking our server to close to onclose: %s ms", spread(took[1]))
	t.Logf("the page, amid the messages of other sockets: %s ms", spread(amid))
}

func checkSocketEnd(t *testing.T, i int, closed verdict, closes closeHabit) {
	t.Helper()
	byServer := i%2 == 1
	if (closes == passesClose || byServer) && closed.Code != 4001+i%2 {
		t.Errorf("socket %d saw %v", i, closed)
	}
	if clean := closed.Clean != nil && *closed.Clean; !clean && closes == passesClose {
		t.Errorf("onclose of socket %d: wasClean is not true", i)
	}
}

// checkConnections checks that all sockets, and the page, came over one connection.
func (v *visit) checkConnections(t *testing.T) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for how := range v.requests {
		if !strings.Contains(how, v.proto) {
			t.Errorf("our server got %s, want %s", how, v.proto)
		}
	}
	if v.relay != nil {
		if n := v.relay.used(); n != 1 {
			t.Errorf("the browser used %d connections, want 1", n)
		}
	} else if len(v.requests) != 1 {
		t.Errorf("sockets came by %v, want one connection", v.requests)
	}
}
