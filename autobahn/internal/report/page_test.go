package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// hostile is what a peer may be called and may send.
const hostile = "</script><img src=x onerror=alert(1)>\u2028`${x}`<!--"

// pageSample is agents with every case of a small catalog. All but the first do
// badly in one case of each group, and the last was stopped early.
func pageSample(agents int) []Agent {
	var out []Agent
	for n := range agents {
		a := Agent{Name: fmt.Sprint("agent ", n), URL: "ws://127.0.0.1:9001", Took: 93 * time.Second}
		for _, id := range pageSampleIDs() {
			a.Results = append(a.Results, pageResult(id, n > 0 && strings.HasSuffix(id, ".3")))
		}
		out = append(out, a)
	}
	if agents > 2 {
		last := &out[agents-1]
		last.Stopped, last.Results = "nobody listens any more", last.Results[:20]
	}
	return out
}

func pageSampleIDs() (ids []string) {
	for _, group := range []string{"1.1", "1.2", "2", "6.4", "12.1", "20.1"} {
		for n := 1; n <= 11; n++ {
			ids = append(ids, fmt.Sprintf("%s.%d", group, n))
		}
	}
	return ids
}

func pageResult(id string, bad bool) *verdict.Result {
	code, reason := 1000, "bye"
	r := &verdict.Result{
		ID: id, Behavior: verdict.OK, BehaviorClose: verdict.OK,
		Description: "Case " + id + " does something.\nIn two lines.", Expectation: "An echo.",
		Result: "Actual events match at least one expected.", ResultClose: "Connection was properly closed",
		Expected:    map[verdict.Verdict][]verdict.Event{verdict.OK: {{Kind: "message", Payload: []byte("Hello")}}},
		Received:    []verdict.Event{{Kind: "message", Payload: []byte("Hello")}},
		HTTPRequest: "GET / HTTP/1.1\r\n\r\n", HTTPResponse: "HTTP/1.1 101 Switching Protocols\r\n\r\n",
		LocalCloseCode: &code, RemoteCloseCode: &code, RemoteCloseReason: &reason, WasClean: true,
		RxFrameStats: map[int]int{8: 1, 1: 1}, RxOctetStats: map[int]int{7: 1, 4: 1},
		TxFrameStats: map[int]int{8: 1, 1: 1}, TxOctetStats: map[int]int{11: 1, 8: 1},
		Started: time.Unix(1700000000, 0),
		Wirelog: []verdict.Entry{
			{Kind: verdict.LogTxFrame, Length: 5, Data: []byte("Hello"), Opcode: 1, FIN: true, Masked: true, Key: [4]byte{1, 2, 3, 4}},
			{Kind: verdict.LogTxOctets, Length: 11, Data: []byte("\x81\x85\x01\x02\x03\x04IgohI")},
			{Kind: verdict.LogKillAfter, Delay: 1},
			{Kind: verdict.LogRxFrame, Length: 5, Data: []byte("Hello"), Opcode: 1, FIN: true},
		},
		Times: []int64{310, 340, 350, 912},
	}
	if bad {
		r.Behavior, r.BehaviorClose = verdict.Failed, verdict.Unclean
		r.Received[0].Payload = []byte("Help")
	}
	return r
}

// titled makes up titles.
func titled(id string) string { return "About " + id }

