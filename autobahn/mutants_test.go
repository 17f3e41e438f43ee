package autobahn

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A mutant is our engine with one thing wrong, which the suite has to see. The
// cases of plays that are in neither must nor may have to pass. All three are
// patterns of Select.
type mutant struct {
	name     string
	file     string  // of the engine, from the root of the module
	old, new string  // old must occur once
	role     Role    // 0 for both
	plays    string  // light if nothing is said
	must     string  // must not pass
	may      string  // may pass or not: it depends on how TCP cuts the stream
	verdict  Verdict // of must; any that is no pass if nothing is said
	http2    bool    // over streams of HTTP/2
}

// What is played of most mutants: little that moves megabytes or is waited for
// long. What is wrong with compression is played with what is about it, and with
// a little else, which has to go on working.
const (
	brief    = "1.?.[1-5],2.*,3.*,4.*,5.*,6.*,7.*,20.[1-9].*"
	light    = brief + ",1.?.[678],10.*,20.15.6"
	deflated = "1.?.[1-5],3.*,12.1.4,12.3.4,13.[235].4,20.[34].*,20.1[0-4].*"
	streams  = "1.?.[1-5],5.[1-8],21.*"
)

var mutants = []mutant{
	{name: "none", plays: light + "," + deflated},
	{name: "text is not checked", file: "conn/decoder_payload.go",
		old: "case !d.judges(op):", new: "case true:",
		must: "6.[34].*,6.6.[13468],6.6.10,6.8.*,6.1[02-9].*,6.11.5,6.2[01].*", verdict: Failed},
	{name: "text is checked when the message has ended", file: "conn/decoder_payload.go",
		old: "if !d.open(d.sequence.opcode, p) {", new: "if !d.open(d.sequence.opcode, p) && false {",
		must: "6.4.*", verdict: NonStrict},
	{name: "a text of one frame may end within a character", file: "conn/decoder_single.go",
		old: "d.open(op, payload) && d.sequence.text.Complete()", new: "d.open(op, payload)",
		must: "6.6.[13468],6.6.10,6.14.[67]", verdict: Failed},
	{name: "a message of one frame may be masked", file: "frame/whole.go", role: Client,
		old: "b1&bitMask != 0 != masked", new: "false",
		must: "20.5.[12]", verdict: Failed},
	{name: "RSV2 is accepted", file: "frame/check.go",
		old: "if b0&bitRSV2 != 0 {", new: "if false {",
		must: "3.2", verdict: Failed},
	{name: "an empty Close frame is answered with 1005", file: "frame/close.go",
		old: "if code == NoStatus {", new: "if false {",
		must: "7.3.1"},
	// What comes back of 7.9.4, 1005, is an empty Close frame, which is always fine.
	{name: "codes that may not be sent are sent back", file: "frame/close.go",
		old: "if !ValidCloseCode(code) {", new: "if false {",
		must: "7.9.[1-35-9],20.8.[4-7]", verdict: Failed},
	// Pieces whose lengths are multiples of four do no harm.
	{name: "the masking key begins anew with every read", file: "conn/decoder_payload.go", role: Server, plays: brief + ",9.[12].1",
		old:  "d.key = frame.Mask(p, d.key)\n\t\t}\n\t\treturn true\n\tcase d.want.Masked:\n\t\td.key, valid =",
		new:  "frame.Mask(p, d.key)\n\t\t}\n\t\treturn true\n\tcase d.want.Masked:\n\t\t_, valid =",
		must: "9.[12].1,20.9.2", may: "3.[34],4.?.5,5.[58],6.4.[34],20.7.*,20.9.3", verdict: Failed},
	{name: "the masking key begins anew with every write", file: "conn/outbox.go", role: Client, plays: brief + ",9.[12].1",
		old: "o.tailKey = frame.MaskCopy(", new: "frame.MaskCopy(",
		must: "9.[12].1"},
	// In 20.7.6 and 20.15.6 a Pong may stand for those before it. The upper bits
	// of limit count the Pings here: no message of these cases comes near it.
	{name: "every third Ping gets no Pong", file: "hosts.go",
		old: "c.out.queuePong(payload)", new: "if c.in.limit.Add(1<<40)>>40%3 != 0 { c.out.queuePong(payload) }",
		must: "2.1[01]", verdict: Failed},
	{name: "Pongs are empty", file: "hosts.go", plays: brief,
		old: "c.out.queuePong(payload)", new: "c.out.queuePong(nil)",
		must: "2.[23469],2.1[01],5.[678],5.19,5.20,20.7.6,20.9.2", verdict: Failed},
	{name: "TCP ends in place of a Close frame in reply", file: "closing.go", plays: "1.*,2.*,3.*,6.5.*,7.*",
		old: "h.lastFrame(ctx, body, conn.SendClose)", new: "h.life.report(conn.Abandon, nil)",
		must: "1.*,2.[1-46-9],2.1[01],6.5.*,7.1.[1-5],7.3.[1345],7.7.*", verdict: Unclean},
	// Nearly everywhere that is fine with the original. Echoes that are under way
	// may be lost with TCP.
	{name: "TCP ends in place of a Close frame that says what was wrong", file: "close.go",
		old: "c.life.report(e, cause)", new: "c.life.report(conn.Abandon, cause)",
		// To close TCP and say nothing is what section 5.1 asks for about masks.
		must: "20.6.*,20.7.[3489]", may: "3.[2-4],4.?.[345],5.15,20.7.5", verdict: NonStrict},
	{name: "a server leaves the end of TCP to the client", file: "closing.go", role: Server, plays: "3.*,7.*",
		old: "if h.endsAtOnce() {\n", new: "if false {\n",
		must: "3.*,7.1.[1-5],7.3.*,7.5.*,7.7.*,7.9.*"},
	{name: "a client ends TCP before the server does", file: "closing.go", role: Client,
		old: "if h.endsAtOnce() {\n", new: "if true {\n",
		must: "20.8.14", verdict: NonStrict},
	// In chapters 9 and 10 all bytes of a message in fragments are the same.
	{name: "fragments are put together from the last to the first", file: "read.go",
		old: "if dst, err = r.appendPayload(ctx, dst); err != nil {", new: `
		before := len(dst)
		dst, err = r.appendPayload(ctx, dst)
		dst = append(slices.Clone(dst[before:]), dst[:before]...)
		if err != nil {`,
		must: "5.[3-8],5.15,5.19,5.20,6.2.[234],20.7.[267]"},
	{name: "lengths need not be encoded in the fewest bytes", file: "frame/check.go",
		old: "switch h.Extended {", new: "switch 0 {",
		must: "20.6.[1-5]", verdict: NonStrict},
	{name: "a server accepts frames without a mask", file: "frame/check.go", role: Server,
		old: "masked != want.Masked {", new: "masked != want.Masked && masked {",
		must: "20.5.[1235]", may: "20.5.4", verdict: Failed}, // a Close frame that is taken ends the connection, too
	{name: "a client accepts masked frames", file: "frame/check.go", role: Client,
		old: "masked != want.Masked {", new: "masked != want.Masked && want.Masked {",
		must: "20.5.[1235]", may: "20.5.4", verdict: Failed},
	{name: "any version will do", file: "handshake/accept.go", role: Server,
		old: "len(r.Version) == 0 || trimSpace(r.Version[0]) != Version:", new: "len(r.Version) == 0:",
		must: "20.1.1[5-7]", verdict: Failed}, // version 8 may be understood
	{name: "all masking keys are the same", file: "internal/maskkey/maskkey.go", role: Client,
		old: "return frame.Key(key)", new: "return frame.Key(key&0+1)",
		must: "20.5.7", verdict: Failed},
	{name: "all nonces are the same", file: "handshake/key.go", role: Client,
		old: "EncodeToString(random[:])", new: "EncodeToString(make([]byte, 16))",
		must: "20.4.9", verdict: Failed},
	{name: "a client that cannot accept the answer keeps TCP", file: "internal/dial/attempt.go", role: Client,
		old:  "excerpt(resp, func() { _ = r.raw.Close() })\n\t\tr.close()",
		new:  "r.stop()\n\t\tgo func() { for err := error(nil); err == nil; { _, err = r.conn.Read(make([]byte, 64)) } }()",
		must: "20.3.[1-9],20.3.1[013-9],20.3.2*", may: "20.3.12", verdict: Failed},

	{name: "a window is smaller than what was agreed on", file: "conn/inflate.go", role: Server, plays: deflated,
		old: "e.decoder.Reset(1<<f.terms.WindowBits, f.window)", new: "e.decoder.Reset(1<<f.terms.WindowBits>>1, f.window)",
		must: "20.10.*", verdict: Failed},
	{name: "the window is larger than what was agreed on", file: "conn/deflate.go", plays: deflated,
		old: "e.encoder.Reset(d.terms.WindowBits, d.level)", new: "e.encoder.Reset(15, d.level)",
		must: "13.[35].4,20.10.[1-7],20.10.10", verdict: Failed},
	{name: "messages refer to those before them, which was agreed not to be", file: "conn/deflate.go", plays: deflated,
		old: "level int) Deflater {", new: "level int) Deflater {\n\tt.Takeover = true",
		must: "13.[25].4,20.10.9", verdict: Failed},
	{name: "what messages refer to is forgotten", file: "conn/inflate.go", role: Client, plays: deflated,
		old: "if f.terms.Takeover {", new: "if false {",
		must: "12.*,13.*,20.10.*", verdict: Failed},
	// The offers of other cases do without takeover.
	{name: "what messages refer to is forgotten", file: "conn/inflate.go", role: Server, plays: deflated,
		old: "if f.terms.Takeover {", new: "if false {",
		must: "20.10.1[12]", verdict: Failed},
	{name: "the last bytes of what is compressed are not removed", file: "conn/deflate.go", plays: deflated,
		old: "return p[:len(p)-len(Trailer)]", new: "return p",
		must: "12.*,13.*,20.10.*,20.13.[789],20.13.10", verdict: Failed},
	{name: "the last bytes of what is compressed are not put back", file: "conn/inflate.go", plays: deflated,
		old: "e.trailer = f, 0, 0", new: "e.trailer = f, 0, len(Trailer)",
		must: "12.*,13.*,20.10.*,20.12.[89],20.13.*", may: "20.12.4,20.14.1", verdict: Failed}, // the last is then an empty message
	{name: "there must be no final block", file: "internal/inflate/block.go", plays: deflated,
		old: "d.after = padding\n", new: "return d.fail(ErrReservedBlock)\n",
		must: "20.13.6", verdict: Failed},
	{name: "RSV1 is accepted in the middle of a message", file: "frame/check.go", plays: deflated,
		old: "opcode != Text && opcode != Binary {", new: "opcode != Text && opcode != Binary && opcode != Continuation {",
		must: "20.12.[45]"},
	{name: "compressed text is not checked", file: "conn/decoder_inflate.go", plays: deflated,
		old: "d.judges(d.sequence.opcode) &&", new: "false &&",
		must: "20.14.[89]"},
	{name: "what does not inflate is answered with 1011", file: "conn/inflate.go", plays: deflated,
		old: "codeInvalidPayload = 1007", new: "codeInvalidPayload = 1011",
		must: "20.14.[1-7]"},
	{name: "the limit is on what is compressed, not on what it says", file: "conn/sequence.go", plays: deflated + ",20.15.[45]",
		old: "return s.grow(uint64(n), limits.Message)", new: "return s.grow(0, limits.Message)",
		must: "20.15.[45]", verdict: Informational},
	{name: "a larger window is agreed to than was offered", file: "handshake/deflate_accept.go", role: Server, plays: deflated,
		old: "min(d.Server.WindowBits(), offer.Server.MaxWindowBits)", new: "d.Server.WindowBits()",
		must: "20.10.[1-7],20.10.10,20.11.13", verdict: Failed},
	{name: "any value will do for a window", file: "handshake/deflate_header.go", role: Client, plays: deflated,
		old: "return 10 + int(v[1]-'0')\n\t}\n\treturn 0", new: "return 10 + int(v[1]-'0')\n\t}\n\treturn 15",
		must: "20.3.1[789]"},
	{name: "a window may come twice", file: "handshake/deflate_header.go", role: Server, plays: deflated,
		old: "case *form != windowAbsent:", new: "case false:",
		must: "20.11.11"},
	{name: "what has no value may come twice", file: "handshake/deflate_header.go", role: Client, plays: deflated,
		old: "case *flag:", new: "case false:",
		must: "20.3.23"},

	{name: "none, over HTTP/2", http2: true, plays: streams},
	{name: "any protocol is a WebSocket", file: "handshake/connect.go", role: Server, http2: true, plays: streams,
		old: "case lines[0] != ConnectProtocol:", new: "case false:",
		must: "21.1.6", verdict: Failed},
	{name: "a request may end its stream", file: "handshake/connect.go", role: Server, http2: true, plays: streams,
		old: "case r.EndStream:", new: "case false && r.EndStream:",
		must: "21.1.21", verdict: NonStrict},
	{name: "pseudo-header fields of requests may stand anywhere", file: "internal/h2/head.go", role: Server, http2: true, plays: streams,
		old: "if len(h.Fields) > 0 {", new: "if false {",
		must: "21.1.13", verdict: Failed},
	{name: "names of fields may have capital letters", file: "internal/h2/field.go", http2: true, role: Client, plays: streams,
		old: "if c := name[i]; c >= 'A' && c <= 'Z' {", new: "if c := name[i]; c == 0 {",
		must: "21.3.16", verdict: Failed},
	{name: "a second head on a stream is ignored", file: "internal/h2/receive_head.go", http2: true, plays: streams,
		old: "_, err := e.receive(st, RecvHead)\n\t\treturn Event{}, err", new: "return Event{}, nil",
		must: "21.7.[89]", verdict: Failed},
	{name: "a smaller window is not for streams that exist", file: "internal/h2/receive_settings.go", http2: true, plays: streams,
		old: "if grown == 0 {", new: "if grown <= 0 {",
		must: "21.6.8", may: "21.6.[67]", verdict: Failed}, // a client has opened its stream before the setting comes
	{name: "padding is taken for data", file: "internal/h2/receive_data.go", http2: true, plays: streams,
		old: "inData, e.left-pad, pad", new: "inData, e.left, pad*0",
		must: "21.6.4", verdict: Failed},
	{name: "a PING has no answer", file: "internal/h2/receive_frame.go", http2: true, plays: streams,
		old:  "return Event{}, plain(e.provoked(FrameHeader{Type: TypePing, Flags: FlagAck}, payload))",
		new:  "return Event{}, nil",
		must: "21.8.4", verdict: Failed},
	{name: "a server may take extended CONNECT back", file: "internal/h2/settings.go", role: Client, http2: true, plays: streams,
		old: "case from == Server && value < s.ConnectProtocol:", new: "case false:",
		must: "21.8.6", verdict: NonStrict},
	{name: "only 200 will do", file: "internal/dial/http2_answer.go", role: Client, http2: true, plays: streams,
		old: "if resp.StatusCode < 200 || resp.StatusCode > 299 {", new: "if resp.StatusCode != 200 {",
		must: "21.4.[234]", verdict: NonStrict},
	{name: "any status will do", file: "internal/dial/http2_answer.go", role: Client, http2: true, plays: streams,
		old:  "if resp.StatusCode < 200 || resp.StatusCode > 299 {\n\t\treturn handshake.Agreement{}, refused(resp)\n\t}",
		new:  "resp.StatusCode = 200",
		must: "21.3.[2-7]", may: "21.3.8"}, // its stream has ended, and so does the client
	{name: "a server does not end the stream with END_STREAM", file: "closing.go", role: Server, http2: true, plays: streams,
		old: "if h.endsAtOnce() {\n", new: "if false {\n",
		must: "21.7.1", verdict: NonStrict},
}

