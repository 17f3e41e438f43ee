package interop

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket"
)

// ending is how one connection to a server ended.
type ending struct {
	received []message // at most the first 16
	err      error     // of reading
	closeErr error     // of close, where the server begins the closing handshake
}

// server serves, with one party, the paths of the conversation: /echo,
// /fragments, /ping, /close?code=…&reason=… and /terminate. The last two do
// what they say after the first message. /sockets echoes until it is told to close.
type server struct {
	*httptest.Server
	mux *http.ServeMux

	mu      sync.Mutex
	endings map[string]chan ending
}

type acceptFunc func(context.Context, http.ResponseWriter, *http.Request) (party, error)

func serve(t *testing.T, ctx context.Context, accept acceptFunc) *server {
	t.Helper()
	s := &server{mux: http.NewServeMux(), endings: map[string]chan ending{}}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		var e ending
		p, err := accept(ctx, w, r)
		if err != nil {
			e.err = fmt.Errorf("no handshake: %w", err)
		} else {
			e = answer(ctx, p, r.URL)
			p.drop()
		}
		s.ended(r.URL, e)
	})
	s.Server = httptest.NewUnstartedServer(s.mux)
	s.Config.Protocols = new(http.Protocols) // in the clear, for proxies that speak HTTP/2 to it
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// serveHTTP2 is serve over TLS, on which a browser chooses HTTP/2.
func serveHTTP2(t *testing.T, ctx context.Context, accept acceptFunc) *server {
	t.Helper()
	s := serve(t, ctx, accept)
	plain := s.Server
	s.Server = httptest.NewUnstartedServer(s.mux)
	plain.Close()
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// ws returns the address of the server as clients dial it.
func (s *server) ws() string { return "ws" + strings.TrimPrefix(s.URL, "http") }

func (s *server) endingsOf(name string) chan ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.endings[name] == nil {
		s.endings[name] = make(chan ending, 256)
	}
	return s.endings[name]
}

// ended keeps how a connection to u ended.
func (s *server) ended(u *url.URL, e ending) {
	name := strings.TrimPrefix(u.Path, "/")
	if as := u.Query().Get("as"); as != "" {
		name = as
	}
	select {
	case s.endingsOf(name) <- e:
	default: // nobody asks for this one
	}
}

// ending waits for the next ended connection of that name: its path, or the
// query parameter "as".
func (s *server) ending(t *testing.T, ctx context.Context, name string) ending {
	t.Helper()
	select {
	case e := <-s.endingsOf(name):
		return e
	case <-ctx.Done():
		t.Fatalf("our server has not seen the end of %s: %v", name, ctx.Err())
		return ending{}
	}
}

// answer is one connection of the server.
func answer(ctx context.Context, p party, u *url.URL) (e ending) {
	in := p.arrivals()
	defer func() {
		if err := in.ending(ctx); e.err == nil {
			e.err = err
		}
	}()
	for {
		m, err := in.next(ctx)
		if err != nil {
			return e
		}
		if len(e.received) < 16 {
			e.received = append(e.received, m)
		}
		switch u.Path {
		case "/echo":
			err = p.send(m.kind, m.data)
		case "/fragments":
			err = p.send(m.kind, thirds(m.data)...)
		case "/ping":
			if err = p.ping(); err == nil {
				err = p.send(websocket.MessageText, []byte("ponged"))
			}
		case "/close":
			code, _ := strconv.Atoi(u.Query().Get("code"))
			e.closeErr = p.close(code, u.Query().Get("reason"))
			return e
		case "/sockets":
			if string(m.data) == "close me" {
				e.closeErr = p.close(4002, "bye from the server")
				return e
			}
			err = p.send(m.kind, m.data)
		case "/terminate":
			p.drop()
			return e
		}
		if err != nil {
			e.err = fmt.Errorf("answering %v: %w", m, err)
			return e
		}
	}
}
