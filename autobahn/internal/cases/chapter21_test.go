package cases

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/hawser-ws/websocket/autobahn/internal/mate"
	"github.com/hawser-ws/websocket/autobahn/internal/mux"
	"github.com/hawser-ws/websocket/autobahn/internal/play"
	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
	"github.com/hawser-ws/websocket/internal/naive"
)

var connectAllowed = []http2.Setting{{ID: http2.SettingEnableConnectProtocol, Val: 1}}

// playStream plays a case with a server of HTTP/2 that does serve with each stream, in a bubble's
// time.
func playStream(t *testing.T, id string, serve func(x *mux.Stream)) (r *verdict.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		var serving, streams sync.WaitGroup
		serving.Go(func() {
			c, err := mux.Server(theirs, nil, mux.Config{Window: mux.Usual, Settings: connectAllowed, Request: serve, Serving: &streams})
			if err != nil {
				t.Error(err)
				return
			}
			c.Wait()
			streams.Wait()
		})
		cs := caseNamed(t, verdict.Server, id)
		c := mux.Client(ours, mux.Config{Window: cs.StreamWindow()})
		s := play.NewSession(verdict.Server, c.Only(), cs, 10*time.Second)
		s.Play(t.Context(), &play.Connect{Target: &url.URL{Scheme: "ws", Host: "example.com", Path: "/"}})
		r = s.Result
		c.Close()
		serving.Wait()
	})
	return r
}

// takes opens a WebSocket whatever was asked.
func takes(x *mux.Stream) {
	x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, mux.Form{})
	echoOn(x, func() { x.CloseWrite() })
}

// echoOn sends every message back, answers a Close frame, and then calls end.
func echoOn(x *mux.Stream, end func()) {
	var pending []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := x.Read(buf)
		if err != nil {
			x.Close()
			return
		}
		pending = append(pending, buf[:n]...)
		for {
			f, size := naive.DecodeHeader(pending)
			if size == 0 || uint64(len(pending)-size) < f.Length {
				break
			}
			f.Payload = pending[size : size+int(f.Length)]
			naive.Mask(f.Payload, f.Key, 0)
			pending = pending[size+int(f.Length):]
			f.Masked, f.Key = false, [4]byte{}
			x.Write(naive.Encode(f))
			if f.Opcode == play.OpClose {
				end()
				io.Copy(io.Discard, x)
				x.CloseWrite()
				x.Close()
				return
			}
		}
	}
}

// resets refuses everything with a code that says nothing.
func resets(x *mux.Stream) {
	x.Reset(http2.ErrCodeInternal)
	x.Close()
}

// refuses answers everything with a status.
func refuses(status string) func(x *mux.Stream) {
	return func(x *mux.Stream) {
		x.Head([]hpack.HeaderField{{Name: ":status", Value: status}}, mux.Form{EndStream: true})
		x.Close()
	}
}

