package interop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hawser-ws/websocket"
)

const (
	// bound ends every test that hangs; the whole module needs less.
	bound = 30 * time.Second

	// readLimit leaves room for the largest message here, 200,000 bytes.
	readLimit = 1 << 20
)

// bounded returns a context that ends with the test, or at the bound.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	t.Cleanup(cancel)
	return ctx
}

// message is one message as an application sees it.
type message struct {
	kind websocket.MessageType
	data []byte
}

func text(s string) message         { return message{websocket.MessageText, []byte(s)} }
func binary(b []byte) message       { return message{websocket.MessageBinary, b} }
func (m message) is(o message) bool { return m.kind == o.kind && string(m.data) == string(o.data) }

func (m message) String() string {
	if len(m.data) > 40 {
		return fmt.Sprintf("%v of %d bytes (%s…)", m.kind, len(m.data), m.digest().SHA256[:8])
	}
	return fmt.Sprintf("%v %q", m.kind, m.data)
}

// digest is a message as the peer scripts report it.
type digest struct {
	Kind   string `json:"kind"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func (m message) digest() digest {
	kind := "text"
	if m.kind == websocket.MessageBinary {
		kind = "binary"
	}
	sum := sha256.Sum256(m.data)
	return digest{kind, len(m.data), hex.EncodeToString(sum[:])}
}

func digests(of []message) (all []digest) {
	for _, m := range of {
		all = append(all, m.digest())
	}
	return all
}

// pattern returns n bytes that repeat neither at 256 nor at 65,536 bytes.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*31 + i>>8)
	}
	return b
}

func letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + i%26)
	}
	return string(b)
}

// conversation is what every client script sends to /echo.
var conversation = []message{
	text("héllo wörld € 😀"),
	binary(pattern(256)),
	text(letters(200_000)),
	binary(pattern(200_000)),
}

// fragmented is what the scripts that can fragment send after it.
var fragmented = text("fragment€ed")

// thirds cuts data into three parts, wherever that falls inside a character.
func thirds(data []byte) [][]byte {
	cut := (len(data) + 2) / 3
	return slices.Collect(slices.Chunk(data, max(cut, 1)))
}

// want fails the test unless the connection ended with this code and reason.
func want(t *testing.T, who string, got verdict, code int, reason string) {
	t.Helper()
	if got.Code != code || got.Reason != reason {
		t.Errorf("%s saw %v, want %d %q", who, got, code, reason)
	}
}
