package autobahn

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func codeOf(n int) *int { return &n }

func TestJudgeClose(t *testing.T) {
	clean := ExpectedClose{Codes: []int{1000}, ByMe: true, RequireClean: true}
	loose := ExpectedClose{Codes: []int{1002, 1007}, ByMe: true}
	theirs := ExpectedClose{Codes: []int{1002, 1007}}
	for _, row := range []struct {
		name string
		want ExpectedClose
		got  Result
		end  Verdict
		text string
	}{
		{"as it should be", clean, Result{ClosedByMe: true, WasClean: true, RemoteCloseCode: codeOf(1000)}, OK, "Connection was properly closed"},
		{"no code", clean, Result{ClosedByMe: true, WasClean: true}, OK, "Connection was properly closed"},
		{"the peer closed", clean, Result{WasClean: true}, Failed, "The connection was failed by the wrong endpoint"},
		{"the suite closed", theirs, Result{ClosedByMe: true, WasClean: true}, Failed, "The connection was failed by the wrong endpoint"},
		{"unclean", clean, Result{ClosedByMe: true}, Unclean, "The spec requires the connection to be failed cleanly here"},
		{"unclean, and allowed to be", loose, Result{ClosedByMe: true}, OK, "Connection was properly closed"},
		{"wrong code", clean, Result{ClosedByMe: true, WasClean: true, RemoteCloseCode: codeOf(1002)}, WrongCode, "The close code should have been 1000 or empty"},
		{"wrong code of two", theirs, Result{RemoteCloseCode: codeOf(1000)}, WrongCode, "The close code should have been 1002,1007 or empty"},
		{"left to the client", loose, Result{ClosedByMe: true, DroppedByMe: true}, FailedByClient, "It is preferred that the server close the TCP connection"},
		{"the suite is the server", clean, Result{ClosedByMe: true, WasClean: true, DroppedByMe: true, IsServer: true}, OK, "Connection was properly closed"},
		// The first rule that is broken counts.
		{"all at once", clean, Result{DroppedByMe: true, RemoteCloseCode: codeOf(1)}, Failed, "The connection was failed by the wrong endpoint"},
		{"unclean and wrong", clean, Result{ClosedByMe: true, DroppedByMe: true, RemoteCloseCode: codeOf(1)}, Unclean, "The spec requires the connection to be failed cleanly here"},
		{"wrong and left to the client", loose, Result{ClosedByMe: true, DroppedByMe: true, RemoteCloseCode: codeOf(1)}, WrongCode, "The close code should have been 1002,1007 or empty"},
	} {
		r := row.got
		r.ExpectedClose = row.want
		judgeClose(&r)
		if r.BehaviorClose != row.end || r.ResultClose != row.text {
			t.Errorf("%s: %s %q, want %s %q", row.name, r.BehaviorClose, r.ResultClose, row.end, row.text)
		}
	}
}

func TestJudgeBehavior(t *testing.T) {
	one, two := []Event{gotText("1")}, []Event{gotText("1"), gotPong("2")}
	for _, row := range []struct {
		name     string
		play     script
		got      Result
		behavior Verdict
		end      Verdict
	}{
		{"all came", script{ok: two}, Result{Received: two}, OK, OK},
		{"nothing has to come", script{}, Result{}, OK, OK},
		{"too little", script{ok: two}, Result{Received: one}, Failed, OK},
		{"too much", script{ok: one}, Result{Received: two}, Failed, OK},
		{"binary for text", script{ok: one}, Result{Received: []Event{gotBinary("1")}}, Failed, OK},
		{"as is not strict", script{ok: two, lax: one}, Result{Received: one}, NonStrict, OK},
		{"as it should be, with a choice", script{ok: two, lax: one}, Result{Received: two}, OK, OK},
		{"none of the choice", script{ok: two, lax: one}, Result{}, Failed, OK},
		{"the wrong end, not fatal", script{}, Result{ClosedByMe: true}, OK, Failed},
		{"the wrong end", script{fatalEnd: true}, Result{ClosedByMe: true}, Failed, Failed},
		{"a wrong code, not fatal", script{}, Result{RemoteCloseCode: codeOf(1)}, OK, WrongCode},
		{"a wrong code", script{fatalCode: true}, Result{RemoteCloseCode: codeOf(1)}, Failed, WrongCode},
		{"a wrong code, fatal is the end", script{fatalEnd: true}, Result{RemoteCloseCode: codeOf(1)}, OK, WrongCode},
		{"off", script{ok: two, compressed: true, behavior: Unimplemented, fatalCode: true}, Result{RemoteCloseCode: codeOf(1)}, Unimplemented, WrongCode},
	} {
		r := row.got
		r.ExpectedClose = ExpectedClose{Codes: []int{1002}}
		row.play.ends = r.ExpectedClose
		judge(&r, &row.play)
		if r.Behavior != row.behavior || r.BehaviorClose != row.end || r.Result == "" || r.ResultClose == "" {
			t.Errorf("%s: %s, %s, %q, want %s, %s", row.name, r.Behavior, r.BehaviorClose, r.Result, row.behavior, row.end)
		}
	}
}

