package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

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
	for i, want := range []int{100, 102} { // a file's name has at most 255 bytes
		if got := filePrefix(strings.Repeat("a", 300+i), taken); len(got) != want {
			t.Errorf("a long name becomes %d bytes, want %d", len(got), want)
		}
	}
	for i, want := range []string{"a_b", "a_b_2", "a_b_3"} {
		if got := filePrefix([]string{"A B", "a-b", "a b"}[i], taken); got != want {
			t.Errorf("number %d begins with %s, want %s", i, got, want)
		}
	}
	dir := filepath.Join(t.TempDir(), "new", "reports")
	r := verdict.New()
	r.ID, r.IsServer = "6.4.1", true
	r.Behavior, r.BehaviorClose, r.Duration, r.RemoteCloseCode = verdict.NonStrict, verdict.OK, 1234, new(1007)
	if err := WriteJSON(dir, []Agent{{Name: "An agent", Results: []*verdict.Result{r}}}); err != nil {
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
