package wsjson_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	websocket "github.com/hawser-ws/websocket/coder"
	"github.com/hawser-ws/websocket/coder/wsjson"
)

// Values come back as they were sent, whatever their size. A value that cannot be encoded and a
// message that is no JSON are errors, and the message closes the connection.
func TestRoundTrip(t *testing.T) {
	served := make(chan error, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			served <- err
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20)
		for err == nil {
			var v any
			if err = wsjson.Read(t.Context(), c, &v); err == nil {
				err = wsjson.Write(t.Context(), c, v)
			}
		}
		served <- err
	}))
	defer s.Close()
	c, _, err := websocket.Dial(t.Context(), s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 20)
	for _, want := range []string{"", "short", strings.Repeat("long", 50_000), "short again"} {
		if err := wsjson.Write(t.Context(), c, want); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := wsjson.Read(t.Context(), c, &got); got != want || err != nil {
			t.Errorf("%d bytes for %d, %v", len(got), len(want), err)
		}
	}
	if err := wsjson.Write(t.Context(), c, func() {}); err == nil || !strings.HasPrefix(err.Error(), "failed to write JSON message: failed to marshal JSON: ") {
		t.Error(err)
	}
	if err := c.Write(t.Context(), websocket.MessageText, []byte("{")); err != nil {
		t.Error(err)
	}
	err = wsjson.Read(t.Context(), c, new(any))
	if got, ok := errors.AsType[websocket.CloseError](err); !ok || got.Code != websocket.StatusInvalidFramePayloadData {
		t.Error(err)
	}
	if err := <-served; err == nil || !strings.HasPrefix(err.Error(), "failed to read JSON message: failed to unmarshal JSON: ") {
		t.Error(err)
	}
}