func TestJudgeInformational(t *testing.T) {
	c := informational(scripted("7.13.1", "", "", script{}), func(r *Result) { r.Result = "told" })
	for _, got := range []Result{{}, {ClosedByMe: true}, {Received: []Event{gotText("")}}} {
		judge(&got, c.begin())
		if got.Behavior != Informational || got.BehaviorClose != Informational || got.Result != "told" {
			t.Errorf("%s, %s, %q", got.Behavior, got.BehaviorClose, got.Result)
		}
	}
}

// RFC 6455 section 5.5.3: a Pong may be for the most recent Ping only. How echoes
// and Pongs follow each other is open.
func TestAnyPongs(t *testing.T) {
	want := []Event{gotPong("1"), gotPong("2"), gotText("a"), gotPong("3")}
	for _, row := range []struct {
		got string
		ok  bool
	}{
		{"12a3", true}, {"2a3", true}, {"1a3", true}, {"a3", true}, {"3a", true}, {"a123", true}, {"21a3", false}, {"12a", false},
		{"123", false}, {"12a33", false}, {"aa3", false}, {"b3", false}, {"4a", false}, {"", false},
	} {
		var got []Event
		for _, c := range row.got {
			if c >= 'a' {
				got = append(got, gotText(string(c)))
			} else {
				got = append(got, gotPong(string(c)))
			}
		}
		if sameButPongs(want, got) != row.ok {
			t.Errorf("%s: want %t", row.got, row.ok)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, row := range []struct {
		got    string
		binary bool
		want   Verdict
		says   string
	}{
		{"abcd", false, OK, "4 bytes"},
		{"abcd", true, Failed, "binary: true"},
		{"abc", false, Failed, "3 bytes, 4 were sent"},
		{"abxd", false, Failed, "from byte 2 of 4"}, // which the original does not see
	} {
		if verdict, says := compare([]byte(row.got), row.binary, []byte("abcd"), false); verdict != row.want || !strings.Contains(says, row.says) {
			t.Errorf("%q: %s, %s", row.got, verdict, says)
		}
	}
}

func TestWorst(t *testing.T) {
	for _, row := range []struct{ behavior, end, worst Verdict }{
		{OK, OK, OK},
		{OK, Unclean, Unclean},
		{OK, Informational, Informational},
		{NonStrict, Unclean, Unclean},
		{NonStrict, OK, NonStrict},
		{Unimplemented, OK, Unimplemented},
		{Failed, WrongCode, Failed},
		{Failed, OK, Failed},
		{Informational, Informational, Informational},
	} {
		if got := (&Result{Behavior: row.behavior, BehaviorClose: row.end}).Worst(); got != row.worst {
			t.Errorf("%s, %s: %s, want %s", row.behavior, row.end, got, row.worst)
		}
	}
}

// The keys and tuples are those of a report of Autobahn|Testsuite 25.10.1.
func TestJSON(t *testing.T) {
	keys := strings.Fields(`agent behavior behaviorClose case closedByMe createStats createWirelog description
		droppedByMe duration expectation expected expectedClose failedByMe httpRequest httpResponse id isServer
		localCloseCode localCloseReason received remoteCloseCode remoteCloseReason reportCompressionRatio reportTime
		result resultClose rxFrameStats rxOctetStats started trafficStats txFrameStats txOctetStats wasClean
		wasCloseHandshakeTimeout wasNotCleanReason wasOpenHandshakeTimeout wasServerConnectionDropTimeout wirelog`)
	r := newResult(&Case{ID: "5.6", Index: 50, Description: "d", Expectation: "e"}, Server)
	r.Started = time.Date(2026, 11, 22, 19, 35, 52, 75e6, time.UTC)
	r.Expected[OK] = []Event{gotPong("ping payload"), gotText("fragment1fragment2")}
	r.Received = r.Expected[OK]
	r.ExpectedClose = weClose
	r.RxFrameStats[10] = 1
	var got map[string]any
	parseJSON(t, r, &got)
	var extra []string
	for key := range got {
		if !slices.Contains(keys, key) {
			extra = append(extra, key)
		}
	}
	for _, key := range keys {
		if _, ok := got[key]; !ok {
			t.Errorf("no key %s", key)
		}
	}
	if diff := cmp.Diff([]string{"wirelogTimes"}, extra); diff != "" {
		t.Errorf("keys beyond the original's (-want +got):\n%s", diff)
	}
	for key, want := range map[string]string{
		"expected":       `{"OK":[["pong","ping payload"],["message","fragment1fragment2",false]]}`,
		"received":       `[["pong","ping payload"],["message","fragment1fragment2",false]]`,
		"expectedClose":  `{"closeCode":[1000],"closedByMe":true,"requireClean":true}`,
		"rxFrameStats":   `{"10":1}`,
		"txFrameStats":   `{}`,
		"localCloseCode": `null`, "remoteCloseReason": `null`, "trafficStats": `null`, "wasNotCleanReason": `null`,
		"wirelog": `[]`, "isServer": `false`, "case": `50`, "started": `"2026-11-22T19:35:52.075Z"`,
	} {
		if out, _ := json.Marshal(got[key]); string(out) != want {
			t.Errorf("%s is %s, want %s", key, out, want)
		}
	}
}

func parseJSON(t *testing.T, v, into any) {
	t.Helper()
	out, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTuples(t *testing.T) {
	long := strings.Repeat("*", 61)
	for _, row := range []struct {
		value any
		want  string
	}{
		{gotBinary("\xfe"), `["message","0xfe",true]`},
		{Event{Kind: "timeout", Payload: []byte("A")}, `["timeout","A"]`},
		{Event{Kind: "ping", Payload: nil}, `["ping",""]`},
		{gotText(long[:60]), `["message","` + long[:60] + `",false]`},
		{gotText(long), `["message","` + long + ` ...",false]`},
		{gotText(strings.Repeat("*", 100)), `["message","` + strings.Repeat("*", 64) + ` ...",false]`},
		{Entry{Kind: logTxOctets, Length: 2, Data: []byte{0x88, 0x80}}, `["TO",[2,"8880"],false]`},
		{Entry{Kind: logRxOctets, Length: 61, Data: []byte(long)}, `["RO",[61,"` + strings.Repeat("2a", 61) + ` ..."]]`},
		{Entry{Kind: logTxFrame, Length: 9, Data: []byte("fragment1"), Opcode: 1, Masked: true, Key: [4]byte{0x2c, 0x9f, 0x20, 0x75}}, `["TF",[9,"fragment1"],1,false,0,"2c9f2075",null,null,false]`},
		{Entry{Kind: logTxFrame, Length: 1, Data: []byte("a"), Opcode: 1, FIN: true, RSV: 4, Chop: 1, Sync: true}, `["TF",[1,"a"],1,true,4,null,null,1,true]`},
		{Entry{Kind: logRxFrame, Length: 2, Data: []byte{3, 0xe8}, Opcode: 8, FIN: true}, `["RF",[2,"0x03e8"],8,true,0,false,null]`},
		{Entry{Kind: logRxFrame, Masked: true, Opcode: 9, FIN: true}, `["RF",[0,""],9,true,0,true,"00000000"]`},
		{Entry{Kind: logSwitch, On: true}, `["WLM",true]`},
		{Entry{Kind: logWait, Delay: 1, Tag: "A"}, `["CT",1,"A"]`},
		{Entry{Kind: logWait, Delay: 1}, `["CT",1,null]`},
		{Entry{Kind: logWaited, Tag: "A"}, `["CTE","A"]`},
		{Entry{Kind: logKillAfter, Delay: 0.5}, `["KL",0.5]`},
		{Entry{Kind: logKill}, `["KLE"]`},
		{Entry{Kind: logCloseAfter, Delay: 10}, `["TI",10]`},
		{Entry{Kind: logCloseNow}, `["TIE"]`},
	} {
		if out, err := json.Marshal(row.value); string(out) != row.want {
			t.Errorf("%s, %v; want %s", out, err, row.want)
		}
	}
	if _, err := json.Marshal(Entry{Kind: "XX"}); err == nil {
		t.Error("an entry of no kind is written")
	}
}

func TestWriteJSON(t *testing.T) {
	for agent, want := range map[string]string{
		"hawser":                    "hawser",
		"AutobahnPython/0.10.9":     "autobahnpython_0_10_9",
		" Chromium 120 (Linux) ":    "chromium_120__linux",
		"../../etc/passwd":          "etc_passwd",
		"ZÜRICH\x00\n":              "z_rich",
		"\u202e<script>/evil\u00e9": "script__evil",
		"":                          "",
	} {
		if got := filePrefix(agent, map[string]bool{}); got != want {
			t.Errorf("the files of %q begin with %s, want %s", agent, got, want)
		}
	}
	taken := map[string]bool{}
	for i, want := range []string{"a_b", "a_b_2", "a_b_3"} {
		if got := filePrefix([]string{"A B", "a-b", "a b"}[i], taken); got != want {
			t.Errorf("number %d begins with %s, want %s", i, got, want)
		}
	}
	dir := filepath.Join(t.TempDir(), "new", "reports")
	r := newResult(&Case{ID: "6.4.1"}, Client)
	r.Behavior, r.BehaviorClose, r.Duration, r.RemoteCloseCode = NonStrict, OK, 1234, codeOf(1007)
	if err := WriteJSON(dir, []Agent{{Name: "An agent", Results: []*Result{r}}}); err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]map[string]map[string]any
	if err := json.Unmarshal(index, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]map[string]any{"An agent": {"6.4.1": {
		"behavior": "NON-STRICT", "behaviorClose": "OK", "duration": 1234.0, "remoteCloseCode": 1007.0, "reportfile": "an_agent_case_6_4_1.json",
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("index.json (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "an_agent_case_6_4_1.json")); err != nil {
		t.Error(err)
	}
}
