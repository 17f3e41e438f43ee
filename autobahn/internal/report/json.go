package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hawser-ws/websocket/autobahn/internal/verdict"
)

// WriteJSON writes results in the layout of Autobahn|Testsuite: dir/index.json, an overview of
// all agents and cases, and a file for each agent and case.
func WriteJSON(dir string, agents []Agent) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	type line struct {
		Behavior      verdict.Verdict `json:"behavior"`
		BehaviorClose verdict.Verdict `json:"behaviorClose"`
		Duration      int64           `json:"duration"` // milliseconds
		RemoteClose   *int            `json:"remoteCloseCode"`
		ReportFile    string          `json:"reportfile"`
	}
	index := map[string]map[string]line{}
	taken := map[string]bool{}
	for _, agent := range agents {
		cases := map[string]line{}
		prefix := filePrefix(agent.Name, taken)
		for _, r := range agent.Results {
			name := prefix + "_case_" + strings.ReplaceAll(r.ID, ".", "_") + ".json"
			if err := writeJSON(filepath.Join(dir, name), r); err != nil {
				return err
			}
			cases[r.ID] = line{r.Behavior, r.BehaviorClose, r.Duration, r.RemoteCloseCode, name}
		}
		index[agent.Name] = cases
	}
	return writeJSON(filepath.Join(dir, "index.json"), index)
}

func writeJSON(path string, v any) error {
	out, err := json.MarshalIndent(v, "", "   ")
	if err != nil {
		return fmt.Errorf("autobahn: %s: %w", path, err)
	}
	return os.WriteFile(path, append(out, '\n'), 0o644)
}

// filePrefix returns the prefix of an agent's file names, as the original makes it. Agents
// whose names differ only in other characters get a number. A name may be longer than that of a
// file can be.
func filePrefix(agent string, taken map[string]bool) string {
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return ' '
	}, strings.ToLower(strings.TrimSpace(agent)))
	name = strings.ReplaceAll(strings.TrimSpace(name), " ", "_")
	const longest = 100
	name = name[:min(len(name), longest)]
	prefix := name
	for n := 2; taken[prefix]; n++ {
		prefix = fmt.Sprintf("%s_%d", name, n)
	}
	taken[prefix] = true
	return prefix
}
