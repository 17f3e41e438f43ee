package servers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/bench/raw"
	"github.com/hawser-ws/websocket/handshake"
)

// What our server has told the client in the handshake is what it acts upon.
func TestHawserAgreement(t *testing.T) {
	for _, mode := range []Mode{None, NoTakeover, Takeover} {
		for _, bits := range []int{15, 12, 9, 8} {
			s := Settings{Mode: mode, Bits: bits}
			t.Run(fmt.Sprint(mode, bits), func(t *testing.T) {
				// The answer is longer than any threshold for compression, and told
				// without it.
				tell := func(ctx context.Context, c *websocket.Conn) error {
					terms, ok := c.Compression()
					p, err := json.Marshal(toRaw(terms, ok))
					if err != nil {
						return err
					}
					return c.Write(ctx, websocket.MessageText, p)
				}
				opts := hawserOptions(s)
				opts.CompressionThreshold = 1 << 20
				server := httptest.NewServer(websocket.Handler(tell, opts))
				defer server.Close()
				c, err := raw.Dial(t.Context(), strings.TrimPrefix(server.URL, "http://"), s.Terms())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Drop()
				m, err := c.Receive(true)
				if err != nil || m.Compressed {
					t.Fatalf("%+v, %v", m, err)
				}
				told, err := json.Marshal(c.Terms)
				if err != nil || !bytes.Equal(m.Payload, told) {
					t.Errorf("the server acts upon %s, and told the client %s", m.Payload, told)
				}
				t.Logf("asked for %v, agreed on %v", s.Terms(), c.Terms)
			})
		}
	}
}

func toRaw(terms handshake.Deflate, ok bool) raw.Terms {
	if !ok {
		return raw.Terms{}
	}
	side := func(s handshake.DeflateSide) raw.Side {
		if s.MaxWindowBits == 0 {
			s.MaxWindowBits = 15
		}
		return raw.Side{NoTakeover: s.NoContextTakeover, Bits: s.MaxWindowBits}
	}
	return raw.Terms{Deflate: true, Server: side(terms.Server), Client: side(terms.Client)}
}
