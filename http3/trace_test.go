package http3_test

import (
	"fmt"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/http3"
)

// The hooks of httptrace see a request as they do over HTTP/1.1.
func TestTrace(t *testing.T) {
	url := serve(t, websocket.Handler(echo, nil))
	addr := strings.TrimPrefix(url, "wss://")
	var said []string
	say := func(what ...any) { said = append(said, fmt.Sprint(what...)) }
	ctx := httptrace.WithClientTrace(within(t), &httptrace.ClientTrace{
		GetConn:              func(addr string) { say("get ", addr) },
		GotConn:              func(info httptrace.GotConnInfo) { say("got ", info.Reused) },
		WroteHeaderField:     func(name string, values []string) { say(name, " ", strings.Join(values, ",")) },
		WroteHeaders:         func() { say("headers") },
		WroteRequest:         func(info httptrace.WroteRequestInfo) { say("request ", info.Err) },
		GotFirstResponseByte: func() { say("byte") },
	})
	pool := &http3.Pool{}
	defer pool.Close()
	const request = ":method CONNECT, :protocol websocket, :scheme https, :authority ADDR, :path /chat, sec-websocket-version 13, user-agent hawser-websocket, headers, request <nil>, byte"
	for _, reused := range []bool{false, true} {
		said = nil
		c, _, err := websocket.Dial(ctx, url+"/chat", &websocket.DialOptions{TLSConfig: trusting(), HTTP3: pool})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
		want := strings.ReplaceAll(fmt.Sprintf("get ADDR, got %v, %s", reused, request), "ADDR", addr)
		if got := strings.Join(said, ", "); got != want {
			t.Errorf("the hooks say\n%s\nand not\n%s", got, want)
		}
	}
}