// Of every case the verdict is known on servers that do wrong.
func TestServersOfHTTP2(t *testing.T) {
	binds := "21.1.1 21.1.2 21.1.3 21.1.4 21.1.10 21.1.19 21.1.20 21.1.21 21.1.25" // NON-STRICT to accept
	for _, c := range Over(verdict.Server, OverHTTP2) {
		if !strings.HasPrefix(c.ID, "21.1.") {
			continue
		}
		want := verdict.Failed
		switch {
		case strings.Contains(binds+" ", c.ID+" "):
			want = verdict.NonStrict
		case c.ID == "21.1.7":
			want = verdict.OK
		case c.ID == "21.1.23":
			want = verdict.Informational
		}
		if r := playStream(t, c.ID, takes); r.Worst() != want {
			t.Errorf("%s, taken: %s, want %s: %s", c.ID, r.Worst(), want, r.Result)
		}
		if r := playStream(t, c.ID, resets); r.Worst() != verdict.NonStrict {
			t.Errorf("%s, reset: %s: %s", c.ID, r.Worst(), r.Result)
		}
	}
	for _, row := range []struct {
		name, id string
		serve    func(x *mux.Stream)
		want     verdict.Verdict
		says     string
	}{
		{"does well", "21.2.1", takes, verdict.OK, ""},
		{"does well", "21.8.1", takes, verdict.OK, ""},
		{"does well", "21.6.7", takes, verdict.OK, ""},
		{"does well", "21.6.8", takes, verdict.OK, ""},
		{"does well", "21.7.1", takes, verdict.OK, "END_STREAM"},
		{"resets", "21.2.1", resets, verdict.Failed, "INTERNAL_ERROR"},
		{"does not know keys", "21.2.3", refuses("400"), verdict.Failed, "HTTP/2 400"},
		{"wants fewer fields", "21.2.5", refuses("431"), verdict.Informational, "431"},
		{"wants a subprotocol", "21.2.10", refuses("400"), verdict.Informational, "400"},
		{"says the version with the wrong field", "21.1.24", refuses("400"), verdict.Failed, "does not list 13"},
		{"answers twice", "21.2.1", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}, {Name: ":status", Value: "200"}}, mux.Form{})
			echoOn(x, func() {})
		}, verdict.Failed, "2 :status fields"},
		{"answers with a field of HTTP/1.1", "21.2.1", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}, {Name: "upgrade", Value: "websocket"}}, mux.Form{})
			echoOn(x, func() {})
		}, verdict.Failed, "which HTTP/2 does not have"},
		{"answers with capital letters", "21.2.1", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}, {Name: "Server", Value: "x"}}, mux.Form{})
			echoOn(x, func() {})
		}, verdict.Failed, "small letters"},
		{"ends the stream with its answer", "21.2.1", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, mux.Form{EndStream: true})
			io.Copy(io.Discard, x)
			x.Close()
		}, verdict.Failed, "has END_STREAM"},
		{"agrees to what was not offered", "21.2.9", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}, {Name: "sec-websocket-extensions", Value: "x-hawser-unknown"}}, mux.Form{})
			echoOn(x, func() {})
		}, verdict.Failed, "x-hawser-unknown"},
		{"agrees to no compression", "21.2.13", takes, verdict.Unimplemented, ""},
		{"says nothing", "21.2.1", func(x *mux.Stream) {
			io.Copy(io.Discard, x)
			x.Close()
		}, verdict.Failed, "did not finish the opening handshake"},
		{"says nothing", "21.1.5", func(x *mux.Stream) {
			io.Copy(io.Discard, x)
			x.Close()
		}, verdict.Failed, "neither accepted nor refused"},
		{"leaves the end to the client", "21.7.1", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, mux.Form{})
			echoOn(x, func() {})
		}, verdict.NonStrict, "left the end of the stream to the client"},
		{"keeps the stream", "21.7.1", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, mux.Form{})
			echoOn(x, func() { time.Sleep(time.Minute) })
		}, verdict.Unclean, "did not end the stream"},
		{"resets the stream", "21.7.1", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, mux.Form{})
			echoOn(x, func() { x.Reset(http2.ErrCodeCancel) })
		}, verdict.NonStrict, "RST_STREAM CANCEL"},
		{"ends without a Close frame", "21.7.3", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, mux.Form{})
			io.Copy(io.Discard, x)
			x.CloseWrite()
			x.Close()
		}, verdict.Failed, "No Close frame"},
		{"keeps its half", "21.7.7", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, mux.Form{})
			io.Copy(io.Discard, x)
			time.Sleep(time.Minute)
			x.Close()
		}, verdict.NonStrict, "2s"},
		{"ends the connection", "21.7.8", takes, verdict.NonStrict, "GOAWAY PROTOCOL_ERROR"},
		{"knows no second stream", "21.8.1", func(x *mux.Stream) {
			if x.ID() > 1 {
				resets(x)
				return
			}
			takes(x)
		}, verdict.Failed, "second stream"},
		{"is silent on the second stream", "21.8.2", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, mux.Form{})
			if x.ID() > 1 {
				io.Copy(io.Discard, x)
				x.Close()
				return
			}
			echoOn(x, func() { x.CloseWrite() })
		}, verdict.Failed, ""},
		{"sends more than the window", "21.6.6", func(x *mux.Stream) {
			x.Head([]hpack.HeaderField{{Name: ":status", Value: "200"}}, mux.Form{})
			x.Read(make([]byte, 1))
			x.Conn().Send(func(f *http2.Framer) error { return f.WriteData(x.ID(), false, naive.Encode(text(hello))) })
			io.Copy(io.Discard, x)
			x.Close()
		}, verdict.Failed, "more than the window"},
	} {
		r := playStream(t, row.id, row.serve)
		if r.Worst() != row.want || !strings.Contains(r.Result+r.ResultClose, row.says) {
			t.Errorf("%s, a server that %s: %s, %s, want %s and %q: %s %s", row.id, row.name, r.Behavior, r.BehaviorClose, row.want, row.says, r.Result, r.ResultClose)
		}
	}
}

