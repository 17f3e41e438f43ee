package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README of the repository tells how to use the library from a clone, with a server,
// a client, and a server that looks at requests. Here somebody does what it says.
func TestReadmeUse(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(text)
	clone, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()

	module := filepath.Join(t.TempDir(), "hello")
	programs := regexp.MustCompile("(?s)```go\n// ((?:server|client|rooms)/main\\.go)\n(.*?)\n```").FindAllStringSubmatch(readme, -1)
	if len(programs) != 3 {
		t.Fatalf("README.md has %d programs; want a server, a client and rooms", len(programs))
	}
	for _, program := range programs {
		file := filepath.Join(module, program[1])
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		source := strings.ReplaceAll(program[2], "127.0.0.1:8080", address)
		if err := os.WriteFile(file, []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	// The commands, up to where the programs run.
	_, commands, _ := strings.Cut(readme, "```sh\nmkdir hello")
	commands, running, ok := strings.Cut(commands, "go run ./server\n")
	if !ok || !strings.HasPrefix(running, "go run ./client") {
		t.Fatal("README.md does not run the server and the client")
	}
	script := "set -e; mkdir -p hello" + strings.ReplaceAll(commands, "/path/to/clone", clone) + "\ngo build -o bin/ ./server ./client ./rooms"
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = filepath.Dir(module)
	// The sums of all that it needs are in the clone's go.sum.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOSUMDB=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	server := exec.CommandContext(t.Context(), filepath.Join(module, "bin/server"))
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	for {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("the server has ended: %v", err)
		default:
		}
	}
	client := exec.CommandContext(t.Context(), filepath.Join(module, "bin/client"))
	if out, err := client.CombinedOutput(); err != nil || string(out) != "ahoy\n" {
		t.Errorf("the client: %v, prints %q", err, out)
	}
}

// Links in these READMEs lead somewhere: to a file, or to a heading.
func TestReadmeLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)]*)\)`)
	for _, file := range []string{"../../README.md", "README.md", "../../compat/README.md", "../../autobahn/README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			name, heading, _ := strings.Cut(found[1], "#")
			target := file
			if name != "" {
				target = filepath.Join(filepath.Dir(file), name)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", file, found[1], err)
				continue
			}
			if heading == "" {
				continue
			}
			there, err := os.ReadFile(target)
			if err != nil {
				t.Fatal(err)
			}
			if !hasHeading(string(there), heading) {
				t.Errorf("%s links to %s: there is no such heading", file, found[1])
			}
		}
	}
}

// hasHeading reports whether a page of Markdown has a heading with this anchor.
func hasHeading(page, anchor string) bool {
	marks := regexp.MustCompile("[^a-z0-9 -]")
	for line := range strings.Lines(page) {
		heading := strings.TrimLeft(line, "#")
		if heading == line {
			continue
		}
		heading = marks.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
		if strings.ReplaceAll(heading, " ", "-") == anchor {
			return true
		}
	}
	return false
}
