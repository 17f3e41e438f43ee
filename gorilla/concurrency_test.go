package websocket

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// Messages of several goroutines are kept apart. gorilla panics.
func TestConcurrentWrites(t *testing.T) {
	for _, terms := range []*deflateTerms{nil, noContext} {
		eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
			const n = 50
			ping, err := NewPreparedMessage(PingMessage, nil)
			if err != nil {
				t.Fatal(err)
			}
			prepared, err := NewPreparedMessage(BinaryMessage, bytes.Repeat([]byte{4}, 5000))
			if err != nil {
				t.Fatal(err)
			}
			var writers sync.WaitGroup
			for _, write := range []func() error{
				func() error { return c.WriteMessage(BinaryMessage, []byte{1}) },
				func() error { return c.WriteMessage(BinaryMessage, bytes.Repeat([]byte{2}, 90)) },
				func() error { return c.WriteMessage(BinaryMessage, bytes.Repeat([]byte{3}, 50_000)) },
				func() error { return c.WritePreparedMessage(prepared) },
				func() error { return c.WriteJSON(strings.Repeat("x", 200)) },
				func() error { return c.WritePreparedMessage(ping) },
				func() error { return c.WriteControl(PongMessage, []byte("x"), time.Now().Add(time.Minute)) },
				func() error { return c.SetWriteDeadline(time.Now().Add(time.Minute)) },
				func() error { c.EnableWriteCompression(true); return c.SetCompressionLevel(1) },
			} {
				writers.Go(func() {
					for range n {
						if err := write(); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			counts := map[byte]int{}
			for range 5 * n {
				_, p, err := peer.ReadMessage()
				if err != nil {
					t.Fatal(err)
				}
				if p[0] != '"' && bytes.Count(p, p[:1]) != len(p) {
					t.Fatal("messages are mixed")
				}
				counts[p[0]]++
			}
			writers.Wait()
			for first, count := range counts {
				if count != n {
					t.Errorf("%d messages that begin with %d", count, first)
				}
			}
		})
	}
}

// What goroutines do to one connection by mistake does not harm another.
func TestConcurrentReads(t *testing.T) {
	eachRole(t, nil, func(t *testing.T, c, peer *Conn) {
		const readers, n = 4, 200
		var all sync.WaitGroup
		var mu sync.Mutex
		got := 0
		for range readers {
			all.Go(func() {
				for {
					_, p, err := c.ReadMessage()
					if err != nil {
						return
					}
					if bytes.Count(p, p[:1]) != len(p) {
						t.Error("messages are mixed")
					}
					mu.Lock()
					got++
					mu.Unlock()
				}
			})
		}
		for i := range n {
			if err := peer.WriteMessage(BinaryMessage, bytes.Repeat([]byte{byte(i)}, 1+i*i%5000)); err != nil {
				t.Fatal(err)
			}
		}
		peer.Close()
		if all.Wait(); got != n {
			t.Errorf("%d messages, want %d", got, n)
		}
	})
}

// A handler that reads gets what follows the frame that it handles.
func TestHandlersMayRead(t *testing.T) {
	for _, terms := range []*deflateTerms{nil, noContext} {
		eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
			seen := ""
			c.SetPongHandler(func(string) error {
				_, p, err := c.ReadMessage()
				seen += string(p)
				return err
			})
			send := func(typ int, s string) {
				if err := peer.WriteMessage(typ, []byte(s)); err != nil {
					t.Fatal(err)
				}
			}
			send(PongMessage, "")
			send(TextMessage, "for the handler")
			send(TextMessage, "for the program")
			wantMessage(t, c, TextMessage, "for the program")
			if seen != "for the handler" {
				t.Errorf("%q", seen)
			}
		})
	}
	// Within a message, which is lost for its reader.
	for _, terms := range []*deflateTerms{nil, noContext} {
		eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
			c.SetPongHandler(func(string) error { // reads up to the failure
				for {
					if _, _, err := c.ReadMessage(); err != nil {
						return nil
					}
				}
			})
			w, err := peer.NextWriter(TextMessage)
			if err != nil {
				t.Fatal(err)
			}
			peer.EnableWriteCompression(false)
			_, _ = io.WriteString(w, noise(300))
			if err := peer.WriteControl(PongMessage, nil, time.Time{}); err != nil {
				t.Fatal(err)
			}
			_ = w.Close()
			peer.Close()
			_, _, err = c.ReadMessage()
			if !IsCloseError(err, CloseAbnormalClosure) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A handler that reads on within a message takes it from its reader.
func TestHandlersMayReadOn(t *testing.T) {
	for _, terms := range []*deflateTerms{nil, noContext} {
		for _, whole := range []bool{true, false} {
			eachRole(t, terms, func(t *testing.T, c, peer *Conn) {
				c.SetPongHandler(func(string) error {
					_, r, err := c.NextReader()
					if err == nil && whole {
						_, err = io.ReadAll(r)
					}
					return err
				})
				w, err := peer.NextWriter(TextMessage)
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(w, noise(80_000))
				if err := peer.WriteControl(PongMessage, nil, time.Time{}); err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(w, noise(80_000))
				_ = w.Close()
				for range 2 {
					if err := peer.WriteMessage(BinaryMessage, []byte(noise(80_000))); err != nil {
						t.Fatal(err)
					}
				}
				if _, _, err := c.ReadMessage(); err != errOvertaken {
					t.Errorf("%v, want %v", err, errOvertaken)
				}
			})
		}
	}
}
