package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// ws prints what the READMEs say: each command behind "$ " in a console block is run from
// the root of the repository. A line "…" there stands for any number of lines, and "…" at
// the end of a line for its rest.
func TestReadme(t *testing.T) {
	for _, file := range []string{"README.md", "../../compat/README.md", "../../autobahn/README.md"} {
		readme, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		commands := 0
		for block := range strings.SplitSeq(string(readme), "```console\n") {
			block, _, ok := strings.Cut(block, "\n```\n")
			if !ok || !strings.HasPrefix(block, "$ ") {
				continue
			}
			for part := range strings.SplitSeq("\n"+block, "\n$ ") {
				command, want, _ := strings.Cut(part, "\n")
				if command == "" {
					continue
				}
				commands++
				checkCommand(t, command, want)
			}
		}
		if commands == 0 {
			t.Errorf("%s shows no command of ws", file)
		}
	}
}

// checkCommand runs a command of a README.
func checkCommand(t *testing.T, command, want string) {
	t.Helper()
	run, ok := strings.CutPrefix(command, "go run ./cmd/ws ")
	if !ok {
		t.Errorf("not a command of ws: %s", command)
		return
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", program+" "+run)
	cmd.Dir = "../.."
	got, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v", command, err)
	}
	if !matches(strings.Split(strings.TrimRight(want, "\n"), "\n"), strings.Split(strings.TrimRight(string(got), "\n"), "\n")) {
		t.Errorf("%s\nprints\n%s\nand not\n%s", command, got, want)
	}
}

// matches reports whether lines are what the pattern shows of them.
func matches(pattern, lines []string) bool {
	for ; len(pattern) > 0; pattern, lines = pattern[1:], lines[1:] {
		if strings.TrimSpace(pattern[0]) == "…" {
			for i := range len(lines) + 1 {
				if matches(pattern[1:], lines[i:]) {
					return true
				}
			}
			return false
		}
		if len(lines) == 0 {
			return false
		}
		begin, cut := strings.CutSuffix(pattern[0], "…")
		if lines[0] != pattern[0] && (!cut || !strings.HasPrefix(lines[0], begin)) {
			return false
		}
	}
	return len(lines) == 0
}

func TestReadmeMatches(t *testing.T) {
	for _, test := range []struct {
		pattern, lines string
		want           bool
	}{
		{"a b", "a b", true},
		{"a b", "a", false},
		{"a", "a b", false},
		{"…", "a b c", true},
		{"a … c", "a b b c", true},
		{"a … c", "a c", true},
		{"a … c", "a b", false},
		{"… c … e", "a c c d e", true},
		{"al…", "alpha", true},
		{"al…", "beta", false},
	} {
		if got := matches(strings.Fields(test.pattern), strings.Fields(test.lines)); got != test.want {
			t.Errorf("%q, %q: %v", test.pattern, test.lines, got)
		}
	}
}
