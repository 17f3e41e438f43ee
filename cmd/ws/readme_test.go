package main

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// ws prints what the READMEs say: each command behind "$ " in a console block is run from
// the root of the repository. A line "…" there stands for any number of lines, and "…" at
// the end of a line for its rest. A command with "&" at its end is a server: it runs until its
// block has been run, and 127.0.0.1:9000 is another address there.
func TestReadme(t *testing.T) {
	for _, file := range []string{"README.md", "../../compat/README.md", "../../autobahn/README.md"} {
		readme, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		commands := 0
		for block := range strings.SplitSeq(string(readme), "```console\n") {
			block, _, ok := strings.Cut(block, "\n```\n")
			if ok && strings.HasPrefix(block, "$ ") {
				commands += checkBlock(t, block)
			}
		}
		if commands == 0 {
			t.Errorf("%s shows no command of ws", file)
		}
	}
}

// checkBlock runs the commands of a console block, and returns how many there are.
func checkBlock(t *testing.T, block string) (commands int) {
	t.Helper()
	if strings.Contains(block, " &\n") {
		block = strings.ReplaceAll(block, "127.0.0.1:9000", freeAddress(t))
	}
	for part := range strings.SplitSeq("\n"+block, "\n$ ") {
		command, want, _ := strings.Cut(part, "\n")
		if command == "" {
			continue
		}
		commands++
		if server, ok := strings.CutSuffix(command, " &"); ok {
			defer checkServer(t, server, want)()
			continue
		}
		checkCommand(t, command, want)
	}
	return commands
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// shell is a command of a README, to be run.
func shell(t *testing.T, command string) *exec.Cmd {
	t.Helper()
	const run = "go run ./cmd/ws "
	before, args, ok := strings.Cut(command, run)
	if !ok || before != "" && !strings.HasSuffix(before, "| ") {
		t.Fatalf("not a command of ws: %s", command)
	}
	if before == "" {
		before = "exec "
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", before+program+" "+args)
	cmd.Dir = "../.."
	return cmd
}

// checkServer starts a server and checks the first that it prints. stop ends it.
func checkServer(t *testing.T, command, want string) (stop func()) {
	t.Helper()
	cmd := shell(t, command)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	for wanted := range strings.Lines(want + "\n") {
		if got, err := lines.ReadString('\n'); err != nil || !matches([]string{strings.TrimSpace(wanted)}, []string{strings.TrimSpace(got)}) {
			t.Errorf("%s prints %q, %v; want %q", command, got, err, wanted)
		}
	}
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// checkCommand runs a command of a README.
func checkCommand(t *testing.T, command, want string) {
	t.Helper()
	got, err := shell(t, command).CombinedOutput()
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