// A caller is a client of HTTP/2: what it asks, and what it does with the stream when the answer
// has come.
type caller struct {
	asks  []hpack.HeaderField
	form  mux.Form
	hasty bool // it asks before it has read the settings
	do    func(x *mux.Stream)
}

// playClient plays a case with a client, in a bubble's time.
func playClient(t *testing.T, id string, client caller) (r *verdict.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		results := make(chan *verdict.Result, 1)
		var serving, streams sync.WaitGroup
		serving.Go(func() {
			c, err := mux.Server(ours, nil, mux.Config{Window: mux.Usual, Settings: connectAllowed, Hold: 50 * time.Millisecond, Serving: &streams, Request: func(x *mux.Stream) {
				fields, err := x.AwaitHead(mate.Forever)
				if err != nil {
					t.Error(err)
				}
				s := play.NewSession(verdict.Client, x, caseNamed(t, verdict.Client, id), 10*time.Second)
				s.Play(t.Context(), &play.ConnectAnswer{Head: play.RequestOf(fields)})
				results <- s.Result
			}})
			if err != nil {
				t.Error(err)
				return
			}
			c.Wait()
			streams.Wait()
		})
		c := mux.Client(theirs, mux.Config{Window: mux.Usual})
		if !client.hasty {
			c.AwaitSettings(mate.Forever)
		}
		x := c.NewStream()
		x.Head(client.asks, client.form)
		if _, err := x.AwaitHead(mate.Forever); err == nil {
			client.do(x)
		}
		r = <-results
		c.Close()
		serving.Wait()
	})
	return r
}

var usualAsk = []hpack.HeaderField{
	{Name: ":method", Value: "CONNECT"}, {Name: ":protocol", Value: "websocket"}, {Name: ":scheme", Value: "http"},
	{Name: ":path", Value: "/"}, {Name: ":authority", Value: "example.com"}, {Name: "sec-websocket-version", Value: "13"},
}

// maskedOn sends a frame as a client does.
func maskedOn(x *mux.Stream, f naive.Frame) {
	f.Masked, f.Key = true, play.FreshKey()
	x.Write(naive.Encode(f))
}

// comesIn takes any answer, and sends a message.
func comesIn(x *mux.Stream) {
	maskedOn(x, text("here"))
	io.Copy(io.Discard, x)
}

// good answers the message of the suite, and its Close frame.
func good(x *mux.Stream) {
	buf := make([]byte, 4096)
	for {
		n, err := x.Read(buf)
		if err != nil {
			x.CloseWrite()
			return
		}
		for p := buf[:n]; ; {
			f, size := naive.DecodeHeader(p)
			if size == 0 {
				break
			}
			f.Payload = p[size : size+int(f.Length)]
			p = p[size+int(f.Length):]
			maskedOn(x, f)
		}
	}
}

