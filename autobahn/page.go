package autobahn

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/page.gohtml"))

// pageScripts are one script in the page, in this order.
var pageScripts = []string{"data.js", "matrix.js", "wirelog.js", "detail.js", "page.js"}

// A Page is everything a report shows.
type Page struct {
	Title   string
	Made    time.Time
	Servers []Agent // peers that were servers: the suite was the fuzzing client
	Clients []Agent
}

// An Agent is a peer and how it did.
type Agent struct {
	Name, URL string
	Took      time.Duration
	Stopped   string // why the run ended early, "" if it did not
	Results   []*Result
}

// Write writes the page: one file of HTML that loads nothing.
func (p *Page) Write(w io.Writer) error { return p.write(w, chapterTitle) }

// write takes the names of chapters and groups from titles.
func (p *Page) write(w io.Writer, titles func(id string) string) error {
	data := newPageData()
	v := pageView{Title: p.Title, Made: p.Made.UTC(), Meanings: meanings}
	for _, side := range []struct {
		id, name, lead string
		agents         []Agent
	}{
		{"servers", "Servers", "The suite was the client.", p.Servers},
		{"clients", "Clients", "The suite was the server.", p.Clients},
	} {
		if len(side.agents) == 0 {
			continue
		}
		m := newMatrix(side.id, side.agents, titles)
		m.Name, m.Lead = side.name, side.lead
		v.Parts = append(v.Parts, m)
		data.add(m)
	}
	packed, err := json.Marshal(data) // escapes <, > and &, so no data ends the script
	if err != nil {
		return fmt.Errorf("the data of the report: %w", err)
	}
	v.Data = template.JS(packed)
	v.CSS = template.CSS(pageFile("page.css"))
	for _, name := range pageScripts {
		v.Script += template.JS(pageFile(name))
	}
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, v); err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	if _, err := page.WriteTo(w); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// pageFile is an embedded file; which there are is known when this is compiled.
func pageFile(name string) string {
	p, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(err)
	}
	return string(p)
}

// A meaning explains a verdict.
type meaning struct {
	Verdict Verdict
	Close   bool   // of the end of the connection
	Text    string // empty if it was said before
}

var meanings = []meaning{
	{OK, false, "as the RFC requires"},
	{NonStrict, false, "allowed, but not what a SHOULD or good practice asks for"},
	{Informational, false, "the RFC leaves it open; the case says what happened"},
	{Unimplemented, false, "the peer did not agree to the extension"},
	{Failed, false, "against the RFC"},
	{Failed, true, ""},
	{WrongCode, true, "the peer’s Close frame carried a code that does not fit"},
	{Unclean, true, "no closing handshake, or TCP was not closed after it"},
	{FailedByClient, true, "the server left the TCP close to the client"},
}

// A pageView is what the template shows.
type pageView struct {
	Title    string
	Made     time.Time
	CSS      template.CSS
	Script   template.JS
	Data     template.JS
	Meanings []meaning
	Parts    []*pageMatrix
}

// Cases counts the rows of all parts.
func (v pageView) Cases() (n int) {
	for _, p := range v.Parts {
		n += p.Cases
	}
	return n
}

// Compares says whether there is anything to compare agents by.
func (v pageView) Compares() bool {
	return slices.ContainsFunc(v.Parts, func(p *pageMatrix) bool { return len(p.Columns) > 1 })
}

// A pageMatrix is one side of the report: cases by agents.
type pageMatrix struct {
	ID, Name, Lead string
	Columns        []*pageColumn
	Groups         []*caseGroup
	Cases          int
	NotRun         bool // some agent was not asked all
}

// A pageColumn is an agent.
type pageColumn struct {
	Agent
	Key    string // its name, made unique
	byID   map[string]*Result
	NotRun int
}

// Count counts the results with the verdict of m.
func (c *pageColumn) Count(m meaning) (n int) {
	for _, r := range c.byID {
		if m.Close && r.BehaviorClose == m.Verdict || !m.Close && r.Behavior == m.Verdict {
			n++
		}
	}
	return n
}

// Run counts the cases that were played.
func (c *pageColumn) Run() int { return len(c.byID) }

// Spent is Took as one wants to read it.
func (c *pageColumn) Spent() string {
	if c.Took < 10*time.Second {
		return c.Took.Round(10 * time.Millisecond).String()
	}
	return c.Took.Round(time.Second).String()
}

