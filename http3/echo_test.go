package http3_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
)

func TestEcho(t *testing.T) {
	eachWay(t, func(t *testing.T, wrap func(http.Handler) http.Handler) {
		url := serve(t, wrap(websocket.Handler(echo, nil)))
		c, resp := dialed(t, url+"/chat?x=1", nil)
		if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 3 || resp.TLS == nil {
			t.Errorf("%+v", resp)
		}
		for _, size := range []int{0, 1, 60, 64, 1200, 1201, 5000, 70000, 1 << 20} {
			say(t, c, strings.Repeat("x", size))
		}
		if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
			t.Fatal(err)
		}
	})
}
