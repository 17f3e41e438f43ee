//go:build unix

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a condition may take. It is far more than it does take
// on a machine that has other things to do.
const patience = 45 * time.Second

// A view is what a page shows, by the attributes that it keeps for its style
// sheet and for this test.
type view struct {
	State  string     `json:"state"`
	Self   string     `json:"self"`
	Reason string     `json:"reason"`
	Peers  []peerView `json:"peers"`
}

type peerView struct {
	ID            string `json:"id"`
	Presence      string `json:"presence"`
	Connection    string `json:"connection"`
	FramesDecoded int64  `json:"framesDecoded"`
	BytesReceived int64  `json:"bytesReceived"`
	BytesSent     int64  `json:"bytesSent"`
}

// look reads a view. The numbers of a peer are where the page likes to show them.
const look = `(() => {
	const number = (peer, name) => {
		const element = peer.hasAttribute(name) ? peer : peer.querySelector("[" + name + "]");
		return Number(element?.getAttribute(name) ?? 0);
	};
	const {state = "", self = "", reason = ""} = document.body?.dataset ?? {};
	return {state, self, reason, peers: [...document.querySelectorAll("article.peer")].map(peer => ({
		id: peer.dataset.peer ?? "",
		presence: peer.dataset.presence ?? "",
		connection: peer.dataset.connection ?? "",
		framesDecoded: number(peer, "data-frames-decoded"),
		bytesReceived: number(peer, "data-bytes-received"),
		bytesSent: number(peer, "data-bytes-sent"),
	}))};
})()`

// open loads a page.
func (b *chromium) open(t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	response, err := chromedp.Run(ctx, chromedp.NavigateResponse(url))
	if err != nil {
		t.Fatalf("%s opens %s: %v", b.name, url, err)
	}
	if response != nil && response.Status != http.StatusOK { // about:blank has none
		t.Fatalf("%s opens %s: %d %s", b.name, url, response.Status, response.StatusText)
	}
}

// await looks at the page until it is as wanted, and returns what it then shows.
func (b *chromium) await(t *testing.T, wanted string, ok func(view) bool) view {
	t.Helper()
	var v view
	if b.until(t, func() bool { v = evaluate[view](t, b, look); return ok(v) }) {
		return v
	}
	shown, _ := json.Marshal(v)
	t.Fatalf("%s's page is not %s; it shows %s", b.name, wanted, shown)
	panic("unreachable")
}

// until asks again and again, and says whether the answer was yes in the end.
func (b *chromium) until(t *testing.T, yes func() bool) bool {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if yes() {
			return true
		}
		select {
		case <-b.ctx.Done():
			t.Fatalf("%s's browser is gone: %v", b.name, context.Cause(b.ctx))
		case <-time.After(100 * time.Millisecond):
		}
	}
	return false
}

// in waits until the page is in a state, and looks like it.
func (b *chromium) in(t *testing.T, state string) view {
	t.Helper()
	v := b.await(t, "in the state "+state, func(v view) bool { return v.State == state })
	b.checkParts(t, state)
	return v
}

// inCallWith waits until the page is in a call with one peer, and no other.
func (b *chromium) inCallWith(t *testing.T, peer string) view {
	t.Helper()
	return b.await(t, "in a call with "+peer, func(v view) bool {
		return v.State == "call" && len(v.Peers) == 1 && v.Peers[0].ID == peer &&
			v.Peers[0].Presence == "present" && v.Peers[0].Connection == "connected"
	})
}

// parts are those of the page that are not there in every state, and when they are.
var parts = map[string][]string{
	"#lobby":      {"idle"},
	"#invitation": {"waiting"},
	"#ended":      {"ended"},
	"#stage":      {"connecting", "waiting", "call", "lost", "reconnecting"},
	"#controls":   {"connecting", "waiting", "call", "lost", "reconnecting"},
	"#chat":       {"call", "lost", "reconnecting"},
	"#trace":      {"connecting", "waiting", "call", "lost", "reconnecting", "ended"},
}

// checkParts says which parts can be seen that should not be in this state, and
// the other way round.
func (b *chromium) checkParts(t *testing.T, state string) {
	t.Helper()
	for part, states := range parts {
		want := slices.Contains(states, state)
		if seen := evaluate[bool](t, b, "document.querySelector('"+part+"').checkVisibility()"); seen != want {
			t.Errorf("%s's page in the state %s: that %s is to be seen is %v", b.name, state, part, seen)
		}
	}
}
