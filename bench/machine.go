package main

import (
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/bench/servers"
)

// Machine describes where the figures were measured.
type Machine struct {
	Time     time.Time
	Go       string
	CPU      string
	Kernel   string
	Load     string            // averages over 1, 5 and 15 minutes, before the run
	Versions map[string]string // of the libraries
}

func machine(libs []string) Machine {
	m := Machine{
		Time:     time.Now().UTC().Truncate(time.Second),
		Go:       runtime.Version() + " " + runtime.GOARCH,
		Kernel:   line("/proc/sys/kernel/osrelease"),
		Load:     loadAverage(),
		Versions: make(map[string]string),
	}
	info, _ := os.ReadFile("/proc/cpuinfo")
	for l := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	for _, name := range libs {
		if lib, err := servers.Get(name); err == nil && (lib.Module() != "" || isProgram(lib)) {
			m.Versions[name] = version(lib)
		}
	}
	return m
}

// version returns the version of a module in this program, or of an npm package. Ours comes
// from the parent folder.
func version(lib servers.Library) string {
	if isProgram(lib) {
		return lib.(servers.Program).Version()
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "?"
	}
	for _, dep := range info.Deps {
		switch {
		case dep.Path == lib.Module() && dep.Replace != nil:
			return "of this tree"
		case dep.Path == lib.Module():
			return dep.Version
		}
	}
	return "?"
}

func isProgram(lib servers.Library) bool {
	_, ok := lib.(servers.Program)
	return ok
}

func loadAverage() string {
	return strings.Join(strings.Fields(line("/proc/loadavg"))[:3], " ")
}

func line(file string) string {
	b, _ := os.ReadFile(file)
	return strings.TrimSpace(string(b))
}

// writeJSON writes a report for programs.
func writeJSON(file string, report any) error {
	if file == "" {
		return nil
	}
	b, err := json.MarshalIndent(report, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
