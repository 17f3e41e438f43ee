package servers_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/bench/load"
	"github.com/hawser-ws/websocket/bench/raw"
	"github.com/hawser-ws/websocket/bench/servers"
	"github.com/hawser-ws/websocket/bench/traffic"
)

// Every server echoes in every mode, and what it compresses is right for the terms
// that it agreed on.
func TestEcho(t *testing.T) {
	for _, name := range servers.Names() {
		for _, s := range []servers.Settings{
			{Mode: servers.None, Bits: 15},
			{Mode: servers.NoTakeover, Bits: 15},
			{Mode: servers.Takeover, Bits: 15},
			{Mode: servers.NoTakeover, Bits: 10, Level: 3},
			{Mode: servers.Takeover, Bits: 10},
		} {
			for _, size := range []int{1 << 10, 64 << 10} {
				t.Run(fmt.Sprintf("%s/%s/%d/%d", name, s.Mode, s.Bits, size), func(t *testing.T) {
					t.Parallel()
					echo(t, name, s, size)
				})
			}
		}
	}
}

func echo(t *testing.T, name string, s servers.Settings, size int) {
	l := open(t, name, s)
	t.Logf("asked for %v, agreed on %v", s.Terms(), l.Terms)
	if l.Terms.Deflate && s.Mode == servers.None {
		t.Error("compression that nobody asked for")
	}
	different := max(2, 2*traffic.Window/size)
	l.Say(script(t, different, size, l.Terms))
	n, err := l.Run(load.Plan{Each: different * 5 / 2, Check: 1, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if n.Messages != different*5/2*2 || n.Checked != n.Messages {
		t.Errorf("%d answers came and %d were checked", n.Messages, n.Checked)
	}
	switch {
	case !l.Terms.Deflate && (n.Compressed > 0 || n.Received < int64(n.Messages*size)):
		t.Errorf("without compression %d answers are compressed, and all have %d bytes", n.Compressed, n.Received)
	case l.Terms.Deflate && (n.Compressed < n.Messages || n.Received > int64(n.Messages*size*3/4)):
		t.Errorf("%d of %d answers are compressed, to %d bytes", n.Compressed, n.Messages, n.Received)
	}
}

// open starts a server and connects twice.
func open(t *testing.T, name string, s servers.Settings) *load.Load {
	t.Helper()
	lib, err := servers.Get(name)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- lib.Echo(listener, s) }()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
	})
	l, err := load.Open(t.Context(), listener.Addr().String(), 2, s.Terms())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Drop)
	return l
}

// A load notices a server whose answers are not what was sent.
func TestLoadNotices(t *testing.T) {
	l := open(t, "gws", servers.Settings{Mode: servers.None, Bits: 15})
	l.Say(script(t, 64, 1<<10, l.Terms))
	if _, err := l.Run(load.Plan{Each: 3, Check: 1, Timeout: 5 * time.Second}); err != nil {
		t.Fatal(err)
	}
	l.Say(script(t, 64, 1<<10, raw.Terms{Deflate: true, Server: raw.Side{Bits: 15}, Client: raw.Side{Bits: 15}}))
	if n, err := l.Run(load.Plan{Each: 1, Check: 1, Timeout: 5 * time.Second}); err == nil {
		t.Errorf("compressed messages without an agreement: %+v", n)
	}
}

func script(t *testing.T, different, size int, terms raw.Terms) *traffic.Script {
	t.Helper()
	s, err := traffic.NewScript(traffic.Records(different, size), terms)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
