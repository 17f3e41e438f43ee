package interop

import (
	"bytes"
	"context"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/hawser-ws/websocket"
)

// chi gives the context in which it keeps a request's route to the next request when
// the handler has returned. A served connection lives on: its context must not have it.
func TestChiContext(t *testing.T) {
	ctx := bounded(t)
	param := make(chan string)
	look := make(chan struct{})
	r := chi.NewRouter()
	r.Method("GET", "/rooms/{room}", websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		_ = chi.URLParamFromCtx(ctx, "room") // which the race detector would have a word on
		<-look
		param <- chi.URLParamFromCtx(ctx, "room")
		return nil
	}, nil))
	r.Method("GET", "/prepared/{room}", websocket.RequestHandler(func(r *http.Request) (websocket.ServeFunc, error) {
		room := chi.URLParam(r, "room")
		return func(ctx context.Context, c *websocket.Conn) error {
			<-look
			param <- room
			return nil
		}, nil
	}, nil))
	s := httptest.NewServer(r)
	defer s.Close()
	for path, want := range map[string]string{"/rooms/": "", "/prepared/": "private"} {
		c, _, err := websocket.Dial(ctx, s.URL+path+"private", nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 { // a sync.Pool may give out another one
			resp, err := http.Get(s.URL + path + "anything")
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
		look <- struct{}{}
		if got := <-param; got != want {
			t.Errorf("%s: the room is %q, want %q", path, got, want)
		}
		_ = c.CloseNow()
	}
}

// chi's logger sees the status 101, as it does with coder.
func TestChiLogger(t *testing.T) {
	ctx := bounded(t)
	var mu sync.Mutex
	var logged bytes.Buffer
	record := writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return logged.Write(p)
	})
	logs := middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(record, "", 0), NoColor: true})
	r := chi.NewRouter()
	r.Use(middleware.RequestID, logs, middleware.Recoverer, middleware.Compress(5, "text/plain"))
	r.Method("GET", "/echo", websocket.Handler(func(ctx context.Context, c *websocket.Conn) error {
		_, p, err := c.Read(ctx)
		if err == nil {
			err = c.Write(ctx, websocket.MessageText, p)
		}
		return err
	}, nil))
	answered := make(chan struct{}) // all of the handlers have returned, the logger among them
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		defer close(answered)
		r.ServeHTTP(w, req)
	}))
	s.Config.ErrorLog = log.New(record, "error log: ", 0)
	s.Start()
	c, resp, err := websocket.Dial(ctx, s.URL+"/echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("the response is %v", resp.Header)
	}
	if err := c.Write(ctx, websocket.MessageText, []byte("ahoy")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := c.Read(ctx); err != nil || string(p) != "ahoy" {
		t.Fatalf("%q, %v", p, err)
	}
	_ = c.Close(websocket.StatusNormalClosure, "")
	<-answered // nobody waits for the handler of a connection that was hijacked
	s.Close()
	mu.Lock()
	defer mu.Unlock()
	if got := logged.String(); !strings.Contains(got, "- 101 0B in") || strings.Contains(got, "error log") {
		t.Errorf("logged %q", got)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