// Whoever moves code hears of the mutants it leaves behind before any is built.
func TestMutantsAreUpToDate(t *testing.T) {
	for _, m := range mutants {
		if m.file == "" {
			continue
		}
		source, err := os.ReadFile(filepath.Join("..", m.file))
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
			continue
		}
		if n := strings.Count(string(source), m.old); n != 1 {
			t.Errorf("%s: %s holds %q %d times, want once", m.name, m.file, m.old, n)
		}
	}
}

// The suite sees what is wrong with each of the mutants, and nothing else.
func TestMutants(t *testing.T) {
	building, judging := make(chan struct{}, 2), make(chan struct{}, 4)
	var all sync.WaitGroup
	defer all.Wait()
	some := mutants
	if testing.Short() {
		some = some[:4] // each is a build, and seconds of waiting
	}
	for _, m := range some {
		// Not by t.Parallel, which runs as many as there are cores: most of the time
		// they wait.
		all.Go(func() {
			t.Run(m.name, func(t *testing.T) {
				program := m.build(t, building)
				judging <- struct{}{}
				defer func() { <-judging }()
				for _, role := range []Role{Server, Client} {
					if m.role == 0 || m.role == role {
						m.check(t, program, role)
					}
				}
			})
		})
	}
}

// build makes a program of the mutant, and returns its path.
func (m *mutant) build(t *testing.T, turns chan struct{}) string {
	t.Helper()
	turns <- struct{}{}
	defer func() { <-turns }()
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	if m.file != "" {
		source, err := filepath.Abs(filepath.Join("..", m.file))
		must(t, err)
		code, err := os.ReadFile(source)
		must(t, err)
		if n := strings.Count(string(code), m.old); n != 1 {
			t.Fatalf("%s holds %q %d times: the mutant has to be brought up to date", m.file, m.old, n)
		}
		overlay.Replace[source] = filepath.Join(dir, "mutated.go")
		must(t, os.WriteFile(overlay.Replace[source], []byte(strings.Replace(string(code), m.old, m.new, 1)), 0o600))
	}
	list, err := json.Marshal(overlay)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o600))
	program := filepath.Join(dir, "mutant.exe")
	compiler := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-ldflags=-s -w",
		"-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./testdata/mutants")
	compiler.Env = append(os.Environ(), "GOWORK=off")
	if out, err := compiler.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// check has a program judged. What is not as it has to be is played once more,
