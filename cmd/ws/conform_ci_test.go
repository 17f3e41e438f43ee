package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/autobahn"
)

// replying is a server that answers a message with what reply returns; an empty text is silence.
func replying(t *testing.T, greeting string, reply func(kind websocket.MessageType, text string) string) (url string) {
	return serveWith(t, func(ctx context.Context, c *websocket.Conn) error {
		if greeting != "" {
			if err := c.Write(ctx, websocket.MessageText, []byte(greeting)); err != nil {
				return err
			}
		}
		for msg, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if text := reply(msg.Type, string(msg.Data)); text != "" {
				if err := c.Write(ctx, msg.Type, []byte(text)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// A server that does not echo is told so once, and what came instead.
func TestConformDeaf(t *testing.T) {
	t.Parallel()
	same := func(_ websocket.MessageType, text string) string { return text }
	for name, row := range map[string]struct {
		url  string
		came string
	}{
		"a greeting":  {replying(t, "welcome!", same), `came      message "welcome!"`},
		"no answer":   {replying(t, "", func(websocket.MessageType, string) string { return "" }), "came      no message"},
		"something":   {replying(t, "", func(websocket.MessageType, string) string { return `{"error":1}` }), `came      message "{\"error\":1}"`},
		"a Close":     {serveWith(t, func(_ context.Context, c *websocket.Conn) error { return c.Close(4001, "no room") }), `came      no message, then Close 4001 "no room"`},
		"a bad start": {serving(t, badUpgrade()), `the 101 has Sec-WebSocket-Accept "nonsense"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := ws(t, "", "conform", "-server", "it="+row.url, "-timeout", "300ms")
			e.want(t, "", "ws conform: it: ", exitUsage)
			has(t, e.stderr, row.came)
			if n := strings.Count(e.stderr, "came      "); n > 1 {
				t.Errorf("told %d times: %s", n, e.stderr)
			}
		})
	}
}

// badUpgrade answers every request with an invalid Sec-WebSocket-Accept.
func badUpgrade() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: nonsense\r\n\r\n"))
	})
}

// One that echoes only text is judged, and told what to expect.
func TestConformTextOnly(t *testing.T) {
	t.Parallel()
	url := replying(t, "", func(kind websocket.MessageType, text string) string {
		if kind == websocket.MessageBinary {
			return "what?"
		}
		return text
	})
	e := ws(t, "", "conform", "-server", url, "-cases", "1.1.2")
	e.want(t, e.stdout, `it echoes text messages, but not binary ones: binary message "what?"; the cases with binary messages will fail`, exitFine)
}

// What a server asks of its clients can be given.
func TestConformRequest(t *testing.T) {
	t.Parallel()
	echo := websocket.Handler(autobahn.Echo, &websocket.AcceptOptions{Subprotocols: []string{"chat"}, OriginPatterns: []string{"app.example"}})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer x" || r.Header.Get("Origin") == "" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		echo.ServeHTTP(w, r)
	}))
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ca, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"conform", "-server", strings.Replace(s.URL, "https:", "wss:", 1), "-cases", "1.1.*,20.2.*", "-ca", ca, "-origin", "https://app.example"}
	ws(t, "", append(args, "-subprotocol", "chat")...).want(t, "", "401", exitUsage)
	args = append(args, "-H", "Authorization: Bearer x")
	e := ws(t, "", append(args, "-subprotocol", "chat")...)
	if strings.Contains(e.stderr, "selects none") || e.code != exitFine {
		t.Errorf("%+v", e)
	}
	e = ws(t, "", append(args, "-subprotocol", "talk,more")...)
	e.want(t, e.stdout, "it selects none of the subprotocols talk,more", exitFine)
}

// Where there is no terminal a line comes every few seconds, and none after the end.
func TestProgressLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		p := newProgress(file, false)
		p.begin("mine as a server", 9)
		for _, r := range append(played(autobahn.OK, autobahn.OK, "1.1.1", "1.1.2"), played(autobahn.Failed, autobahn.OK, "1.1.3")...) {
			time.Sleep(3 * time.Second)
			p.result(r)
		}
		time.Sleep(2 * time.Second)
		p.end(nil)
		time.Sleep(time.Minute)
		p.client(&autobahn.Result{Agent: "a", ID: "1.1.1", Behavior: autobahn.OK, BehaviorClose: autobahn.OK}, 4)
		time.Sleep(6 * time.Second)
		p.left("a")
		time.Sleep(time.Minute)
		newProgress(file, true).begin("quiet", 9)
		time.Sleep(time.Minute)
		log, err := os.ReadFile(file.Name())
		if err != nil {
			t.Fatal(err)
		}
		const want = `mine as a server: 9 cases
mine as a server: 1 of 9 cases after 5s
mine as a server: 3 of 9 cases after 10s, 1 not OK
a as a client: 4 cases
a as a client: 1 of 4 cases after 5s
`
		if string(log) != want {
			t.Errorf("%s\nwant\n%s", log, want)
		}
	})
}

// From the first baseline to one that is out of date.
func TestConformBaseline(t *testing.T) {
	t.Parallel()
	dir, bad, good := t.TempDir(), corrupting(t), serving(t, autobahn.EchoHandler(nil))
	known := filepath.Join(dir, "ci", "known.txt")
	run := func(url string, args ...string) ended {
		t.Helper()
		return ws(t, "", append([]string{"conform", "-server", "mine=" + url, "-annotate=false", "-cases", "2.1,6.2.1,6.2.2"}, args...)...)
	}
	e := run(bad, "-write-baseline", known, "-junit", filepath.Join(dir, "first.xml"))
	e.want(t, e.stdout, known+" has 2 known failures: 2 added, 0 changed, 0 removed", exitFine)
	has(t, e.stdout, "  6.2.1    A text message")
	e = run(bad, "-baseline", known)
	has(t, e.stdout, "mine as a server: known failures: 6.2.1, 6.2.2")
	if e.code != exitFine || strings.Contains(e.stdout, "expected") {
		t.Errorf("%+v", e)
	}
	e = run(good, "-baseline", known)
	e.want(t, e.stdout, "so the baseline is out of date\n"+known+":", exitFailed)
	has(t, e.stderr, "to write the file anew: ws conform -server mine="+good, "-write-baseline "+known)
	e = run(good, "-baseline", known, "-exclude", "6.2.1,6.2.2") // which says nothing of them
	e.want(t, e.stdout, "1 of 1", exitFine)
	e = run(good, "-write-baseline", known)
	e.want(t, e.stdout, "has 0 known failures: 0 added, 0 changed, 2 removed", exitFine)
	e = run(bad, "-baseline", known, "-json")
	if out := parsed(t, e)["servers"]["mine"]; e.code != exitFailed || strings.Join(out.New, " ") != "6.2.1 6.2.2" || out.Mended == nil {
		t.Errorf("%+v", e)
	}
}

// A server that has just started may be late with its first answers.
func TestConformLateAtFirst(t *testing.T) {
	t.Parallel()
	var messages atomic.Int32
	url := replying(t, "", func(_ websocket.MessageType, text string) string {
		if messages.Add(1) <= 2 {
			return ""
		}
		return text
	})
	if e := ws(t, "", "conform", "-server", "it="+url, "-cases", "1.1.2", "-timeout", "5s"); e.code != exitFine {
		t.Errorf("exit code %d, %s", e.code, e.stderr)
	}
}