// Of every answer that a client has to refuse, the verdict is known on those that take it.
func TestClientsOfHTTP2(t *testing.T) {
	for _, c := range Over(verdict.Client, OverHTTP2) {
		if !strings.HasPrefix(c.ID, "21.3.") {
			continue
		}
		if r := playClient(t, c.ID, caller{asks: usualAsk, do: comesIn}); r.Worst() != verdict.Failed {
			t.Errorf("%s, taken: %s: %s", c.ID, r.Worst(), r.Result)
		}
		if r := playClient(t, c.ID, caller{asks: usualAsk, do: func(x *mux.Stream) { x.Reset(http2.ErrCodeCancel) }}); r.Worst() != verdict.OK {
			t.Errorf("%s, refused: %s: %s", c.ID, r.Worst(), r.Result)
		}
		if r := playClient(t, c.ID, caller{asks: usualAsk, do: func(x *mux.Stream) {
			x.Conn().Send(func(f *http2.Framer) error { return f.WriteGoAway(0, http2.ErrCodeProtocol, nil) })
			x.Conn().Close()
		}}); r.Worst() != verdict.NonStrict {
			t.Errorf("%s, with the connection: %s: %s", c.ID, r.Worst(), r.Result)
		}
		want := verdict.Failed
		if c.Door.Ends {
			want = verdict.NonStrict
		}
		if r := playClient(t, c.ID, caller{asks: usualAsk, do: func(x *mux.Stream) { io.Copy(io.Discard, x) }}); r.Worst() != want {
			t.Errorf("%s, kept: %s, want %s: %s", c.ID, r.Worst(), want, r.Result)
		}
	}
	change := func(do func(f hpack.HeaderField) (hpack.HeaderField, bool)) (list []hpack.HeaderField) {
		for _, f := range usualAsk {
			if f, keep := do(f); keep {
				list = append(list, f)
			}
		}
		return list
	}
	with := func(name, value string) []hpack.HeaderField {
		return append(change(func(f hpack.HeaderField) (hpack.HeaderField, bool) { return f, true }), hpack.HeaderField{Name: name, Value: value})
	}
	without := func(name string) []hpack.HeaderField {
		return change(func(f hpack.HeaderField) (hpack.HeaderField, bool) { return f, f.Name != name })
	}
	for _, row := range []struct {
		name, id string
		asks     []hpack.HeaderField
		do       func(x *mux.Stream)
		want     verdict.Verdict
	}{
		{"does well", "21.4.1", usualAsk, good, verdict.OK},
		{"does well", "21.5.1", usualAsk, good, verdict.OK},
		{"does well", "21.5.5", usualAsk, good, verdict.OK},
		{"does well", "21.5.6", usualAsk, good, verdict.OK},
		{"refuses 204", "21.4.3", usualAsk, func(x *mux.Stream) { x.Reset(http2.ErrCodeCancel) }, verdict.NonStrict},
		{"refuses 200", "21.4.1", usualAsk, func(x *mux.Stream) { x.Reset(http2.ErrCodeCancel) }, verdict.Failed},
		{"has no :scheme", "21.5.1", without(":scheme"), good, verdict.Failed},
		{"has no :authority", "21.5.1", without(":authority"), good, verdict.Failed},
		{"has a pseudo-header field of its own", "21.5.1", append([]hpack.HeaderField{{Name: ":mine", Value: "1"}}, usualAsk...), good, verdict.Failed},
		{"has a pseudo-header field behind others", "21.5.1", with(":mine", "1"), good, verdict.Failed},
		{"has Connection", "21.5.2", with("connection", "upgrade"), good, verdict.Failed},
		{"has capital letters", "21.5.2", with("User-Agent", "x"), good, verdict.Failed},
		{"has no version", "21.5.3", without("sec-websocket-version"), good, verdict.Failed},
		{"has two versions", "21.5.3", with("sec-websocket-version", "13"), good, verdict.Failed},
		{"has Content-Length", "21.5.4", with("content-length", "0"), good, verdict.Failed},
		{"resets first", "21.7.2", usualAsk, func(x *mux.Stream) {
			io.ReadFull(x, make([]byte, 4))
			maskedOn(x, whole(play.OpClose, "\x03\xe8"))
			x.Reset(http2.ErrCodeCancel)
		}, verdict.NonStrict},
		{"ends its half first", "21.7.2", usualAsk, func(x *mux.Stream) {
			io.ReadFull(x, make([]byte, 4))
			maskedOn(x, whole(play.OpClose, "\x03\xe8"))
			x.CloseWrite()
		}, verdict.OK},
		{"goes on after 1 to 0", "21.8.6", usualAsk, good, verdict.OK}, // the suite's own client does not
		{"ends at GOAWAY", "21.8.8", usualAsk, func(x *mux.Stream) {
			time.Sleep(20 * time.Millisecond)
			x.Reset(http2.ErrCodeCancel)
		}, verdict.NonStrict},
	} {
		r := playClient(t, row.id, caller{asks: row.asks, do: row.do})
		if r.Worst() != row.want {
			t.Errorf("%s, a client that %s: %s, %s, want %s: %s %s", row.id, row.name, r.Behavior, r.BehaviorClose, row.want, r.Result, r.ResultClose)
		}
	}
}

// A client that does not wait for the server, or ends its stream, is found out.
func TestHastyClientsOfHTTP2(t *testing.T) {
	if r := playClient(t, "21.5.5", caller{asks: usualAsk, hasty: true, do: good}); r.Worst() != verdict.Failed || !strings.Contains(r.Result, "before the server had said") {
		t.Errorf("before the settings: %s, %s", r.Worst(), r.Result)
	}
	ended := caller{asks: usualAsk, form: mux.Form{EndStream: true}, do: func(x *mux.Stream) { io.Copy(io.Discard, x) }}
	if r := playClient(t, "21.5.4", ended); r.Worst() != verdict.Failed || !strings.Contains(r.Result, "the request has END_STREAM") {
		t.Errorf("END_STREAM: %s, %s", r.Worst(), r.Result)
	}
}
