package autobahn

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// WriteJSON writes results in the layout of Autobahn|Testsuite: dir/index.json,
// an overview of all agents and cases, and a file for each agent and case.
func WriteJSON(dir string, agents []Agent) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	type line struct {
		Behavior      Verdict `json:"behavior"`
		BehaviorClose Verdict `json:"behaviorClose"`
		Duration      int64   `json:"duration"` // milliseconds
		RemoteClose   *int    `json:"remoteCloseCode"`
		ReportFile    string  `json:"reportfile"`
	}
	index := map[string]map[string]line{}
	for _, agent := range agents {
		cases := map[string]line{}
		for _, r := range agent.Results {
			name := reportFile(agent.Name, r.ID)
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

// reportFile is the name of the file of a case, as the original makes it.
func reportFile(agent, id string) string {
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return ' '
	}, strings.ToLower(strings.TrimSpace(agent)))
	name = strings.ReplaceAll(strings.TrimSpace(name), " ", "_")
	return name + "_case_" + strings.ReplaceAll(id, ".", "_") + ".json"
}
