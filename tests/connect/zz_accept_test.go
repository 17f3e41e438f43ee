package connect_test

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/hawser-ws/websocket"
)

// Accept used as documented, under -race.
func TestZZAcceptRace(t *testing.T) {
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			typ, p, err := c.Read(context.Background())
			if err != nil {
				return
			}
			if c.Write(context.Background(), typ, p) != nil {
				return
			}
		}
	}))
	p := pool(t, &websocket.HTTP2Pool{PriorKnowledge: true})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				c, _, err := websocket.Dial(t.Context(), "ws://"+address+"/", &websocket.DialOptions{HTTP2: p})
				if err != nil {
					t.Error(err)
					return
				}
				_ = c.Close(1000, "")
			}
		})
	}
	wg.Wait()
}
