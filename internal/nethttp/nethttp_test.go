package nethttp_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/internal/nethttp"
)

type (
	unwraps  struct{ http.ResponseWriter }
	embeds   struct{ http.ResponseWriter }
	keeps    struct{ w http.ResponseWriter }
	hijacks  struct{ unwraps }
	circular struct {
		http.ResponseWriter
		self *circular
	}
)

func (w unwraps) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w hijacks) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nethttp.Hijack(w.unwraps) }

func (w keeps) Header() http.Header         { return w.w.Header() }
func (w keeps) Write(p []byte) (int, error) { return w.w.Write(p) }
func (w keeps) WriteHeader(status int)      { w.w.WriteHeader(status) }

// serve has net/http call h once, for a request with bytes behind it.
func serve(t *testing.T, h http.HandlerFunc) {
	t.Helper()
	done := make(chan bool)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		h(w, r)
	}))
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\nbehind")); err != nil {
		t.Fatal(err)
	}
	<-done
}

// If this fails with a new release of Go, net/http has changed what the package relies on.
func TestFindResponse(t *testing.T) {
	for name, test := range map[string]struct {
		wrap                func(http.ResponseWriter) http.ResponseWriter
		is, hijack, unwraps bool
	}{
		"itself":       {func(w http.ResponseWriter) http.ResponseWriter { return w }, true, true, true},
		"with Unwrap":  {func(w http.ResponseWriter) http.ResponseWriter { return unwraps{w} }, false, true, true},
		"with Hijack":  {func(w http.ResponseWriter) http.ResponseWriter { return hijacks{unwraps{w}} }, false, true, true},
		"embedded":     {func(w http.ResponseWriter) http.ResponseWriter { return embeds{w} }, false, false, false},
		"in a field":   {func(w http.ResponseWriter) http.ResponseWriter { return &keeps{unwraps{w}} }, false, false, false},
		"at two steps": {func(w http.ResponseWriter) http.ResponseWriter { return unwraps{embeds{w}} }, false, false, false},
	} {
		serve(t, func(w http.ResponseWriter, _ *http.Request) {
			wrapped := test.wrap(w)
			if got := nethttp.IsResponse(wrapped); got != test.is {
				t.Errorf("%s: IsResponse: %v", name, got)
			}
			if got := nethttp.CanHijack(wrapped); got != test.hijack {
				t.Errorf("%s: CanHijack: %v", name, got)
			}
			r := nethttp.FindResponse(wrapped)
			if !r.IsKnown() || (r.Writer == w) != test.unwraps {
				t.Errorf("%s: found %v, %T", name, r.IsKnown(), r.Writer)
				return
			}
			if r.WroteHeader() || !r.HasHeader(w.Header()) || r.HasHeader(http.Header{}) {
				t.Errorf("%s: the fields are wrong", name)
			}
			w.WriteHeader(http.StatusNoContent)
			if !r.WroteHeader() {
				t.Errorf("%s: the status was not noticed", name)
			}
		})
	}
	endless := &circular{}
	endless.self, endless.ResponseWriter = endless, endless
	for _, w := range []http.ResponseWriter{httptest.NewRecorder(), endless, keeps{}} {
		if r := nethttp.FindResponse(w); r.IsKnown() || r.Writer != nil {
			t.Errorf("found net/http's writer in %T", w)
		}
	}
}

// The buffers go only where net/http is the one that was asked for them.
func TestBuffers(t *testing.T) {
	for name, test := range map[string]struct {
		wrap  func(http.ResponseWriter) http.ResponseWriter
		drops bool
	}{
		"itself":      {func(w http.ResponseWriter) http.ResponseWriter { return w }, true},
		"with Unwrap": {func(w http.ResponseWriter) http.ResponseWriter { return unwraps{w} }, true},
		"with Hijack": {func(w http.ResponseWriter) http.ResponseWriter { return hijacks{unwraps{w}} }, false},
	} {
		serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w = test.wrap(w)
			nc, brw, err := nethttp.Hijack(w)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			defer nc.Close()
			if got, err := brw.Reader.Peek(6); string(got) != "behind" {
				t.Errorf("%s: %q, %v", name, got, err)
			}
			if got := nethttp.CopyBuffered(brw.Reader); string(got) != "behind" {
				t.Errorf("%s: a copy of %q", name, got)
			}
			nethttp.DropBuffers(w, brw)
			if dropped := brw.Reader.Size() == 0; dropped != test.drops {
				t.Errorf("%s: dropped: %v", name, dropped)
			}
		})
	}
	if got := nethttp.CopyBuffered(bufio.NewReader(strings.NewReader("unread"))); got != nil {
		t.Errorf("%q", got)
	}
}

func TestHeader(t *testing.T) {
	h := nethttp.Header{"Upgrade": {"websocket"}}
	if len(h.Values("Upgrade")) != 1 || h.Values("Connection") != nil {
		t.Error(h)
	}
}

// The body of a 101 leads to the connection, with what came behind the response. Another body
// is what it is.
func TestBeneath(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		nc, _, err := nethttp.Hijack(w)
		if err != nil {
			t.Error(err)
			return
		}
		defer nc.Close()
		_, _ = nc.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nbehind"))
		_, _ = nc.Read(make([]byte, 1))
	}))
	defer s.Close()
	resp, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	stream, buffered := nethttp.Beneath(resp.Body.(io.ReadWriteCloser))
	defer stream.Close()
	if _, ok := stream.(net.Conn); !ok {
		t.Errorf("%T, want a net.Conn", stream)
	}
	rest := make([]byte, len("behind")-len(buffered))
	if _, err := io.ReadFull(stream, rest); err != nil || string(buffered)+string(rest) != "behind" {
		t.Errorf("%q and %q, %v", buffered, rest, err)
	}
	other := struct{ io.ReadWriteCloser }{}
	if stream, buffered := nethttp.Beneath(other); stream != other || buffered != nil {
		t.Errorf("%T, %q", stream, buffered)
	}
}

// Bodies that bound a request are looked through, others are not.
func TestWholeBody(t *testing.T) {
	body := io.NopCloser(strings.NewReader("all of it"))
	if got := nethttp.WholeBody(http.MaxBytesReader(nil, http.MaxBytesReader(nil, body, 3), 5)); got != body {
		t.Errorf("%T", got)
	}
	for _, body := range []io.ReadCloser{nil, body, http.NoBody} {
		if got := nethttp.WholeBody(body); got != body {
			t.Errorf("%T: %T", body, got)
		}
	}
}
