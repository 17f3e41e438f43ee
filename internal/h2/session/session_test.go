package session

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/hawser-ws/websocket/internal/h2"
	"github.com/hawser-ws/websocket/internal/transport"
)

// Streams carry bytes both ways, end in order, and leave nothing.
func TestStreams(t *testing.T) {
	for name, over := range map[string]func(*testing.T) (a, b net.Conn){
		"pipe": func(*testing.T) (a, b net.Conn) { return net.Pipe() },
		"tcp":  tcp,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := over(t)
			p := joinOver(t, a, b, Config{}, Config{}, echo)
			var clients sync.WaitGroup
			for range 64 {
				clients.Go(func() {
					x := p.open()
					talk(t, x, strings.Repeat("text", 5000))
				})
			}
			clients.Wait()
			if name == "tcp" {
				x := p.open()
				local, remote := x.Addresses()
				if local.String() != a.LocalAddr().String() || remote != a.RemoteAddr().String() || x.NetConn() != nil {
					t.Errorf("%v, %v", local, remote)
				}
				if !x.Traits().Has(transport.CountsPartialWrites|transport.TriesWrites) || x.Traits().Has(transport.RetainsBuffers) {
					t.Error(x.Traits())
				}
				_ = x.Close()
			}
			if err := p.server.Shutdown(t.Context()); err != nil { // which waits for what it serves
				t.Error(err)
			}
			p.end()
			if p.clientErr != nil || p.serverErr != nil {
				t.Errorf("%v, %v", p.clientErr, p.serverErr)
			}
			for _, s := range []*Session{p.client, p.server} {
				<-s.Done()
			}
		})
	}
}

// Streams that nobody reads, and those that cannot be written, cost the others nothing.
func TestStalledStreams(t *testing.T) {
	bubble(t, func(t *testing.T) {
		stop := make(chan struct{})
		p := join(t, Config{}, Config{}, func(x *Stream) {
			first := make([]byte, 1)
			if _, err := x.Read(first); err != nil || first[0] == 's' {
				<-stop
				return
			}
			_, _ = x.Write(first, nil)
			echo(x)
		})
		var stalled []*Stream
		var writers sync.WaitGroup
		for range 50 {
			x := p.open()
			stalled = append(stalled, x)
			writers.Go(func() {
				_, err := x.Write([]byte("s"), make([]byte, 100_000))
				wantIs(t, "a write to a stream that nobody reads", err, net.ErrClosed)
			})
		}
		synctest.Wait()
		var busy sync.WaitGroup
		for range 5 {
			busy.Go(func() { talk(t, p.open(), strings.Repeat("busy", 20_000)) })
		}
		busy.Wait()
		for _, x := range stalled {
			_ = x.Close()
		}
		writers.Wait()
		close(stop)
		p.end()
	})
}

// What has come before a RST_STREAM can still be read. Then both directions say why.
func TestReset(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := join(t, Config{}, Config{}, func(x *Stream) { _, _ = x.Write([]byte("text"), nil) })
		x := p.open()
		synctest.Wait()
		buf := make([]byte, 10)
		if n, err := x.Read(buf); string(buf[:n]) != "text" || err != nil {
			t.Errorf("%q, %v", buf[:n], err)
		}
		_, err := x.Read(buf)
		reset, ok := errors.AsType[*ResetError](err)
		if !ok || reset.Code != h2.Cancel || reset.RetrySafe || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "RST_STREAM with CANCEL") {
			t.Errorf("a read: %v", err)
		}
		_, err = x.Write(buf, nil)
		if again, ok := errors.AsType[*ResetError](err); !ok || again != reset {
			t.Errorf("a write: %v", err)
		}
		_ = x.Close()
		p.end()
	})
}

// Close gives back what was not read.
func TestCloseUnread(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := join(t, Config{}, Config{}, func(x *Stream) {
			_, _ = x.Write(make([]byte, 20_000), nil)
			_, _ = x.Read(make([]byte, 1))
		})
		x := p.open()
		synctest.Wait()
		if x.in.size != 20_000 {
			t.Errorf("%d bytes wait to be read", x.in.size)
		}
		_ = x.Close()
		if x.in.last != nil || x.in.size != 0 {
			t.Error("it has memory after Close")
		}
		p.end()
	})
}

// An answer other than 200 is an answer. The rest of the request does not matter.
func TestRefuse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		refused := make(chan error, 1)
		p := join(t, Config{}, Config{Handle: func(x *Stream, head *h2.Head) {
			if head.Path != "/" {
				t.Errorf("%+v", head)
			}
			refused <- x.Refuse(&h2.Head{Status: 404}, []byte("not here"))
			x.Served()
		}}, nil)
		x, head, err := p.client.Open(t.Context(), connect)
		if err != nil || head.Status != 404 {
			t.Fatalf("%+v, %v", head, err)
		}
		if err := <-refused; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if text, err := io.ReadAll(reader{x}); string(text) != "not here" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		_, err = x.Write([]byte("x"), nil)
		if reset, ok := errors.AsType[*ResetError](err); !ok || reset.Code != h2.NoError {
			t.Errorf("a write: %v", err)
		}
		_ = x.Close()
		p.end()
	})
}

