package mux

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// patience is longer than anything takes.
const patience = time.Minute

// both runs the two ends of a connection against each other, in a bubble. serve gets each request.
func both(t *testing.T, cfg, served Config, serve func(x *Stream), play func(t *testing.T, c *Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		var streams sync.WaitGroup
		served.Request, served.Serving = serve, &streams
		if served.Settings == nil {
			served.Settings = []http2.Setting{{ID: http2.SettingEnableConnectProtocol, Val: 1}}
		}
		var serving sync.WaitGroup
		serving.Go(func() {
			s, err := Server(theirs, nil, served)
			if err != nil {
				t.Error(err)
				theirs.Close()
				return
			}
			s.Wait()
		})
		c := Client(ours, cfg)
		play(t, c)
		c.Close()
		serving.Wait()
		streams.Wait()
	})
}

// echo sends back what comes, until the client ends its half.
func echo(x *Stream) {
	x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, Form{})
	buf := make([]byte, 1000)
	for {
		n, err := x.Read(buf)
		if err != nil {
			x.CloseWrite()
			x.Close()
			return
		}
		x.Write(buf[:n])
	}
}

var connect = []hpack.HeaderField{{Name: ":method", Value: "CONNECT"}, {Name: ":path", Value: "/"}}

// What is sent comes back, in any shape and through any window.
func TestShapes(t *testing.T) {
	data := strings.Repeat("0123456789", 20_000)
	for name, row := range map[string]struct {
		window uint32
		shape  Shape
		form   Form
		data   string
	}{
		"usual":         {Usual, Shape{}, Form{}, data},
		"small windows": {100, Shape{}, Form{}, data[:5000]},
		"a byte":        {1, Shape{Piece: 1}, Form{}, data[:50]},
		"padding":       {Usual, Shape{Piece: 100, Pad: 200}, Form{Pad: 10, Priority: http2.PriorityParam{Weight: 1}}, data[:9000]},
		"empty":         {Usual, Shape{Piece: 1000, Empty: true}, Form{Cut: 2}, data},
	} {
		both(t, Config{Window: row.window}, Config{Window: row.window}, echo, func(t *testing.T, c *Conn) {
			if connect, err := c.AwaitSettings(patience); connect != 1 || err != nil {
				t.Errorf("%s: %d, %v", name, connect, err)
			}
			x := c.NewStream()
			x.Shape(row.shape)
			x.Head(connect, row.form)
			if head, err := x.AwaitHead(patience); err != nil || head[0].Value != "200" {
				t.Errorf("%s: %v, %v", name, head, err)
			}
			var sending sync.WaitGroup
			sending.Go(func() {
				if n, err := io.WriteString(x, row.data); n != len(row.data) || err != nil {
					t.Errorf("%s: sent %d: %v", name, n, err)
				}
				x.CloseWrite()
			})
			got, err := io.ReadAll(x)
			if string(got) != row.data || err != nil {
				t.Errorf("%s: %d bytes came back, %v", name, len(got), err)
			}
			sending.Wait()
			x.Close()
			if err := c.Ping(patience); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// The ways in which a stream ends, as the other end sees them.
func TestEnds(t *testing.T) {
	for name, row := range map[string]struct {
		end  func(x *Stream)
		want func(err error) bool
	}{
		"END_STREAM": {func(x *Stream) { x.CloseWrite() }, func(err error) bool { return errors.Is(err, io.EOF) }},
		"END_STREAM and RST_STREAM": {func(x *Stream) {
			x.CloseWrite()
			x.Reset(http2.ErrCodeNo)
		}, func(err error) bool { return errors.Is(err, io.EOF) }},
		"END_STREAM with data": {func(x *Stream) {
			x.Shape(Shape{End: true})
			io.WriteString(x, "last")
		}, func(err error) bool { return errors.Is(err, io.EOF) }},
		"RST_STREAM": {func(x *Stream) { x.Reset(http2.ErrCodeInternal) }, func(err error) bool {
			reset, ok := errors.AsType[*ResetError](err)
			return ok && reset.Code == http2.ErrCodeInternal && reset.Error() == "the stream was reset with INTERNAL_ERROR"
		}},
		"Close": {func(x *Stream) { x.Close() }, func(err error) bool {
			reset, ok := errors.AsType[*ResetError](err)
			return ok && reset.Code == http2.ErrCodeCancel
		}},
		"GOAWAY": {func(x *Stream) {
			x.Conn().Send(func(f *http2.Framer) error { return f.WriteGoAway(1, http2.ErrCodeEnhanceYourCalm, nil) })
			go x.Conn().Close()
		}, func(err error) bool {
			lost, ok := errors.AsType[*LostError](err)
			return ok && lost.GoAway != nil && *lost.GoAway != http2.ErrCodeProtocol
		}},
	} {
		both(t, Config{Window: Usual}, Config{Window: Usual}, func(x *Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, Form{})
			row.end(x)
		}, func(t *testing.T, c *Conn) {
			x := c.NewStream()
			x.Head(connect, Form{})
			if _, err := x.AwaitHead(patience); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := io.ReadAll(x); err == nil != row.want(io.EOF) || err != nil && !row.want(err) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// What a peer does wrong ends the connection, and says why.
func TestFaults(t *testing.T) {
	raw := func(put func(f *http2.Framer) error) func(x *Stream) {
		return func(x *Stream) { x.Conn().Send(put) }
	}
	big := make([]byte, 1001)
	for name, row := range map[string]struct {
		fault func(x *Stream)
		says  string
	}{
		"more DATA than the window": {raw(func(f *http2.Framer) error { return f.WriteData(1, false, big) }), "more than the window of the stream"},
		"DATA behind END_STREAM": {func(x *Stream) {
			x.CloseWrite()
			x.Conn().Send(func(f *http2.Framer) error { return f.WriteData(1, false, []byte("more")) })
		}, "DATA after END_STREAM"},
		"DATA on an idle stream":          {raw(func(f *http2.Framer) error { return f.WriteData(7, false, nil) }), "idle"},
		"RST_STREAM on an idle stream":    {raw(func(f *http2.Framer) error { return f.WriteRSTStream(7, http2.ErrCodeCancel) }), "idle"},
		"WINDOW_UPDATE of an idle stream": {raw(func(f *http2.Framer) error { return f.WriteWindowUpdate(7, 1) }), "idle"},
		"too large a window":              {raw(func(f *http2.Framer) error { return f.WriteWindowUpdate(1, 1<<31-1) }), "window of more than"},
		"HEADERS on an open stream":       {func(x *Stream) { x.Head([]hpack.HeaderField{{Name: "a", Value: "b"}}, Form{}) }, "HEADERS on a stream that is open"},
		"HEADERS that nobody asked for": {raw(func(f *http2.Framer) error {
			return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 8, EndHeaders: true})
		}), "which nobody opened"},
		"a block that cannot be decoded": {raw(func(f *http2.Framer) error {
			return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff}, EndHeaders: true})
		}), "cannot be decoded"},
		"a push": {raw(func(f *http2.Framer) error {
			return f.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true})
		}), "PUSH_PROMISE"},
		"settings twice acknowledged":      {raw(func(f *http2.Framer) error { return f.WriteSettingsAck() }), "an acknowledgement of settings that were not sent"},
		"an answer to no PING":             {raw(func(f *http2.Framer) error { return f.WritePing(true, [8]byte{}) }), "PING that was not sent"},
		"ENABLE_CONNECT_PROTOCOL = 2":      {func(x *Stream) { x.Conn().Announce(http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 2}) }, "RFC 8441 section 3"},
		"ENABLE_CONNECT_PROTOCOL = 0":      {func(x *Stream) { x.Conn().Announce(http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 0}) }, "0 after 1"},
		"a frame of the wrong size":        {raw(func(f *http2.Framer) error { return f.WriteRawFrame(http2.FramePing, 0, 0, []byte("short")) }), ""},
		"WINDOW_UPDATE of nothing":         {raw(func(f *http2.Framer) error { return f.WriteRawFrame(http2.FrameWindowUpdate, 0, 1, make([]byte, 4)) }), ""},
		"a frame that is larger than said": {raw(func(f *http2.Framer) error { return f.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, 20_000)) }), ""},
	} {
		both(t, Config{Window: 1000}, Config{Window: Usual}, func(x *Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, Form{})
			row.fault(x)
		}, func(t *testing.T, c *Conn) {
			x := c.NewStream()
			x.Head(connect, Form{})
			_, err := io.ReadAll(x)
			if row.says == "DATA after END_STREAM" { // the reader was content with the end
				synctest.Wait()
				err = c.Err()
			}
			fault, ok := errors.AsType[*FaultError](err)
			if !ok || !strings.Contains(fault.Error(), row.says) || !strings.HasPrefix(fault.Error(), "the peer broke HTTP/2: ") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// Deadlines end waiting, and later ones count.
func TestDeadlines(t *testing.T) {
	both(t, Config{Window: Usual}, Config{}, func(x *Stream) {
		x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, Form{})
		time.Sleep(time.Hour)
		x.Grant(100)
		io.ReadAll(x)
		x.Close()
	}, func(t *testing.T, c *Conn) {
		x := c.NewStream()
		x.Head(connect, Form{})
		x.AwaitHead(patience)
		for _, wait := range []func() error{
			func() error { _, err := x.Read(make([]byte, 1)); return err },
			func() error { _, err := x.Write([]byte("no window")); return err },
		} {
			x.SetReadDeadline(time.Now().Add(time.Minute))
			x.SetWriteDeadline(time.Now().Add(time.Minute))
			x.SetReadDeadline(time.Now().Add(2 * time.Minute))
			if err := wait(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
			x.SetReadDeadline(time.Time{})
			x.SetWriteDeadline(time.Time{})
		}
		if n, err := io.WriteString(x, "at last"); n != 7 || err != nil {
			t.Error(n, err)
		}
		x.Close()
	})
}

// A server that holds its settings back sees who asks before; and nobody else.
func TestEarly(t *testing.T) {
	for _, waits := range []bool{true, false} {
		both(t, Config{Window: Usual}, Config{Window: Usual, Hold: time.Second}, func(x *Stream) {
			if x.Early() == waits {
				t.Errorf("waits %v, early %v", waits, x.Early())
			}
			echo(x)
		}, func(t *testing.T, c *Conn) {
			if waits {
				c.AwaitSettings(patience)
			}
			x := c.NewStream()
			x.Head(connect, Form{})
			if _, err := x.AwaitHead(patience); err != nil {
				t.Error(err)
			}
			x.Close()
		})
	}
}

// The smallest window that a case wants counts until that case is over.
func TestNarrow(t *testing.T) {
	both(t, Config{Window: Usual}, Config{Window: Usual}, func(x *Stream) {
		c := x.Conn()
		other := c.NewStream()
		c.Narrow(other, 0)
		c.Narrow(x, 5)
		x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, Form{})
		time.Sleep(time.Second)
		x.SetReadDeadline(time.Now())
		if n, err := x.Read(make([]byte, 10)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d bytes through no window, %v", n, err)
		}
		x.SetReadDeadline(time.Time{})
		c.Widen(other)
		time.Sleep(time.Second)
		buf := make([]byte, 10)
		if n, _ := x.Read(buf); string(buf[:n]) != "01234" {
			t.Errorf("%q through a window of 5", buf[:n])
		}
		c.Widen(x)
		io.ReadFull(x, buf[:5])
		x.Close()
	}, func(t *testing.T, c *Conn) {
		x := c.NewStream()
		x.Head(connect, Form{})
		x.AwaitHead(patience)
		if n, err := io.WriteString(x, "0123456789"); n != 10 || err != nil {
			t.Error(n, err)
		}
		io.ReadAll(x)
	})
}

func TestPreface(t *testing.T) {
	for _, begin := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PRI"} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				io.WriteString(theirs, begin)
				theirs.Close()
			}()
			if c, err := Server(ours, nil, Config{}); c != nil || err == nil {
				t.Errorf("%q: %v", begin, err)
			}
			ours.Close()
		})
	}
}