func rendered(t *testing.T, p *Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b, titled); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var pageMade = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// embedded is the data of a page, read as a browser would: to the first end of the script.
func embedded(t *testing.T, page string) (data pageData) {
	t.Helper()
	_, rest, found := strings.Cut(page, `<script type="application/json" id="data">`)
	packed, _, closed := strings.Cut(rest, "</script")
	if !found || !closed {
		t.Fatal("the page has no data")
	}
	if err := json.Unmarshal([]byte(packed), &data); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPageHoldsEveryCase(t *testing.T) {
	page := rendered(t, &Page{Title: "Report", Made: pageMade, Servers: pageSample(3), Clients: pageSample(1)})
	for _, id := range pageSampleIDs() {
		for _, side := range []string{"servers", "clients"} {
			if link := fmt.Sprintf(`href="#%s/agent%%200/%s"`, side, id); strings.Count(page, link) != 1 {
				t.Errorf("%d cells have %s, want 1", strings.Count(page, link), link)
			}
		}
	}
	data := embedded(t, page)
	if len(data.Parts) != 2 || len(data.Parts[0].Agents) != 3 || len(data.Parts[1].Agents) != 1 {
		t.Fatalf("the data has other parts and agents than the page: %+v", data.Parts)
	}
	for i, want := range []int{66, 66, 20} {
		if got := len(data.Parts[0].Agents[i].Results); got != want {
			t.Errorf("agent %d has %d results, want %d", i, got, want)
		}
	}
	for _, want := range []string{
		"11 cases, all OK", "10 of 11 OK", "not run", "nobody listens any more", "after 20 cases", "1 March 2026, 12:00 UTC",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestPageEscapes(t *testing.T) {
	agents := pageSample(2)
	agents[0].Name, agents[0].URL, agents[0].Stopped = hostile, hostile, hostile
	r := agents[0].Results[0]
	r.Description, r.Expectation, r.Sentence, r.Result, r.ResultClose = hostile, hostile, hostile, hostile, hostile
	r.HTTPRequest, r.HTTPResponse, r.WhyNotClean, r.RemoteCloseReason = hostile, hostile+"\xff", new(hostile), new(hostile)
	r.Behavior, r.BehaviorClose = hostile, hostile
	r.Received[0].Payload = []byte(hostile)
	r.Wirelog[0].Data = []byte(hostile)
	clean := rendered(t, &Page{Made: pageMade, Servers: pageSample(2)})
	page := rendered(t, &Page{Title: hostile, Made: pageMade, Servers: agents})
	for _, tag := range []string{"<img", "<!--"} {
		if strings.Contains(page, tag) {
			t.Errorf("what a peer sent is in the page as %s", tag)
		}
	}
	if got, want := strings.Count(page, "</script"), strings.Count(clean, "</script"); got != want {
		t.Errorf("%d ends of scripts, want %d", got, want)
	}
	data := embedded(t, page)
	agent := data.Parts[0].Agents[0]
	if agent.Name != hostile || data.Strings[agent.Results[0].Description] != hostile {
		t.Error("what was escaped does not come back")
	}
	if got := data.Blobs[agent.Results[0].Log[0][3]]; got != packBlob([]byte(hostile)) {
		t.Errorf("the payload comes back as %q", got)
	}
}

func TestPageLoadsNothing(t *testing.T) {
	page := rendered(t, &Page{Title: "Report", Made: pageMade, Servers: pageSample(2)})
	loads := regexp.MustCompile(`(?i)\b(src|srcset|poster|action|data|href|xlink:href)\s*=\s*["']?\s*[^#"'\s]|@import|url\(|\bfetch\(|<link\b|<iframe|\bimport\(`)
	for _, found := range loads.FindAllStringIndex(page, -1) {
		around := page[max(0, found[0]-20):min(len(page), found[1]+40)]
		t.Errorf("the page loads something: %q", around)
	}
	if !strings.Contains(page, `content="default-src 'none';`) {
		t.Error("the page's Content Security Policy lets it load something")
	}
}

func TestPageIsDeterministic(t *testing.T) {
	one := func() string {
		return rendered(t, &Page{Title: "Report", Made: pageMade, Servers: pageSample(4), Clients: pageSample(2)})
	}
	first := one()
	for range 5 {
		if one() != first {
			t.Fatal("the same input makes another page")
		}
	}
}

func TestPageKeepsAgentsOfOneNameApart(t *testing.T) {
	agents := pageSample(2)
	agents[1].Name = agents[0].Name
	page := rendered(t, &Page{Made: pageMade, Servers: agents})
	for _, link := range []string{`"#servers/agent%200/1.1.1"`, `"#servers/agent%200~2/1.1.1"`} {
		if !strings.Contains(page, link) {
			t.Errorf("no cell has the link %s", link)
		}
	}
}

func TestPageOfNothing(t *testing.T) {
	for _, p := range []*Page{{}, {Servers: []Agent{{Name: "nobody", Stopped: "it did not answer"}}}} {
		p.Made = pageMade
		embedded(t, rendered(t, p))
	}
}

func TestPageSaysThatItWasNotWritten(t *testing.T) {
	full := errors.New("full")
	if err := (&Page{Made: pageMade}).Write(failingWriter{full}, titled); !errors.Is(err, full) {
		t.Errorf("the error is %v, want one that wraps %v", err, full)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestFirstDifference(t *testing.T) {
	text := func(s string) verdict.Event { return verdict.Event{Kind: "message", Payload: []byte(s)} }
	long := strings.Repeat("*", 1<<20)
	for _, c := range []struct {
		name        string
		want, got   []verdict.Event
		row, offset int
	}{
		{"nothing", nil, nil, -1, -1},
		{"the same", []verdict.Event{text("a"), text("b")}, []verdict.Event{text("a"), text("b")}, -1, -1},
		{"one is missing", []verdict.Event{text("a"), text("b")}, []verdict.Event{text("a")}, 1, -1},
		{"one too many", nil, []verdict.Event{text("a")}, 0, -1},
		{"payload", []verdict.Event{text("abc")}, []verdict.Event{text("abd")}, 0, 2},
		{"shorter payload", []verdict.Event{text("abc")}, []verdict.Event{text("ab")}, 0, 2},
		{"text and binary", []verdict.Event{text("a")}, []verdict.Event{{Kind: "message", Payload: []byte("a"), Binary: true}}, 0, -1},
		{"kind", []verdict.Event{{Kind: "ping"}}, []verdict.Event{{Kind: "pong"}}, 0, -1},
		{"late", []verdict.Event{text(long + "a" + long)}, []verdict.Event{text(long + "b" + long)}, 0, 1 << 20},
	} {
		if row, offset := firstDifference(c.want, c.got); row != c.row || offset != c.offset {
			t.Errorf("%s: event %d, byte %d; want %d, %d", c.name, row, offset, c.row, c.offset)
		}
	}
}

// What is shown of long sequences and payloads is small, and has the difference in it.
func TestPageShowsTheDifference(t *testing.T) {
	d := newPageData()
	var want, got []verdict.Event
	for i := range 1000 {
		e := verdict.Event{Kind: "message", Payload: bytes.Repeat([]byte{'*'}, 5000)}
		want = append(want, e)
		if i == 700 {
			e.Payload = append(bytes.Repeat([]byte{'*'}, 3000), '!')
		}
		got = append(got, e)
	}
	c := d.compare(verdict.OK, want, got)
	if c.Row != 700 || c.Offset != 3000 || c.Row < c.From || c.Row >= c.From+len(c.Want) || len(c.Want) > eventsShown {
		t.Fatalf("events from %d to %d are shown, the difference is at %d, byte %d", c.From, c.From+len(c.Want), c.Row, c.Offset)
	}
	for _, events := range [][][]int{c.Want, c.Got} {
		e := events[c.Row-c.From]
		if start := e[4]; start > c.Offset || start+bytesShown <= c.Offset {
			t.Errorf("bytes from %d are shown, the difference is at %d", start, c.Offset)
		}
	}
}

func TestMostOf(t *testing.T) {
	stats := map[int]int{}
	for size := range 1000 {
		stats[size] = 1 + size%100
	}
	most := mostOf(stats)
	if len(most) != sizesShown+1 || most[-1] != 1000-sizesShown || most[99] != 100 || most[0] != 0 {
		t.Errorf("of 1000 sizes %d are left, %d of size 99, %d others", len(most), most[99], most[-1])
	}
	if few := map[int]int{7: 1}; len(mostOf(few)) != 1 {
		t.Error("one size is too many")
	}
}

func TestPackBlob(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{"", ""},
		{"Hello", "=Hello"},
		{"κόσμε", "=κόσμε"},
		{"\xff\xfe", "//4="},
		{"\x00\x00\x00", "AAAA"},
	} {
		if got := packBlob([]byte(c.data)); got != c.want {
			t.Errorf("packBlob(%q) = %q, want %q", c.data, got, c.want)
		}
	}
}
