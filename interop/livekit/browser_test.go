package livekit

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "directory to which TestBrowsers writes pictures of the pages")

// Two pages with LiveKit's own client are in a call: they see, hear and write to each other.
// No page has to connect twice.
func TestBrowsers(t *testing.T) {
	onBoth(t, func(t *testing.T, program string) {
		ctx := patience(t)
		s := startServer(t, ctx, program)
		page := pages(t)
		browser := launch(t, ctx)
		ann, bob := open(t, browser, "ann", page), open(t, browser, "bob", page)

		ann.join(t, s)
		bob.join(t, s)
		ann.seen(t, "came", details{"who": "bob"})
		for _, b := range []*tab{ann, bob} {
			do[chromedp.Void](t, b, "publish")
		}
		ann.inCallWith(t, "bob")
		bob.inCallWith(t, "ann")

		do[chromedp.Void](t, ann, "send", "ahoy, bob")
		bob.seen(t, "data", details{"who": "ann", "topic": "chat", "text": "ahoy, bob"})
		do[chromedp.Void](t, bob, "send", "ahoy, ann ⚓")
		ann.seen(t, "data", details{"who": "bob", "topic": "chat", "text": "ahoy, ann ⚓"})

		// Muting travels by the signalling alone.
		do[chromedp.Void](t, ann, "mute", true)
		bob.seen(t, "muted", details{"who": "ann", "kind": "audio"})
		do[chromedp.Void](t, ann, "mute", false)
		bob.seen(t, "unmuted", details{"who": "ann", "kind": "audio"})
		ann.show(t, "call")
		bob.show(t, "call")

		do[chromedp.Void](t, bob, "leave")
		bob.seen(t, "disconnected", details{"reason": "CLIENT_INITIATED"})
		for _, kind := range []string{"audio", "video"} {
			ann.seen(t, "unsubscribed", details{"who": "bob", "kind": kind})
		}
		ann.seen(t, "left", details{"who": "bob"})
		ann.show(t, "alone")
		do[chromedp.Void](t, ann, "leave")

		ann.quiet(t)
		bob.quiet(t)
	})
}

// details are what an event of a page has to bear.
type details map[string]any

func (b *tab) join(t *testing.T, s *server) {
	t.Helper()
	do[chromedp.Void](t, b, "join", s.url, token(t, b.name, "harbour"))
}

func (b *tab) seen(t *testing.T, what string, d details) {
	t.Helper()
	do[chromedp.Void](t, b, "seen", what, d)
}

// inCallWith waits until the page shows moving pictures of somebody and plays their voice.
func (b *tab) inCallWith(t *testing.T, who string) {
	t.Helper()
	for _, kind := range []string{"audio", "video"} {
		b.seen(t, "published", details{"kind": kind})
		b.seen(t, "subscribed", details{"who": who, "kind": kind})
	}
	size := do[struct{ Width, Height int }](t, b, "watch", who)
	if size.Width == 0 || size.Height == 0 {
		t.Errorf("%s sees %s in %d × %d pixels", b.name, who, size.Width, size.Height)
	}
	do[chromedp.Void](t, b, "listen", who)
}

// quiet checks that the page needed one WebSocket, which ended as it should, and that nothing
// on it complained.
func (b *tab) quiet(t *testing.T) {
	t.Helper()
	for _, trouble := range b.troubles() {
		t.Errorf("%s's console: %s", b.name, trouble)
	}
	for _, event := range evaluate[[]struct{ What string }](t, b, "call.events") {
		switch event.What {
		case "reconnecting", "signal reconnecting", "reconnected", "subscription failed", "no device":
			t.Errorf("%s's page saw: %s", b.name, event.What)
		}
	}
	want := []socket{{Path: "/rtc/v1", State: "closed", Extensions: deflate, Code: 1000}}
	if got := evaluate[[]socket](t, b, "sockets"); !slices.Equal(got, want) {
		t.Errorf("%s's page has made the WebSockets %+v, want %+v", b.name, got, want)
	}
}

// A socket is what the page knows of a WebSocket. Code is that of the Close frame that came.
// wasClean is not among them: it is false if the page has bytes in its buffers, and the last
// message may still be there when the server closes.
type socket struct {
	Path, State, Extensions, Reason string
	Code                            int
	Error                           bool
}

// pages serves the page and LiveKit's client, and returns the address of the page.
func pages(t *testing.T) string {
	t.Helper()
	const client = "node_modules/livekit-client/dist/livekit-client.umd.js"
	if _, err := os.Stat(client); err != nil {
		t.Fatal("livekit-client is missing: run npm ci in interop/livekit")
	}
	mux := http.NewServeMux()
	for path, file := range map[string]string{
		"/{$}":                   "testdata/call.html",
		"/call.js":               "testdata/call.js",
		"/sockets.js":            "testdata/sockets.js",
		"/livekit-client.umd.js": client,
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
