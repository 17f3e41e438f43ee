package interop

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
)

const (
	// bombSize is what a message on /bomb decompresses to; compressed it is below
	// the limit.
	bombSize  = 32 << 20
	bombLimit = 64 << 10
)

// The limit of a message alone: a frame may be larger, so that it cannot be the
// compressed size that is refused.
var bombLimits = websocket.Limits{Message: bombLimit, Frame: bombSize}

// A message of a few kilobytes that decompresses to 32 MiB is refused with 1009 when
// the limit is passed.
func TestDeflateBomb(t *testing.T) {
	var anything handshake.Deflate
	accept := func(w http.ResponseWriter, r *http.Request) (*ourSide, error) {
		return acceptDeflating(w, r, anything, bombLimits)
	}
	for _, peer := range []echoer{deflatingNode, deflatingPython, deflatingGWS} {
		t.Run(peer.name+"/client", func(t *testing.T) {
			t.Parallel()
			ctx := deflateBound(t)
			url, next := arrival(t, ctx, "/bomb", accept)
			report := peer.dial(t, ctx, url, anything)
			defuse(t, ctx, next(), report)
		})
		t.Run(peer.name+"/server", func(t *testing.T) {
			t.Parallel()
			ctx := deflateBound(t)
			url, report := peer.serve(t, ctx, anything)
			o, _, err := dialDeflating(ctx, url+"/bomb", anything, bombLimits)
			if err != nil {
				t.Fatalf("no handshake: %v", err)
			}
			defuse(t, ctx, o, report)
		})
	}
	t.Run("chromium", func(t *testing.T) {
		t.Parallel()
		ctx := deflateBound(t)
		page, ends := newDeflatePage(t), make(chan *ourSide, 1)
		page.mux.HandleFunc("/bomb", func(w http.ResponseWriter, r *http.Request) {
			if o, err := accept(w, r); err != nil {
				t.Error(err)
			} else {
				ends <- o
			}
		})
		page.browse(ctx, []string{"/bomb"})
		defuse(t, ctx, connected(t, ctx, ends), func() told { return page.report(ctx) })
	})
}

func defuse(t *testing.T, ctx context.Context, o *ourSide, report func() told) {
	t.Helper()
	t.Cleanup(o.drop)
	_, data, err := o.c.Read(ctx)
	if over, ok := errors.AsType[*websocket.LimitError](err); !ok {
		t.Fatalf("our end read %d bytes of a bomb, and %v", len(data), err)
	} else if over.Limit != bombLimit {
		t.Errorf("our end refused it with %v, want a limit of %d", over, bombLimit)
	}
	if _, arrived := o.wires(); len(arrived) != 1 || !arrived[0].compressed {
		t.Errorf("on the wire the bomb was %v, want one compressed message", arrived)
	}
	if got := report(); got.Code != int(websocket.StatusMessageTooBig) {
		t.Errorf("the peer saw %v (%s), want 1009", got.verdict, got.Error)
	}
}
