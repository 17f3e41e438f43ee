package interop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// buildTool builds the command ws. It finds the library by go.work: its go.mod may have no
// replace directive.
func buildTool(t *testing.T, ctx context.Context) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "ws")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	cmd.Dir = "../cmd/ws"
	cmd.Env = append(os.Environ(), "GOWORK=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// The page of ws serve opens its WebSockets on the connection that it came over.
func TestToolPage(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	program := buildTool(t, ctx)
	t.Run("HTTP/2", func(t *testing.T) {
		server, page, _ := serveTool(t, ctx, program, "-http2")
		browse(t, ctx, page+"?sockets=5&say=ahoy")
		wantSockets(t, ctx, server, "HTTP/2")
	})
	// As cmd/ws/README.md says.
	t.Run("HTTP/3", func(t *testing.T) {
		server, page, hash := serveTool(t, ctx, program, "-http2", "-http3")
		profile, err := os.MkdirTemp("", "interop-chromium-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(profile) })
		origin := strings.TrimSuffix(strings.TrimPrefix(page, "https://"), "/")
		start(t, ctx, "chromium", "chromium",
			"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
			"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+profile,
			"--enable-features=EnableWebsocketsOverHttp3", "--origin-to-force-quic-on="+origin, "--ignore-certificate-errors-spki-list="+hash,
			page+"?sockets=5&say=ahoy")
		wantSockets(t, ctx, server, "HTTP/3")
	})
}

// serveTool runs ws serve with a certificate of its own. page is the address for browsers, hash
// that of the certificate's key.
func serveTool(t *testing.T, ctx context.Context, program string, args ...string) (server *process, page, hash string) {
	t.Helper()
	server = start(t, ctx, "", program, append([]string{"serve", "-tls", "-v", "-listen", "127.0.0.1:0"}, args...)...)
	_, page, _ = strings.Cut(server.await(ctx, "a page for browsers is at "), " at ")
	_, hash, _ = strings.Cut(server.await(ctx, "SHA-256"), "of its key: ")
	return server, page, hash
}

// wantSockets waits for the five WebSockets of a page to end well.
func wantSockets(t *testing.T, ctx context.Context, server *process, over string) {
	t.Helper()
	ended := regexp.MustCompile(`msg=ended socket=\d+ over=` + over + ` peer=(\S+) how="websocket: closed by the peer: 1000"`)
	peers := map[string]bool{}
	for range 5 {
		line := server.await(ctx, "msg=ended")
		found := ended.FindStringSubmatch(line)
		if found == nil {
			t.Fatalf("a WebSocket of the page has ended badly, or not over %s: %s", over, line)
		}
		peers[found[1]] = true
	}
	if len(peers) != 1 {
		t.Errorf("the WebSockets came over %d connections: %v", len(peers), peers)
	}
}
