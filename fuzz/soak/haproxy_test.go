//go:build linux

package soak

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

// haproxy speaks HTTP/1.1 and, on a port of its own, HTTP/2 with clients, and HTTP/2 with the
// servers, whose streams share connections as it likes.
const haproxyConfig = `
global
	maxconn 4000
defaults
	mode http
	timeout connect 1m
	timeout client 10m
	timeout server 10m
	timeout tunnel 10m
frontend http1
	bind %s
	default_backend patient
frontend http2
	bind %s proto h2
	default_backend patient
backend patient
	server ours %s proto h2 ws h2
`

// haproxy is a network that fails nobody.
type haproxy struct {
	run   *run
	ports [2]string // HTTP/1.1, HTTP/2
	pools [8]websocket.HTTP2Pool
	stop  func()
}

// TestHAProxy has links on streams whose other half is behind haproxy. Where it must not be left
// out, HAWSER_HAPROXY=must has it fail without the program.
func TestHAProxy(t *testing.T) {
	program, err := exec.LookPath("haproxy")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/haproxy")
	}
	if err != nil {
		if os.Getenv("HAWSER_HAPROXY") == "must" {
			t.Fatal("apt-get install haproxy: ", err)
		}
		t.Skip("haproxy is missing: ", err)
	}
	slots, length := 200, 6*time.Second
	if *soakFlag > 0 {
		slots, length = *connsFlag/2, *soakFlag/5
	}
	r := newRun(t, slots)
	r.fronts = streamFronts
	r.test(length, func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") },
		func() (network, error) { return startHAProxy(t, r, program) })
}

// startHAProxy starts the program. It says when it has begun to listen.
func startHAProxy(t *testing.T, r *run, program string) (*haproxy, error) {
	h := &haproxy{run: r}
	for i := range h.ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		h.ports[i] = l.Addr().String()
		_ = l.Close()
	}
	for i := range h.pools {
		h.pools[i].PriorKnowledge, h.pools[i].Require = true, true
	}
	config := filepath.Join(t.TempDir(), "haproxy.conf")
	text := fmt.Sprintf(haproxyConfig, h.ports[0], h.ports[1], r.servers.streams[0].Addr())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "-W", "-f", config)
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.Contains(lines.Text(), "Loading success") {
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for lines.Scan() {
		}
	}()
	h.stop = func() {
		// Its worker ignores SIGINT where a shell has started the test in the background.
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-drained
		_ = cmd.Wait()
	}
	return h, nil
}

// dial goes over HTTP/1.1, or by one of several connections of HTTP/2.
func (h *haproxy) dial(ctx context.Context, l *link) (*websocket.Conn, error) {
	port, pool := h.ports[0], (*websocket.HTTP2Pool)(nil)
	if l.id%2 == 0 {
		port, pool = h.ports[1], &h.pools[l.id/2%uint32(len(h.pools))]
	}
	return h.run.connect(ctx, l, pool, func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", port)
	})
}

func (h *haproxy) drop(*link) {}

// settle also ends haproxy, which keeps its connections to servers.
func (h *haproxy) settle() {
	for i := range h.pools {
		h.pools[i].Close()
	}
	h.stop()
}

func (h *haproxy) close() {}