// with little else going on.
func (m *mutant) check(t *testing.T, program string, role Role) {
	t.Helper()
	choose := Select
	if m.http2 {
		choose = SelectHTTP2
	}
	cases, err := choose(role, cmp.Or(m.plays, light), "")
	must(t, err)
	for _, p := range strings.Split(m.must+","+m.may, ",") {
		if p != "" && !slices.ContainsFunc(cases, func(c *Case) bool { return matches(p, c.ID) }) {
			t.Errorf("%s: %s is none of the cases that are played", role, p)
		}
	}
	seen := 0
	for _, n := range []int{32, 4} {
		var again []*Case
		for i, r := range m.judged(t, program, role, cases, n) {
			wrong := m.wrong(r)
			switch {
			case wrong != "" && n == 32:
				again = append(again, cases[i])
			case wrong != "":
				t.Errorf("%s: %s is %s, but %s: %s %s", role, r.ID, r.Worst(), wrong, r.Result, r.ResultClose)
			case r.Worst() != OK:
				seen++
			}
		}
		cases = again
	}
	t.Logf("%s: %d cases did not pass, as they should", role, seen)
}

// wrong returns what a result should have been, nothing if it is as it has to be.
func (m *mutant) wrong(r *Result) string {
	listed := func(patterns string) bool {
		return slices.ContainsFunc(strings.Split(patterns, ","), func(p string) bool { return matches(p, r.ID) })
	}
	switch worst := r.Worst(); {
	case !listed(m.must):
		if !worst.Passed() && !listed(m.may) {
			return "has to pass"
		}
	case worst.Passed() && worst != m.verdict:
		return "must not pass"
	case m.verdict != "" && worst != m.verdict:
		return "must be " + string(m.verdict)
	}
	return ""
}

