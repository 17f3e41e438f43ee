package verdict

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

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
	r := New()
	r.ID, r.Case = "5.6", 50
	r.Started = time.Date(2026, 11, 22, 19, 35, 52, 75e6, time.UTC)
	r.Expected[OK] = []Event{GotPong("ping payload"), GotText("fragment1fragment2")}
	r.Received = r.Expected[OK]
	r.ExpectedClose = WeClose
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
		{GotBinary("\xfe"), `["message","0xfe",true]`},
		{Event{Kind: "timeout", Payload: []byte("A")}, `["timeout","A"]`},
		{Event{Kind: "ping", Payload: nil}, `["ping",""]`},
		{GotText(long[:60]), `["message","` + long[:60] + `",false]`},
		{GotText(long), `["message","` + long + ` ...",false]`},
		{GotText(strings.Repeat("*", 100)), `["message","` + strings.Repeat("*", 64) + ` ...",false]`},
		{Entry{Kind: LogTxOctets, Length: 2, Data: []byte{0x88, 0x80}}, `["TO",[2,"8880"],false]`},
		{Entry{Kind: LogRxOctets, Length: 61, Data: []byte(long)}, `["RO",[61,"` + strings.Repeat("2a", 61) + ` ..."]]`},
		{Entry{Kind: LogTxFrame, Length: 9, Data: []byte("fragment1"), Opcode: 1, Masked: true, Key: [4]byte{0x2c, 0x9f, 0x20, 0x75}}, `["TF",[9,"fragment1"],1,false,0,"2c9f2075",null,null,false]`},
		{Entry{Kind: LogTxFrame, Length: 1, Data: []byte("a"), Opcode: 1, FIN: true, RSV: 4, Chop: 1, Sync: true}, `["TF",[1,"a"],1,true,4,null,null,1,true]`},
		{Entry{Kind: LogRxFrame, Length: 2, Data: []byte{3, 0xe8}, Opcode: 8, FIN: true}, `["RF",[2,"0x03e8"],8,true,0,false,null]`},
		{Entry{Kind: LogRxFrame, Masked: true, Opcode: 9, FIN: true}, `["RF",[0,""],9,true,0,true,"00000000"]`},
		{Entry{Kind: LogSwitch, On: true}, `["WLM",true]`},
		{Entry{Kind: LogWait, Delay: 1, Tag: "A"}, `["CT",1,"A"]`},
		{Entry{Kind: LogWait, Delay: 1}, `["CT",1,null]`},
		{Entry{Kind: LogWaited, Tag: "A"}, `["CTE","A"]`},
		{Entry{Kind: LogKillAfter, Delay: 0.5}, `["KL",0.5]`},
		{Entry{Kind: LogKill}, `["KLE"]`},
		{Entry{Kind: LogCloseAfter, Delay: 10}, `["TI",10]`},
		{Entry{Kind: LogCloseNow}, `["TIE"]`},
	} {
		if out, err := json.Marshal(row.value); string(out) != row.want {
			t.Errorf("%s, %v; want %s", out, err, row.want)
		}
	}
	if _, err := json.Marshal(Entry{Kind: "XX"}); err == nil {
		t.Error("an entry of no kind is written")
	}
}