// A caseGroup is the rows whose numbers differ in the last part only.
type caseGroup struct {
	ID, Title string
	Chapter   *chapterHead // stands above the group, if it is the first of several
	Top       bool         // the group is a whole chapter
	Rows      []*pageRow
	Quiet     bool // nothing to see
	Sums      []sum
}

type chapterHead struct {
	ID, Title string
	Sums      []sum
}

// A sum is how many of an agent's cases are OK all through.
type sum struct{ Fine, All int }

type pageRow struct {
	ID, Words string
	Cells     []pageCell
	Differs   bool
	NotOK     bool
}

// A pageCell is a result in the matrix; Result is nil where a case was not run.
type pageCell struct {
	*Result
	Link template.URL
}

// class is the name that the style sheet has for v.
func (v Verdict) class() string {
	return strings.ReplaceAll(strings.ToLower(string(v)), " ", "-")
}

func (m meaning) Class() string  { return m.Verdict.class() }
func (c pageCell) Class() string { return c.Behavior.class() }

// CloseClass is empty when there is nothing to say about the close.
func (c pageCell) CloseClass() string {
	if c.BehaviorClose == OK || c.BehaviorClose == Informational && c.Behavior == Informational {
		return ""
	}
	return c.BehaviorClose.class()
}

func newMatrix(id string, agents []Agent, titles func(string) string) *pageMatrix {
	p := &pageMatrix{ID: id}
	taken := map[string]bool{}
	for _, a := range agents {
		key := a.Name
		for n := 2; taken[key]; n++ {
			key = a.Name + "~" + strconv.Itoa(n)
		}
		taken[key] = true
		c := &pageColumn{Agent: a, Key: key, byID: map[string]*Result{}}
		for _, r := range a.Results {
			c.byID[r.ID] = r
		}
		p.Columns = append(p.Columns, c)
	}
	ids := p.ids()
	p.Cases = len(ids)
	for _, c := range p.Columns {
		c.NotRun = p.Cases - c.Run()
		p.NotRun = p.NotRun || c.NotRun > 0
	}
	p.group(ids, titles)
	return p
}

