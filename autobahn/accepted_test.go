package autobahn

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/internal/naive"
)

// lax is a server that accepts everything that is HTTP, and answers every text
// message with itself. refuse may answer instead.
func lax(t *testing.T, refuse func(request string) (answer string)) (url string) {
	return listen(t, func(conn net.Conn) {
		defer conn.Close()
		raw, rest, err := play.ReadHead(conn, time.Now().Add(time.Minute))
		if err != nil {
			return
		}
		if answer := refuse(string(raw)); answer != "" {
			io.WriteString(conn, answer)
			return
		}
		key := ""
		for line := range strings.SplitSeq(string(raw), "\r\n") {
			if name, value, _ := strings.Cut(line, ":"); key == "" && strings.EqualFold(name, "Sec-WebSocket-Key") {
				key = strings.TrimSpace(value)
			}
		}
		fmt.Fprintf(conn, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", play.AcceptFor(key))
		serveEcho(conn, rest)
	})
}

// serveEcho answers every frame with itself.
func serveEcho(conn net.Conn, pending []byte) {
	buf := make([]byte, 4096)
	for {
		for {
			f, size := naive.DecodeHeader(pending)
			if size == 0 || len(pending) < size+int(f.Length) {
				break
			}
			payload := bytes.Clone(pending[size : size+int(f.Length)])
			naive.Mask(payload, f.Key, 0)
			conn.Write(naive.Encode(play.Whole(f.Opcode, string(payload))))
			if f.Opcode == play.OpClose {
				return
			}
			pending = pending[size+int(f.Length):]
		}
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		pending = append(pending, buf[:n]...)
	}
}

// verdictsOf judges a server, one case after the other.
func verdictsOf(t *testing.T, url, patterns string) map[string]*Result {
	t.Helper()
	suite := &FuzzingClient{URL: url, Cases: selected(t, Server, patterns), Parallel: 1, Timeout: 5 * time.Second}
	agent, err := suite.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*Result{}
	for _, r := range agent.Results {
		all[r.ID] = r
	}
	return all
}

// The RFC binds a client to more than a server has to look for.
func TestAllowedHandshakes(t *testing.T) {
	got := verdictsOf(t, lax(t, func(string) string { return "" }), "20.1.*")
	for id, want := range map[string]Verdict{
		"20.1.1": Failed, "20.1.2": Failed, "20.1.7": Failed, "20.1.8": Failed,
		"20.1.9":  NonStrict, // section 4.2.2: "It is not necessary for the server to base64-decode"
		"20.1.10": NonStrict, "20.1.11": NonStrict,
		"20.1.12": NonStrict, "20.1.18": NonStrict, // section 11.3
		"20.1.14": Informational, // it may understand version 8
		"20.1.15": Failed, "20.1.16": Failed, "20.1.17": Failed,
		"20.1.20": Failed,
		"20.1.22": Informational, // RFC 9110 section 5.5: it may have put a space in its place
		"20.1.23": Failed,
		"20.1.24": NonStrict, // section 4.1
	} {
		if r := got[id]; r.Worst() != want {
			t.Errorf("%s: %s, want %s: %s", id, r.Worst(), want, r.Result)
		}
	}
	// A refusal has to fit, still: section 4.2.2 asks for the versions in it.
	bare := verdictsOf(t, lax(t, func(request string) string {
		if !strings.Contains(request, "Version: 13\r") || strings.Contains(request, "POST") {
			return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
		}
		return ""
	}), "20.1.14,20.1.19")
	for id, want := range map[string]Verdict{
		"20.1.14": Failed,
		"20.1.19": OK, // RFC 9110 section 7.8: a server may ignore Upgrade
	} {
		if r := bare[id]; r.Worst() != want {
			t.Errorf("%s, refused: %s, want %s: %s", id, r.Worst(), want, r.Result)
		}
	}
}

// Section 4.1: a client has to wait for the answer. What it does not wait for may be
// lost, or be a reason to refuse.
func TestAllowedGlued(t *testing.T) {
	for name, url := range map[string]string{
		"loses what came with the request": listen(t, func(conn net.Conn) {
			defer conn.Close()
			raw, _, err := play.ReadHead(conn, time.Now().Add(time.Minute))
			if err != nil {
				return
			}
			h, _ := play.ParseHead(raw)
			fmt.Fprintf(conn, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", play.AcceptFor(h.Get("Sec-WebSocket-Key")))
			serveEcho(conn, nil)
		}),
		"refuses": listen(t, func(conn net.Conn) {
			defer conn.Close()
			raw, glued, err := play.ReadHead(conn, time.Now().Add(time.Minute))
			if err != nil {
				return
			}
			if len(glued) > 0 {
				io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
				return
			}
			h, _ := play.ParseHead(raw)
			fmt.Fprintf(conn, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", play.AcceptFor(h.Get("Sec-WebSocket-Key")))
		}),
	} {
		if r := verdictsOf(t, url, "20.2.13")["20.2.13"]; r.Worst() != Informational {
			t.Errorf("a server that %s: %s, %s: %s %s", name, r.Behavior, r.BehaviorClose, r.Result, r.ResultClose)
		}
	}
}

// A server that must decline an offer may refuse the handshake that makes it, and
// one that has no use for a message of 50 fields may say so.
func TestAllowedRefusals(t *testing.T) {
	for _, row := range []struct {
		id, status string
		want       Verdict
	}{
		{"20.11.1", "400 Bad Request", OK},
		{"20.11.1", "500 Internal Server Error", NonStrict},
		{"20.11.12", "400 Bad Request", NonStrict},
		{"20.11.13", "400 Bad Request", Failed},
		{"20.2.7", "431 Request Header Fields Too Large", Informational},
		{"20.2.7", "400 Bad Request", Failed},
	} {
		url := lax(t, func(request string) string {
			if strings.Contains(request, "permessage-deflate") || strings.Contains(request, "X-Field-49") {
				return "HTTP/1.1 " + row.status + "\r\nContent-Length: 0\r\n\r\n"
			}
			return ""
		})
		if r := verdictsOf(t, url, row.id)[row.id]; r.Worst() != row.want {
			t.Errorf("%s refused with %s: %s, want %s: %s", row.id, row.status, r.Worst(), row.want, r.Result)
		}
	}
}