// judged plays the cases with a program, n at a time.
func (m *mutant) judged(t *testing.T, program string, role Role, cases []*Case, n int) []*Result {
	t.Helper()
	if len(cases) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if role == Server {
		return m.judgedServer(ctx, t, program, cases, n)
	}
	return m.judgedClient(ctx, t, program, cases, n)
}

// args returns the arguments of a program.
func (m *mutant) args(list ...string) []string {
	if m.http2 {
		return append([]string{"-http2"}, list...)
	}
	return list
}

func (m *mutant) judgedServer(ctx context.Context, t *testing.T, program string, cases []*Case, n int) []*Result {
	t.Helper()
	ctx, kill := context.WithCancel(ctx)
	server := exec.CommandContext(ctx, program, m.args()...)
	server.Stderr = os.Stderr
	_, err := server.StdinPipe() // it ends with it
	must(t, err)
	out, err := server.StdoutPipe()
	must(t, err)
	must(t, server.Start())
	defer server.Wait()
	defer kill()
	address, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	results := make([]*Result, len(cases))
	turns := make(chan struct{}, n)
	var all sync.WaitGroup
	for i, c := range cases {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			// A suite of its own: one for all would play again what failed.
			suite := &FuzzingClient{URL: "ws://" + strings.TrimSpace(address), Cases: []*Case{c}, Parallel: 1, HTTP2: m.http2}
			agent, err := suite.Run(ctx)
			if err != nil {
				t.Error(err)
				agent.Results = []*Result{{ID: c.ID, Behavior: Failed, BehaviorClose: Failed}}
			}
			results[i] = agent.Results[0]
		})
	}
	all.Wait()
	return results
}

func (m *mutant) judgedClient(ctx context.Context, t *testing.T, program string, cases []*Case, n int) []*Result {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	suite := &FuzzingServer{Cases: cases, HTTP2: m.http2}
	ctx, stop := context.WithCancel(ctx)
	var served sync.WaitGroup
	served.Go(func() { suite.Serve(ctx, l) })
	defer served.Wait()
	defer stop()
	client := exec.CommandContext(ctx, program, m.args("ws://"+l.Addr().String(), strconv.Itoa(len(cases)), strconv.Itoa(n))...)
	client.Stderr = os.Stderr
	must(t, client.Run())
	agents := suite.Agents()
	if len(agents) != 1 || len(agents[0].Results) != len(cases) {
		t.Fatal("the client did not come for every case")
	}
	return agents[0].Results
}

// matches reports whether pattern, as those of Select, is of the case id.
func matches(pattern, id string) bool {
	ok, err := path.Match(pattern, id)
	return ok && err == nil
}