// ids are the cases that any agent was asked, in order.
func (p *pageMatrix) ids() []string {
	var ids []string
	for _, c := range p.Columns {
		for id := range c.byID {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids)
}

func (p *pageMatrix) group(ids []string, titles func(string) string) {
	for len(ids) > 0 {
		chapter, _, _ := strings.Cut(ids[0], ".")
		n := leading(ids, func(id string) bool { return strings.HasPrefix(id+".", chapter+".") })
		p.chapter(chapter, ids[:n], titles)
		ids = ids[n:]
	}
}

// leading is how many of ids, from the first, belong.
func leading(ids []string, belongs func(string) bool) int {
	if n := slices.IndexFunc(ids, func(id string) bool { return !belongs(id) }); n >= 0 {
		return n
	}
	return len(ids)
}

func (p *pageMatrix) chapter(chapter string, ids []string, titles func(string) string) {
	above := &chapterHead{ID: chapter, Title: titles(chapter), Sums: p.sums(ids)}
	for len(ids) > 0 {
		name := groupOf(ids[0])
		n := leading(ids, func(id string) bool { return groupOf(id) == name })
		g := &caseGroup{ID: name, Title: titles(name), Chapter: above, Quiet: true, Sums: p.sums(ids[:n])}
		if name == chapter {
			g.Top, g.Chapter = true, nil
		}
		above = nil
		for _, id := range ids[:n] {
			r := p.row(id)
			g.Rows = append(g.Rows, r)
			g.Quiet = g.Quiet && !r.NotOK
		}
		p.Groups = append(p.Groups, g)
		ids = ids[n:]
	}
}

func groupOf(id string) string { return id[:max(0, strings.LastIndexByte(id, '.'))] }

// sums are those of ids for each agent.
func (p *pageMatrix) sums(ids []string) []sum {
	sums := make([]sum, len(p.Columns))
	for i, c := range p.Columns {
		sums[i].All = len(ids)
		for _, id := range ids {
			if r := c.byID[id]; r != nil && flawless(r) {
				sums[i].Fine++
			}
		}
	}
	return sums
}

// flawless says whether r is OK all through.
func flawless(r *Result) bool { return r.Behavior == OK && r.BehaviorClose == OK }

func (p *pageMatrix) row(id string) *pageRow {
	r := &pageRow{ID: id}
	var first *Result
	for i, c := range p.Columns {
		result := c.byID[id]
		r.Cells = append(r.Cells, pageCell{result, p.link(c, id)})
		if result == nil {
			r.NotOK = true
			r.Differs = r.Differs || i > 0
			continue
		}
		if first == nil {
			first = result
			r.Words, _, _ = strings.Cut(strings.TrimSpace(result.Description), "\n")
			r.Differs = i > 0
		}
		r.NotOK = r.NotOK || !flawless(result)
		r.Differs = r.Differs || result.Behavior != first.Behavior || result.BehaviorClose != first.BehaviorClose
	}
	return r
}

// link is the fragment that shows the case id of c. It holds nothing but what
// PathEscape leaves, and so is safe as it is.
func (p *pageMatrix) link(c *pageColumn, id string) template.URL {
	return template.URL("#" + p.ID + "/" + url.PathEscape(c.Key) + "/" + url.PathEscape(id))
}

// pageData is what the scripts of the page read. Keys are short, and what says
// the same for many cases or agents is there once.
type pageData struct {
	Strings []string   `json:"s"` // the first is empty; others refer to them by number
	Blobs   []string   `json:"b"` // octets, see packBlob; the first is empty
	Parts   []partData `json:"p"`

	strings, blobs map[string]int
}

type partData struct {
	ID     string      `json:"id"`
	Name   string      `json:"name"`
	Agents []agentData `json:"agents"`
}

type agentData struct {
	Key     string       `json:"key"`
	Name    string       `json:"name"`
	URL     string       `json:"url"`
	Results []resultData `json:"results"`
}

// resultData is a Result. Numbers stand for strings unless they say otherwise.
type resultData struct {
	ID          string           `json:"i"`
	Behavior    int              `json:"v"`
	Close       int              `json:"c"`
	Description int              `json:"d"`
	Expectation int              `json:"x"`
	Sentence    int              `json:"q,omitempty"`
	Result      int              `json:"r"`
	ResultClose int              `json:"rc"`
	Started     int64            `json:"at"` // milliseconds since 1970
	Duration    int64            `json:"ms"`
	Flags       int              `json:"f"` // see resultFlags
	Codes       []int            `json:"k,omitempty"`
	Local       *int             `json:"lc,omitempty"` // a close code
	LocalWhy    int              `json:"lr,omitempty"`
	Remote      *int             `json:"pc,omitempty"` // a close code
	RemoteWhy   int              `json:"pr,omitempty"`
	WhyNot      int              `json:"w,omitempty"` // not clean
	Request     int              `json:"hq,omitempty"`
	Response    int              `json:"hs,omitempty"`
	Compared    []comparisonData `json:"e"`
	RxFrames    map[int]int      `json:"rf,omitempty"`
	TxFrames    map[int]int      `json:"tf,omitempty"`
	RxOctets    map[int]int      `json:"ro,omitempty"`
	TxOctets    map[int]int      `json:"to,omitempty"`
	Traffic     []int64          `json:"t,omitempty"` // received, then sent: octets of the application, of payloads, of frames; messages, frames
	Log         [][]int64        `json:"l,omitempty"`
}

// comparisonData is what was received beside one of the sequences of events
// that were expected.
type comparisonData struct {
	Verdict int     `json:"v"` // that the expected sequence stands for
	Row     int     `json:"d"` // the first event that differs, -1 for none
	Octet   int     `json:"o"` // the first octet of its payload that differs, -1 if it is not the payload
	From    int     `json:"n"` // the first event shown
	Want    [][]int `json:"w"` // events: kind, length, payload (a blob), binary, first octet of the payload shown
	Got     [][]int `json:"g"`
	Wants   int     `json:"ws"` // events in all
	Gots    int     `json:"gs"`
}

func newPageData() *pageData {
	return &pageData{
		Strings: []string{""},
		Blobs:   []string{""},
		strings: map[string]int{"": 0},
		blobs:   map[string]int{"": 0},
	}
}

// text is the number of s.
func (d *pageData) text(s string) int {
	n, ok := d.strings[s]
	if !ok {
		n = len(d.Strings)
		d.Strings, d.strings[s] = append(d.Strings, s), n
	}
	return n
}

// blob is the number of p.
func (d *pageData) blob(p []byte) int {
	n, ok := d.blobs[string(p)]
	if !ok {
		n = len(d.Blobs)
		d.Blobs, d.blobs[string(p)] = append(d.Blobs, packBlob(p)), n
	}
	return n
}

// packBlob is p as text after a "=", or in base64, whichever is shorter in JSON.
func packBlob(p []byte) string {
	coded := base64.StdEncoding.EncodeToString(p)
	if !utf8.Valid(p) {
		return coded
	}
	text, err := json.Marshal("=" + string(p))
	if err != nil || len(text) > len(coded)+len(`""`) {
		return coded
	}
	return "=" + string(p)
}

func (d *pageData) add(p *pageMatrix) {
	out := partData{ID: p.ID, Name: p.Name}
	for _, c := range p.Columns {
		a := agentData{Key: c.Key, Name: c.Name, URL: c.URL, Results: []resultData{}}
		for _, id := range p.ids() {
			if r := c.byID[id]; r != nil {
				a.Results = append(a.Results, d.result(r))
			}
		}
		out.Agents = append(out.Agents, a)
	}
	d.Parts = append(d.Parts, out)
}

func (d *pageData) result(r *Result) resultData {
	return resultData{
		ID:          r.ID,
		Behavior:    d.text(string(r.Behavior)),
		Close:       d.text(string(r.BehaviorClose)),
		Description: d.text(r.Description),
		Expectation: d.text(r.Expectation),
		Sentence:    d.text(r.Sentence),
		Result:      d.text(r.Result),
		ResultClose: d.text(r.ResultClose),
		Started:     r.Started.UnixMilli(),
		Duration:    r.Duration,
		Flags:       resultFlags(r),
		Codes:       r.ExpectedClose.Codes,
		Local:       r.LocalCloseCode,
		LocalWhy:    d.optional(r.LocalCloseReason),
		Remote:      r.RemoteCloseCode,
		RemoteWhy:   d.optional(r.RemoteCloseReason),
		WhyNot:      d.optional(r.WhyNotClean),
		Request:     d.text(r.HTTPRequest),
		Response:    d.text(r.HTTPResponse),
		Compared:    d.compared(r),
		RxFrames:    r.RxFrameStats,
		TxFrames:    r.TxFrameStats,
		RxOctets:    mostOf(r.RxOctetStats),
		TxOctets:    mostOf(r.TxOctetStats),
		Traffic:     trafficData(r.TrafficStats),
		Log:         d.log(r),
	}
}

func (d *pageData) optional(s *string) int {
	if s == nil {
		return 0
	}
	return d.text(*s)
}

// resultFlags packs what is true or false; data.js has the same order.
func resultFlags(r *Result) (flags int) {
	for i, set := range []bool{
		r.ClosedByMe, r.DroppedByMe, r.FailedByMe, r.WasClean,
		r.CloseTimeout, r.OpenTimeout, r.DropTimeout,
		r.ExpectedClose.ByMe, r.ExpectedClose.RequireClean, r.ReportCompressionRatio,
	} {
		if set {
			flags |= 1 << i
		}
	}
	return flags
}

func trafficData(t *Traffic) []int64 {
	if t == nil {
		return nil
	}
	return []int64{
		t.RxApp, t.RxWS, t.RxWire, t.RxMsgs, t.RxFrames,
		t.TxApp, t.TxWS, t.TxWire, t.TxMsgs, t.TxFrames,
	}
}

// sizesShown is how many sizes of reads or writes are told apart.
const sizesShown = 60

// mostOf is the most frequent sizes of stats; -1 is how many others there are.
func mostOf(stats map[int]int) map[int]int {
	if len(stats) <= sizesShown {
		return stats
	}
	sizes := slices.SortedFunc(maps.Keys(stats), func(a, b int) int {
		return cmp.Or(cmp.Compare(stats[b], stats[a]), cmp.Compare(a, b))
	})
	most := map[int]int{-1: len(sizes) - sizesShown}
	for _, size := range sizes[:sizesShown] {
		most[size] = stats[size]
	}
	return most
}

// How much of long sequences and payloads is shown, and how much of that comes
// before the first difference.
const (
	eventsShown  = 200
	octetsShown  = 256
	eventsBefore = 20
	octetsBefore = 48
)

// compared compares what was received with each sequence that was expected,
// the best first.
func (d *pageData) compared(r *Result) []comparisonData {
	if len(r.Expected) == 0 {
		return []comparisonData{d.compare("", r.Received, r.Received)}
	}
	all := []comparisonData{}
	for _, v := range slices.SortedFunc(maps.Keys(r.Expected), compareVerdicts) {
		all = append(all, d.compare(v, r.Expected[v], r.Received))
	}
	return all
}

// compareVerdicts puts verdicts in the order of meanings, and others behind them.
func compareVerdicts(a, b Verdict) int {
	rank := func(v Verdict) int {
		if n := slices.IndexFunc(meanings, func(m meaning) bool { return m.Verdict == v }); n >= 0 {
			return n
		}
		return len(meanings)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

func (d *pageData) compare(v Verdict, want, got []Event) comparisonData {
	c := comparisonData{Verdict: d.text(string(v)), Wants: len(want), Gots: len(got)}
	c.Row, c.Octet = firstDifference(want, got)
	if c.Row >= eventsShown {
		c.From = c.Row - eventsBefore
	}
	c.Want, c.Got = d.events(want, c), d.events(got, c)
	return c
}

// firstDifference is the first event that is not the same, and the first octet
// of its payload if it is that.
func firstDifference(want, got []Event) (row, octet int) {
	n := min(len(want), len(got))
	for i := range n {
		a, b := want[i], got[i]
		if a.Kind != b.Kind || a.Binary != b.Binary {
			return i, -1
		}
		if !bytes.Equal(a.Payload, b.Payload) {
			return i, sharedPrefix(a.Payload, b.Payload)
		}
	}
	if len(want) != len(got) {
		return n, -1
	}
	return -1, -1
}

func sharedPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// events are those of all that c shows.
func (d *pageData) events(all []Event, c comparisonData) [][]int {
	out := [][]int{}
	for i := c.From; i < min(len(all), c.From+eventsShown); i++ {
		e, start := all[i], 0
		if i == c.Row && c.Octet >= octetsShown {
			start = c.Octet - octetsBefore
		}
		shown := e.Payload[min(start, len(e.Payload)):]
		kind := 0
		if e.Binary {
			kind = 1
		}
		out = append(out, []int{d.text(e.Kind), len(e.Payload), d.blob(shown[:min(len(shown), octetsShown)]), kind, start})
	}
	return out
}

// logKinds are numbered in the data; data.js has the same order.
var logKinds = []string{
	logRxOctets, logTxOctets, logRxFrame, logTxFrame,
	logSwitch, logWait, logWaited, logKillAfter, logKill, logCloseAfter, logCloseNow,
}

// log is the wire log. An entry is kind and time, then for octets and frames
// length, blob, flags, opcode, masking key, chop; for others delay in
// microseconds, tag, on.
func (d *pageData) log(r *Result) [][]int64 {
	out := make([][]int64, 0, len(r.Wirelog))
	for i, e := range r.Wirelog {
		at := int64(-1)
		if i < len(r.Times) {
			at = r.Times[i]
		}
		line := []int64{int64(slices.Index(logKinds, e.Kind)), at}
		switch e.Kind {
		case logRxOctets, logTxOctets:
			line = append(line, int64(e.Length), int64(d.blob(e.Data)), entryFlags(e))
		case logRxFrame, logTxFrame:
			line = append(line, int64(e.Length), int64(d.blob(e.Data)), entryFlags(e), int64(e.Opcode),
				keyNumber(e.Key), int64(e.Chop))
		default:
			line = append(line, int64(e.Delay*1e6), int64(d.text(e.Tag)), entryFlags(e))
		}
		out = append(out, line)
	}
	return out
}

// keyNumber is a masking key in network byte order.
func keyNumber(key [4]byte) (n int64) {
	for _, octet := range key {
		n = n<<8 | int64(octet)
	}
	return n
}

// entryFlags packs a part of an entry; data.js has the same bits.
func entryFlags(e Entry) int64 {
	flags := int64(e.RSV&7) << 4
	for i, set := range []bool{e.FIN, e.Masked, e.Sync, e.On} {
		if set {
			flags |= 1 << i
		}
	}
	return flags
}