// A stream counts until it was served, whatever its client has done.
func TestServed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		stop := make(chan struct{})
		p := join(t, Config{}, Config{HTTP2: h2.Config{MaxStreams: 1}}, func(*Stream) { <-stop })
		x := p.open()
		if err := p.client.CanOpen(); !errors.Is(err, h2.ErrTooManyStreams) {
			t.Error(err)
		}
		_ = x.Close()
		_, _, err := p.client.Open(t.Context(), connect)
		reset, ok := errors.AsType[*ResetError](err)
		if !ok || reset.Code != h2.RefusedStream || !reset.RetrySafe {
			t.Errorf("another: %v", err)
		}
		close(stop)
		synctest.Wait()
		x = p.open()
		_ = x.Close()
		p.end()
	})
}

// A client may want fewer streams than the server allows.
func TestMaxOpen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := join(t, Config{MaxOpen: 1}, Config{}, echo)
		x := p.open()
		_, _, err := p.client.Open(t.Context(), connect)
		wantIs(t, "another", err, h2.ErrTooManyStreams)
		wantIs(t, "CanOpen", p.client.CanOpen(), h2.ErrTooManyStreams)
		_ = x.Close()
		wantIs(t, "CanOpen then", p.client.CanOpen(), nil)
		wantIs(t, "Ready", p.client.Ready(t.Context()), nil)
		p.end()
	})
}

// A peer that does not speak HTTP/2 is told apart from one that breaks its rules.
func TestReadyWithoutHTTP2(t *testing.T) {
	for says, want := range map[string]string{
		"HTTP/1.1 400 Bad Request\r\n":         "the server answers in HTTP/1.1",
		"":                                     "the connection has ended before SETTINGS came: EOF",
		"\x00\x00\x01\x04\x00\x00\x00\x00\x00": "", // SETTINGS of one byte
	} {
		bubble(t, func(t *testing.T) {
			a, b := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, b) }()
			s := New(a, Config{})
			go func() { _ = s.Run() }()
			_, _ = io.WriteString(b, says)
			_ = b.Close()
			err := s.Ready(t.Context())
			not, ok := errors.AsType[*NotHTTP2Error](err)
			if ok != (want != "") || ok && not.Error() != want || errors.Unwrap(err) == nil {
				t.Errorf("%q: %v", says, err)
			}
			<-s.Done()
		})
	}
}

// Open ends with its context, whatever it waits for.
func TestOpenGivesUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, b) }()
		s := New(a, Config{})
		go func() { _ = s.Run() }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, _, err := s.Open(ctx, connect)
		cancel()
		wantIs(t, "without settings", err, context.DeadlineExceeded)
		wantIs(t, "CanOpen", s.CanOpen(), h2.ErrNotSettled)
		s.Close()
		<-s.Done()
		_, _, err = s.Open(t.Context(), connect)
		wantIs(t, "closed", err, net.ErrClosed)
		wantIs(t, "closed, CanOpen", s.CanOpen(), net.ErrClosed)
		_ = b.Close()

		asked := make(chan *Stream, 1)
		p := join(t, Config{}, Config{Handle: func(x *Stream, _ *h2.Head) { asked <- x }}, nil)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		_, _, err = p.client.Open(ctx, connect)
		cancel()
		wantIs(t, "without an answer", err, context.DeadlineExceeded)
		x := <-asked
		synctest.Wait()
		err = x.Respond(&h2.Head{Status: 200})
		if reset, ok := errors.AsType[*ResetError](err); !ok || reset.Code != h2.Cancel {
			t.Errorf("an answer to who has gone: %v", err)
		}
		if x.Refuse(&h2.Head{Status: 404}, nil) == nil {
			t.Error("a refusal of who has gone")
		}
		x.Served()
		_, _, err = p.client.Open(t.Context(), &h2.Head{Method: "CONNECT"})
		if _, ok := errors.AsType[*h2.Violation](err); !ok {
			t.Errorf("a malformed request: %v", err)
		}
		p.end()
	})
}

// A message that was sent is nobody's: a quiet session does not keep it, however large.
func TestSentIsForgotten(t *testing.T) {
	a, b := tcp(t)
	p := joinOver(t, a, b, Config{}, Config{}, func(x *Stream) {
		_, _ = io.Copy(io.Discard, reader{x})
	})
	x := p.open()
	message := make([]byte, 4<<20)
	kept := weak.Make(&message[0])
	if n, err := x.Write(message, nil); n != len(message) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	message = nil
	for range 1000 {
		if runtime.GC(); kept.Value() == nil {
			break
		}
	}
	if kept.Value() != nil {
		t.Error("it is still in memory")
	}
	_ = x.Close()
	p.end()
}
