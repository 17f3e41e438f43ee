package livekit

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/examples/livekit/rtc"
)

const (
	apiKey    = "interop"
	apiSecret = "a secret for tests has to have 32 characters"
)

// server is a LiveKit server that runs.
type server struct {
	*process
	url  string // ws://127.0.0.1:PORT
	addr string
}

// startServer starts one of the two on ports of the kernel's choice.
func startServer(t *testing.T, ctx context.Context, program string) *server {
	t.Helper()
	// A port that was free may be taken by somebody else before the server has it.
	for range 5 {
		if s := tryServer(t, ctx, program, ports{tcp: freePort(t, "tcp"), udp: freePort(t, "udp")}); s != nil {
			return s
		}
	}
	t.Fatal("no port is free for long enough")
	return nil
}

type ports struct{ tcp, udp int }

// tryServer starts one on these ports. It returns nil if the server could not have them.
func tryServer(t *testing.T, ctx context.Context, program string, at ports) *server {
	t.Helper()
	config := filepath.Join(t.TempDir(), "livekit.yaml")
	// The STUN server is none: those by default are on the Internet.
	text := fmt.Sprintf(`
port: %d
bind_addresses: [127.0.0.1]
rtc:
  udp_port: %d
  tcp_port: 0
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  stun_servers: ["127.0.0.1:9"]
logging:
  level: info
keys:
  %s: %s
`, at.tcp, at.udp, apiKey, apiSecret)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", at.tcp)
	s := &server{process: start(t, program, "--dev", "--config", config), url: "ws://" + addr, addr: addr}
	// A transport of its own: what it keeps open would be found by goleak.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return s
			}
		}
		select {
		case <-s.done:
			if strings.Contains(s.printed(), "address already in use") {
				return nil
			}
			t.Fatalf("the server does not start:\n%s", s.printed())
		case <-ctx.Done():
			t.Fatalf("the server is not ready: %v", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func freePort(t *testing.T, network string) int {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).Port
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// stop is what an operator does who does not wait for everybody to go: SIGTERM says
// that the server shall end when the rooms are empty, and a second one that it shall now.
func (s *server) stop(ctx context.Context) {
	s.t.Helper()
	for _, force := range []string{`"force": false`, `"force": true`} {
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			s.t.Fatal(err)
		}
		s.await(ctx, "exit requested", force)
	}
	s.exit(ctx, 0)
}

// kill is what a machine does that fails.
func (s *server) kill(ctx context.Context) {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	s.exit(ctx, -1)
}

// join runs examples/livekit as a participant.
func (s *server) join(t *testing.T, identity string, flags ...string) *process {
	t.Helper()
	args := []string{"-url", s.url, "-api-key", apiKey, "-api-secret", apiSecret, "-room", "demo", "-identity", identity}
	return start(t, livekitExample, append(args, flags...)...)
}

func token(t *testing.T, identity, room string) string {
	t.Helper()
	token, err := rtc.Grant{Key: apiKey, Secret: apiSecret, Room: room, Identity: identity}.Token()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
