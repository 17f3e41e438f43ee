package play

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// https://www.rfc-editor.org/rfc/rfc6455#section-1.3
func TestAcceptFor(t *testing.T) {
	if got := AcceptFor("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Error(got)
	}
	if a, b := FreshNonce(), FreshNonce(); a == b || len(a) != 24 {
		t.Errorf("nonces %q, %q", a, b)
	}
}

func TestCheckResponse(t *testing.T) {
	const key = "dGhlIHNhbXBsZSBub25jZQ=="
	const accept = "|Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	const usual = "|Upgrade: websocket|Connection: Upgrade" + accept
	plain, deflating := &Case{}, &Case{Offer: &Negotiation{Wishes: []Wish{{}}}}
	strict := &Case{Offer: &Negotiation{Wishes: []Wish{{Bits: 10}}, Strict: true}}
	declining := &Case{Offer: &Negotiation{Raw: DeflateName + "; window=10"}, Door: &Door{Declines: true}}
	for _, row := range []struct {
		name, response string
		c              *Case
		err            string // in the error; empty for none
		terms          string
		fault          bool
	}{
		{"the usual", "HTTP/1.1 101 Switching Protocols" + usual, plain, "", "", false},
		{"no reason", "HTTP/1.1 101" + usual, plain, "", "", false},
		{"any case", "HTTP/1.1 101 x|UPGRADE: WebSocket|connection: keep-alive, UPGRADE" + accept, plain, "", "", false},
		{"two Connection fields", "HTTP/1.1 101 x|Upgrade: websocket|Connection: keep-alive|Connection: Upgrade" + accept, plain, "", "", false},
		{"200", "HTTP/1.1 200 OK" + usual, plain, "200 OK", "", false},
		{"1012", "HTTP/1.1 1012 x" + usual, plain, "1012", "", false},
		{"HTTP/1.0", "HTTP/1.0 101 x" + usual, plain, "HTTP/1.0", "", false},
		{"no Upgrade", "HTTP/1.1 101 x|Connection: Upgrade" + accept, plain, `Upgrade ""`, "", false},
		{"two upgrades", "HTTP/1.1 101 x|Upgrade: websocket, h2c|Connection: Upgrade" + accept, plain, "Upgrade", "", false},
		{"no Connection", "HTTP/1.1 101 x|Upgrade: websocket" + accept, plain, "Connection", "", false},
		{"upgrade within a token", "HTTP/1.1 101 x|Upgrade: websocket|Connection: no-upgrade" + accept, plain, "Connection", "", false},
		{"no accept", "HTTP/1.1 101 x|Upgrade: websocket|Connection: Upgrade", plain, "Accept", "", false},
		{"another accept", "HTTP/1.1 101 x|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=", plain, "Accept", "", false},
		{"accept twice", "HTTP/1.1 101 x" + usual + accept, plain, "Accept", "", false},
		{"subprotocol", "HTTP/1.1 101 x" + usual + "|Sec-WebSocket-Protocol: chat", plain, "subprotocol", "", false},
		{"extension", "HTTP/1.1 101 x" + usual + "|Sec-WebSocket-Extensions: permessage-deflate", plain, "permessage-deflate", "", false},
		{"what was offered", "HTTP/1.1 101 x" + usual + "|Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10", deflating, "", "--10-", false},
		{"another one", "HTTP/1.1 101 x" + usual + "|Sec-WebSocket-Extensions: x-other", deflating, "x-other", "", false},
		{"twice", "HTTP/1.1 101 x" + usual + "|Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate", deflating, "twice", "", false},
		{"not an extension", "HTTP/1.1 101 x" + usual + "|Sec-WebSocket-Extensions: ;", deflating, "token", "", false},
		{"bad parameter", "HTTP/1.1 101 x" + usual + "|Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7", deflating, "8 to 15", "", false},
		{"not as offered", "HTTP/1.1 101 x" + usual + "|Sec-WebSocket-Extensions: permessage-deflate", strict, "", "----", true},
		{"as offered", "HTTP/1.1 101 x" + usual + "|Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9", strict, "", "--9-", false},
		{"to be declined", "HTTP/1.1 101 x" + usual + "|Sec-WebSocket-Extensions: permessage-deflate", declining, "", "----", true},
	} {
		h, err := ParseHead([]byte(strings.ReplaceAll(row.response, "|", "\r\n") + "\r\n\r\n"))
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		s := &Session{Judged: verdict.Server, Result: newResult(row.c, verdict.Server), offer: row.c.Offer, door: row.c.Door}
		err = s.checkResponse(h, key)
		if (err == nil) != (row.err == "") || err != nil && !strings.Contains(err.Error(), row.err) {
			t.Errorf("%s: %v, want %q", row.name, err, row.err)
		}
		agreed := ""
		if s.terms != nil {
			agreed = letters(*s.terms)
		}
		if err == nil && (agreed != row.terms || (s.fault != nil) != row.fault) {
			t.Errorf("%s: agreed to %q, fault %v; want %q, %t", row.name, agreed, s.fault, row.terms, row.fault)
		}
	}
}

func TestParseHead(t *testing.T) {
	h, err := ParseHead([]byte("GET / HTTP/1.1\r\nA: 1\r\na:\t2 \r\nB:\r\nC: a, B ,c\r\n\r\n"))
	if err != nil || h.Start != "GET / HTTP/1.1" || h.Get("A") != "1, 2" || h.Get("b") != "" || !h.Has("c", "b") || h.Has("c", "a, b") {
		t.Errorf("%+v, %v", h, err)
	}
	for _, bad := range []string{"x\r\nno colon", "x\r\nA : 1", "x\r\n folded: 1", "x\r\n: 1", "\x16\x03\x01\r\n\x00"} {
		if h, err := ParseHead([]byte(bad + "\r\n\r\n")); !errors.Is(err, ErrHead) {
			t.Errorf("%q: %+v, %v", bad, h, err)
		}
	}
}

func TestReadHead(t *testing.T) {
	for _, row := range []struct {
		name       string
		writes     []string
		end        bool // of the connection, after them
		raw, glued string
		err        func(error) bool
		after      time.Duration
	}{
		{"in one", []string{"a\r\nb\r\n\r\n"}, false, "a\r\nb\r\n\r\n", "", nil, 0},
		{"glued", []string{"a\r\n\r\nrest\r\n\r\n"}, false, "a\r\n\r\n", "rest\r\n\r\n", nil, 0},
		{"byte by byte", strings.Split("a\r\n\r\n", ""), false, "a\r\n\r\n", "", nil, 0},
		{"too late", []string{"a\r\n"}, false, "a\r\n", "", isTimeout, time.Second},
		{"cut", []string{"a\r\n"}, true, "a\r\n", "", func(err error) bool { return errors.Is(err, io.EOF) }, 0},
		{"too much", []string{strings.Repeat("x", headLimit+1)}, false, strings.Repeat("x", headLimit+1), "", func(err error) bool { return errors.Is(err, ErrHead) }, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				for _, w := range row.writes {
					theirs.Write([]byte(w))
				}
				if row.end {
					theirs.Close()
				}
			}()
			begun := time.Now()
			raw, glued, err := ReadHead(ours, begun.Add(time.Second))
			if string(raw) != row.raw || string(glued) != row.glued || (err == nil) != (row.err == nil) || err != nil && !row.err(err) {
				t.Errorf("%s: %.40q, %q, %v", row.name, raw, glued, err)
			}
			if took := time.Since(begun); took != row.after {
				t.Errorf("%s: took %v", row.name, took)
			}
			ours.Close()
			theirs.Close()
		})
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
