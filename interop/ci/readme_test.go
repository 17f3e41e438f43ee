package ci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const suiteReadme = "../../autobahn/README.md"

// A block is a piece of code in a README.
type block struct{ language, text string }

func blocks(t *testing.T, file string) (list []block) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		list = append(list, block{found[1], found[2]})
	}
	return list
}

// A follower does what the README says, in a folder.
type follower struct {
	dir   string
	ports *strings.Replacer // the README's are not free, maybe
	env   []string
}

// freePorts replaces the ports of the README.
func freePorts(t *testing.T) *strings.Replacer {
	t.Helper()
	var pairs []string
	for _, port := range []string{"9000", "9001"} {
		pairs = append(pairs, port, freePort(t))
	}
	return strings.NewReplacer(pairs...)
}

// file writes a file of the project.
func (p *follower) file(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(p.dir, filepath.Dir(name)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(p.ports.Replace(text)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sh runs commands in a directory, and ends what they leave behind.
func (p *follower) sh(t *testing.T, dir, commands string) (printed string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := os.Create(filepath.Join(t.TempDir(), "printed")) // a pipe would wait for what is left behind
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.CommandContext(ctx, "bash", "-ec", p.ports.Replace(commands))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = p.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err = cmd.Run()
	// Until nobody is left; but where nothing reaps orphans, they stay.
	for range 100 {
		if syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	text, readErr := os.ReadFile(out.Name())
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(text), err
}

// The README of the conformance suite is followed to the letter: its programs are written to
// files, its commands run.
func TestSuiteReadme(t *testing.T) {
	t.Parallel()
	clone, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("../node_modules")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "interop-readme-") // not t.TempDir, as in browse
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &follower{dir: dir, ports: freePorts(t)}
	if err := os.Symlink(modules, filepath.Join(p.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(clone, filepath.Join(p.dir, "hawser")); err != nil {
		t.Fatal(err)
	}
	// HOME is where the program goes, the caches of Go stay where they are. The Python of Debian
	// has websockets; another may come first in the path.
	p.env = append(os.Environ(), "HOME="+p.dir, "GOWORK=", "PATH="+filepath.Join(p.dir, "bin")+":/usr/bin:"+os.Getenv("PATH"))
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		p.env = append(p.env, name+"="+strings.TrimSpace(string(value)))
	}
	named := regexp.MustCompile(`^(?:#|//) ([a-z./]+)\n`)
	ran := 0
	for _, b := range blocks(t, suiteReadme) {
		switch name := named.FindStringSubmatch(b.text); {
		case b.language == "yaml" && strings.Contains(b.text, "/actions/conform@"):
			p.file(t, name[1], b.text)
			newRunner(t, p.dir).job(bounded(t), "conformance").want(t, "passed", 0)
			ran++
		case b.language == "yaml":
			if printed, err := p.sh(t, p.dir, steps(b.text)); err != nil {
				t.Errorf("%s%v\n%s", b.text, err, printed)
			}
			ran++
		case name != nil:
			p.file(t, name[1], b.text)
		case b.language == "json":
			p.file(t, "fuzzingclient.json", b.text)
		case b.language == "sh":
			dir := p.dir
			if strings.HasPrefix(b.text, "go build") {
				dir = clone
			}
			if printed, err := p.sh(t, dir, b.text); err != nil {
				t.Errorf("%s%v\n%s", b.text, err, printed)
			}
			ran++
		}
	}
	if ran < 9 {
		t.Errorf("%s has %d blocks of commands", suiteReadme, ran)
	}
}

// steps returns the commands of a job of GitLab, except what installs packages.
func steps(job string) string {
	var commands []string
	for line := range strings.Lines(job) {
		if command, ok := strings.CutPrefix(line, "    - "); ok && !strings.Contains(command, "npm ci") {
			commands = append(commands, command)
		}
	}
	return strings.Join(commands, "")
}

// What the README shows of a failure is what comes of it.
func TestSuiteReadmeExample(t *testing.T) {
	t.Parallel()
	ctx := bounded(t)
	dir := t.TempDir()
	for name, source := range map[string]string{"ws": "../../cmd/ws", "testee": "../testee"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(dir, name), ".")
		cmd.Dir = source
		if name == "ws" {
			cmd.Env = append(os.Environ(), "GOWORK=") // the library of this clone
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	address := "127.0.0.1:" + freePort(t)
	server := exec.CommandContext(ctx, filepath.Join(dir, "testee"), "-lib", "coder", "-listen", address)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "ws"), "conform",
		"-server", "coder=ws://"+address+"/", "-wait", "30s", "-cases", "6.3.1", "-o", dir).Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); !ok || failed.ExitCode() != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	var r struct {
		LocalCloseCode, RemoteCloseCode     int
		LocalCloseReason, RemoteCloseReason string
		ClosedByMe                          bool
		RxFrameStats                        map[int]int
		Wirelog                             [][]any
	}
	text, err := os.ReadFile(filepath.Join(dir, "servers", "coder_case_6_3_1.json"))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	// The wire log, as the README writes it.
	var lines []string
	opcodes := map[any]string{0.0: "continuation", 1.0: "text", 8.0: "close"}
	for _, e := range r.Wirelog {
		if e[0] != "TF" && e[0] != "RF" {
			continue
		}
		payload := e[1].([]any)
		line := fmt.Sprintf("%s %-12s  ", map[any]string{"TF": "→", "RF": "←"}[e[0]], opcodes[e[2]])
		line += map[any]string{true: "FIN", false: "   "}[e[3]]
		switch {
		case e[2] == 8.0 && e[0] == "TF":
			line += fmt.Sprintf("  %d %s", r.LocalCloseCode, r.LocalCloseReason)
		case e[2] == 8.0:
			line += fmt.Sprintf("  %d %s", r.RemoteCloseCode, r.RemoteCloseReason)
		case payload[0] == 0.0:
			line += "   0 bytes"
		default:
			hex := regexp.MustCompile("..").FindAllString(strings.TrimPrefix(payload[1].(string), "0x"), -1)
			line += fmt.Sprintf("  %2.0f bytes  %s", payload[0], strings.Join(hex, " "))
		}
		lines = append(lines, line+"\n")
	}
	if !r.ClosedByMe {
		t.Error("the server closed first")
	}
	var shown []string
	for _, b := range blocks(t, suiteReadme) {
		if b.language == "text" {
			shown = append(shown, b.text)
		}
	}
	if len(shown) != 2 || !strings.Contains(string(out), shown[0]) {
		t.Errorf("%s shows\n%s\nws conform prints\n%s", suiteReadme, shown[0], out)
	}
	if got := strings.Join(lines, ""); got != shown[1] {
		t.Errorf("%s shows\n%s\nthe wire log is\n%s", suiteReadme, shown[1], got)
	}
}
