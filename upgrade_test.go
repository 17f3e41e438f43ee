package websocket_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/handshake"
	"github.com/hawser-ws/websocket/internal/wsplay"
	"github.com/hawser-ws/websocket/wstest"
)

// What a handshake borrows has been in one bubble and goes to another, or to none:
// it may hold nothing that belongs to a bubble. OnRequest makes Upgrade work on a
// goroutine of its own.
func TestUpgradeInBubbleAfterBubble(t *testing.T) {
	const timeout = 10 * time.Second
	asked := 0
	opts := &websocket.AcceptOptions{
		Timeouts:  websocket.Timeouts{Handshake: timeout},
		OnRequest: func(*handshake.Request) error { asked++; return nil },
	}
	accepted := func() {
		a, b := wstest.NetPipe(1 << 10)
		defer b.Close()
		if _, err := b.Write([]byte(wsplay.UpgradeRequest)); err != nil {
			t.Fatal(err)
		}
		c, err := websocket.Upgrade(a, opts)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.CloseNow()
	}
	for range 10 {
		accepted()
		synctest.Test(t, func(t *testing.T) {
			accepted()
			a, b := wstest.NetPipe(0)
			defer b.Close()
			begin := time.Now()
			_, err := websocket.Upgrade(a, opts)
			if took := time.Since(begin); !errors.Is(err, os.ErrDeadlineExceeded) || took != timeout {
				t.Errorf("%v after %v", err, took)
			}
			accepted()
		})
	}
	if asked != 30 {
		t.Errorf("asked %d times", asked)
	}
}

// Every header line is there for OnRequest, also with what came before in mind.
func TestOnRequestSeesEveryLine(t *testing.T) {
	for _, cookie := range []string{"a=b", "", "c=d"} {
		a, b := wstest.NetPipe(1 << 10)
		request := wsplay.UpgradeRequest
		if cookie != "" {
			request = strings.Replace(request, "\r\n\r\n", "\r\nCookie: "+cookie+"\r\n\r\n", 1)
		}
		if _, err := io.WriteString(b, request); err != nil {
			t.Fatal(err)
		}
		got := ""
		c, err := websocket.Upgrade(a, &websocket.AcceptOptions{OnRequest: func(r *handshake.Request) error {
			got = strings.Clone(strings.Join(r.Values("cookie"), "; "))
			return nil
		}})
		if err != nil || got != cookie {
			t.Errorf("cookie %q, %v; want %q", got, err, cookie)
			continue
		}
		_ = c.CloseNow()
		b.Close()
		if c, err := websocket.Upgrade(newRequestPipe(t), nil); err != nil { // without its lines
			t.Error(err)
		} else {
			_ = c.CloseNow()
		}
	}
}

func newRequestPipe(t *testing.T) net.Conn {
	a, b := wstest.NetPipe(1 << 10)
	if _, err := io.WriteString(b, wsplay.UpgradeRequest); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return a
}
