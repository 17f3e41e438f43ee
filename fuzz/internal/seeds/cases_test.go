package seeds

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/websocket/autobahn"
	"github.com/hawser-ws/websocket/internal/naive"
)

var update = flag.Bool("update", false, "write testdata/cases.txt")

// Of chapter 9, which is about megabytes, and of the sizes in chapters 12 and 13
// nothing would fit.
const playedCases, without = autobahn.Quick, "9.*"

// Heads longer than most are left out, as is the one of 20.1.25 that does not end.
// Streams longer than that are cut behind the last frame that ends within kept, and
// those whose first frame does not are left out: large messages say nothing to a
// fuzz target that small ones do not.
const most, kept = 8 << 10, 4 << 10

// testdata/cases.txt is what the suite plays:
//
//	go test ./fuzz/internal/seeds -run TestCases -update
func TestCases(t *testing.T) {
	lines := map[string]map[string]string{"server": hearServer(t)}
	// The suite as a client dials by TCP and waits by the clock, half a minute in all;
	// on a machine that stands still its timers cut cases short. So that half is only
	// played to be written.
	if *update {
		lines["client"] = hearClient(t)
		write(t, lines)
		return
	}
	all, err := parseCases(cases)
	if err != nil {
		t.Fatal(err)
	}
	Need(t, all.streams, 400)
	Need(t, all.requests, 40)
	Need(t, all.responses, 15)
	known := map[string]bool{}
	for line := range strings.Lines(cases) {
		what, data := strings.Fields(line)[0], strings.Fields(line)[2]
		known[what+" "+data] = true
	}
	for id, played := range lines["server"] {
		for line := range strings.Lines(played) {
			if line = strings.TrimSpace(line); !known[line] {
				t.Errorf("case %s now sends %s: -update?", id, line)
			}
		}
	}
}

