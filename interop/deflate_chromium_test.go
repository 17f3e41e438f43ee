package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/hawser-ws/websocket/handshake"
	"github.com/lxzan/gws"
)

// deflatePage is a server of the page that echoes. The browser goes from path to path.
type deflatePage struct {
	t    *testing.T
	mux  *http.ServeMux
	base string
	saw  chan told
}

func newDeflatePage(t *testing.T) *deflatePage {
	t.Helper()
	s := &deflatePage{t: t, mux: http.NewServeMux(), saw: make(chan told, 64)}
	s.mux.HandleFunc("GET /deflate.html", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, "testdata/deflate.html")
	})
	s.mux.HandleFunc("POST /saw", func(w http.ResponseWriter, r *http.Request) {
		var got told
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			got.Error = err.Error()
		}
		s.saw <- got
	})
	server := httptest.NewServer(s.mux)
	t.Cleanup(server.Close)
	s.base = server.URL
	return s
}

// browse sends the browser to these paths.
func (s *deflatePage) browse(ctx context.Context, paths []string) {
	s.t.Helper()
	browse(s.t, ctx, s.base+"/deflate.html?"+url.Values{"path": paths}.Encode())
}

// report returns what the page has to tell of the next connection.
func (s *deflatePage) report(ctx context.Context) told {
	select {
	case got := <-s.saw:
		return got
	case <-ctx.Done():
		return told{Error: "the page has not reported: " + ctx.Err().Error()}
	}
}

// connected waits for the connection of a path.
func connected[T any](t *testing.T, ctx context.Context, ends <-chan T) T {
	t.Helper()
	select {
	case end := <-ends:
		return end
	case <-ctx.Done():
		t.Fatal("the page has not connected: ", ctx.Err())
		panic("unreachable")
	}
}

func TestDeflateChromium(t *testing.T) {
	t.Parallel()
	ctx := deflateBound(t)
	page := newDeflatePage(t)

	// First without us.
	paths, g := []string{"/gws"}, make(chan *gwsTalker, 1)
	page.mux.HandleFunc("/gws", func(w http.ResponseWriter, r *http.Request) {
		end := newGWSTalker()
		c, err := gws.NewUpgrader(end, gwsServer(handshake.Deflate{})).Upgrade(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		end.run(c)
		g <- end
	})

	// What a browser asks for is nothing.
	configurations := []deflating{
		{},
		weAsk(side(15, true), side(9, true)),
		weAsk(side(12, false), side(10, true)),
		weAsk(side(10, true), side(12, false)),
		weAsk(side(9, false), side(15, false)),
	}
	ends := map[string]chan *ourSide{}
	for i, d := range configurations {
		path := fmt.Sprint("/", i)
		paths = append(paths, path)
		ends[path] = make(chan *ourSide, 1)
		page.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			o, err := acceptDeflating(w, r, d.ours, noLimits)
			if err != nil {
				t.Error(err)
				return
			}
			ends[path] <- o
		})
	}

	page.browse(ctx, paths)
	t.Run("gws", func(t *testing.T) {
		end := connected(t, ctx, g)
		t.Cleanup(end.drop)
		exchange(t, ctx, end)
		end.drop()
		if got := page.report(ctx); got.Messages != *messages {
			t.Errorf("the page received %d messages, want %d", got.Messages, *messages)
		}
	})
	for i, d := range configurations {
		t.Run(d.String(), func(t *testing.T) {
			o := connected(t, ctx, ends[paths[i+1]])
			converseDeflating(t, ctx, o, d, habits{}, func() told { return page.report(ctx) })
		})
	}
}
