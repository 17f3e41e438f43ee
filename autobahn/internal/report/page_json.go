package report

import (
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"
)

// pageData is the input of the page's scripts. Keys are short, and repeated values are stored
// once.
type pageData struct {
	Strings []string   `json:"s"` // the first is empty; other fields refer to them by number
	Blobs   []string   `json:"b"` // bytes, see packBlob; the first is empty
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

// resultData is a Result. Numbers stand for strings unless noted otherwise.
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
	WhyNot      int              `json:"w,omitempty"` // why the end was not clean
	Request     int              `json:"hq,omitempty"`
	Response    int              `json:"hs,omitempty"`
	Compared    []comparisonData `json:"e"`
	RxFrames    map[int]int      `json:"rf,omitempty"`
	TxFrames    map[int]int      `json:"tf,omitempty"`
	RxOctets    map[int]int      `json:"ro,omitempty"`
	TxOctets    map[int]int      `json:"to,omitempty"`
	Traffic     []int64          `json:"t,omitempty"` // received, then sent: bytes of the application, of payloads, of frames; messages, frames
	Log         [][]int64        `json:"l,omitempty"`
}

// comparisonData compares the received events with one of the expected sequences.
type comparisonData struct {
	Verdict int     `json:"v"` // of the expected sequence
	Row     int     `json:"d"` // the first event that differs, -1 for none
	Offset  int     `json:"o"` // the first byte of its payload that differs, -1 if the payload is the same
	From    int     `json:"n"` // the first event shown
	Want    [][]int `json:"w"` // events: kind, length, payload (a blob), binary, first byte of the payload shown
	Got     [][]int `json:"g"`
	Wants   int     `json:"ws"` // total events
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

// text returns the number of s.
func (d *pageData) text(s string) int {
	n, ok := d.strings[s]
	if !ok {
		n = len(d.Strings)
		d.Strings, d.strings[s] = append(d.Strings, s), n
	}
	return n
}

// blob returns the number of p.
func (d *pageData) blob(p []byte) int {
	n, ok := d.blobs[string(p)]
	if !ok {
		n = len(d.Blobs)
		d.Blobs, d.blobs[string(p)] = append(d.Blobs, packBlob(p)), n
	}
	return n
}

// packBlob encodes p as text after a "=", or in base64, whichever is shorter in JSON.
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

func (d *pageData) optional(s *string) int {
	if s == nil {
		return 0
	}
	return d.text(*s)
}