// write writes each line once, with the first case that sends it.
func write(t *testing.T, lines map[string]map[string]string) {
	t.Helper()
	var out strings.Builder
	seen := map[string]bool{}
	for _, end := range []string{"server", "client"} {
		judged := autobahn.Client
		if end == "client" {
			judged = autobahn.Server
		}
		for _, c := range chosen(t, judged) {
			for line := range strings.Lines(lines[end][c.ID]) {
				if !seen[line] {
					seen[line] = true
					what, data, _ := strings.Cut(line, " ")
					fmt.Fprintf(&out, "%s %s %s", what, c.ID, data)
				}
			}
		}
	}
	if err := os.WriteFile("testdata/cases.txt", []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func chosen(t *testing.T, judged autobahn.Role) []*autobahn.Case {
	t.Helper()
	selection, exclude := checked, ""
	if *update || checked == playedCases {
		selection, exclude = playedCases, without
	}
	list, err := autobahn.Select(judged, selection, exclude)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// pipes is a listener in memory.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// hearServer has the suite be the server, in memory.
func hearServer(t *testing.T) map[string]string {
	list := chosen(t, autobahn.Client)
	heard := map[string]string{}
	synctest.Test(t, func(t *testing.T) {
		l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		suite := &autobahn.FuzzingServer{Cases: list}
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { defer close(over); _ = suite.Serve(ctx, l) }()
		for i, c := range list {
			ours, theirs := net.Pipe()
			l.conns <- theirs
			p := &patient{conn: ours, isClient: true}
			p.run(request(c.ID, i+1))
			heard[c.ID] = entries(p, "response", "server")
		}
		stop()
		<-over
	})
	return heard
}

// request asks for a case, with the offer that the case has a use for.
func request(id string, n int) string {
	offer := "permessage-deflate; client_max_window_bits"
	for chapter, more := range map[string]string{
		"13.2.": "; server_no_context_takeover", "13.3.": "; server_max_window_bits=9",
		"13.5.": "; server_no_context_takeover; server_max_window_bits=9", "13.6.": "; server_no_context_takeover",
		"13.7.": "; server_no_context_takeover; server_max_window_bits=9",
	} {
		if strings.HasPrefix(id, chapter) {
			offer += more
		}
	}
	return fmt.Sprintf("GET /runCase?case=%d&agent=a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: %s\r\n\r\n", n, offer)
}

// hearClient has the suite be the client. It comes by TCP, and waits as long as it
// does, so many cases are played at a time.
func hearClient(t *testing.T) map[string]string {
	heard := map[string]string{}
	var mu sync.Mutex
	var playing sync.WaitGroup
	slots := make(chan struct{}, 64)
	for _, c := range chosen(t, autobahn.Server) {
		slots <- struct{}{}
		playing.Go(func() {
			defer func() { <-slots }()
			lines := hearClientIn(t, c)
			mu.Lock()
			defer mu.Unlock()
			heard[c.ID] = lines
		})
	}
	playing.Wait()
	return heard
}

func hearClientIn(t *testing.T, c *autobahn.Case) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Error(err)
		return ""
	}
	last := make(chan *patient)
	go func() {
		var p *patient
		for {
			conn, err := l.Accept()
			if err != nil {
				last <- p
				return
			}
			p = &patient{conn: conn}
			p.run("")
		}
	}()
	suite := &autobahn.FuzzingClient{URL: "ws://" + l.Addr().String() + "/", Cases: []*autobahn.Case{c}, Parallel: 1}
	if _, err := suite.Run(t.Context()); err != nil {
		t.Errorf("case %s: %v", c.ID, err)
	}
	l.Close()
	return entries(<-last, "request", "client")
}

// entries are lines of cases.txt, without the case.
func entries(p *patient, headed, end string) string {
	line := ""
	if len(p.head) <= most {
		line = fmt.Sprintf("%s %s\n", headed, base64.RawStdEncoding.EncodeToString(fixed(p.head)))
	}
	data := p.data
	if headed == "request" {
		data = remasked(data)
	}
	if len(data) > most {
		data = data[:frames(data, kept)]
	}
	if len(data) == 0 {
		return line
	}
	if p.deflate {
		end += "+deflate"
	}
	return line + fmt.Sprintf("%s %s\n", end, base64.RawStdEncoding.EncodeToString(data))
}

// frames is how many bytes the frames have that end within limit.
func frames(data []byte, limit int) (n int) {
	for {
		_, size := naive.Decode(data[n:])
		if size == 0 || n+size > limit {
			return n
		}
		n += size
	}
}

// remasked has the fixed key for every masked frame, and for one that does not end.
func remasked(data []byte) []byte {
	data = slices.Clone(data)
	for rest := data; ; {
		f, n := naive.DecodeHeader(rest)
		if n == 0 {
			return data
		}
		body := rest[n:]
		rest = nil
		if uint64(len(body)) > f.Length {
			body, rest = body[:f.Length], body[f.Length:]
		}
		if f.Length > 1<<32 { // what comes after it cannot be told from its payload
			data = data[:len(data)-len(body)]
			body, rest = nil, nil
		}
		if f.Masked && f.Key != [4]byte{} { // a key of zeros is what its case is about
			naive.Mask(body, f.Key, 0)
			copy(data[len(data)-len(rest)-len(body)-4:], key[:])
			naive.Mask(body, key, 0)
		}
		if len(rest) == 0 {
			return data
		}
	}
}

var (
	address = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	nonce   = regexp.MustCompile(`[A-Za-z0-9+/]{22}==`)
	digest  = regexp.MustCompile(`[A-Za-z0-9+/]{27}=`)
)

// ours answers the nonce of RFC 6455 §1.3.
const ours, other = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="

// fixed is a head without what is different every time.
func fixed(head []byte) []byte {
	head = digest.ReplaceAllFunc(head, func(d []byte) []byte {
		if string(d) == ours {
			return d
		}
		return []byte(other)
	})
	head = address.ReplaceAll(head, []byte("127.0.0.1:9001"))
	return nonce.ReplaceAll(head, []byte("dGhlIHNhbXBsZSBub25jZQ=="))
}
