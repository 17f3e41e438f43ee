package main

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README of the repository tells how to use the library from a clone, with a server,
// a client, a server that looks at requests, and both kinds of server on a loop. Here somebody
// does what it says.
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
	programs := regexp.MustCompile("(?s)```go\n// ((?:server|client|rooms|loop|looprooms)/main\\.go)\n(.*?)\n```").FindAllStringSubmatch(readme, -1)
	if len(programs) != 5 {
		t.Fatalf("README.md has %d programs; want a server, a client and rooms, and two on a loop", len(programs))
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
	script := "set -e; mkdir -p hello" + strings.ReplaceAll(commands, "/path/to/clone", clone) + "\ngo build -o bin/ ./server ./client ./rooms ./loop ./looprooms"
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = filepath.Dir(module)
	// The sums of all that it needs are in the clone's go.sum.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOSUMDB=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	talk(t, module, "server", "client", address)
	talk(t, module, "loop", "client", address)
	visit(t, module, "rooms", address, "", "welcome to blue, joe")
	visit(t, module, "looprooms", address, "ahoy", "joe says in blue: ahoy")

	// And over HTTP/2, with the lines that this takes.
	overHTTP2(t, module, readme, address)
	cmd = exec.CommandContext(t.Context(), "go", "build", "-o", "bin/", "./server", "./client")
	cmd.Dir = filepath.Join(module, "http2")
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOSUMDB=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	talk(t, filepath.Join(module, "http2"), "server", "client", address)
}

// overHTTP2 changes the programs as the section about HTTP/2 says. The client takes nothing else.
func overHTTP2(t *testing.T, module, readme, address string) {
	t.Helper()
	_, section, _ := strings.Cut(readme, "\n## HTTP/2 and HTTP/3\n")
	section, _, _ = strings.Cut(section, "\n## ")
	lines := regexp.MustCompile("(?s)```go\n([^\n]*)\n\n([^\n]*)\n```").FindAllStringSubmatch(section, -1)
	if len(lines) != 2 {
		t.Fatalf("%d pairs of lines; want those of a server and of a client", len(lines))
	}
	for i, program := range []struct{ name, before, call string }{
		{"server", "import (", "log.Fatal("},
		{"client", "func main()", "c, _, err := "},
	} {
		source, err := os.ReadFile(filepath.Join(module, program.name, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(source), program.before, lines[i][1]+"\n\n"+program.before, 1)
		call := regexp.MustCompile("(?m)^\t" + regexp.QuoteMeta(program.call) + ".*$").FindString(text)
		if call == "" || !strings.Contains(lines[i][2], program.call) {
			t.Fatalf("%s/main.go has no line that begins as %s", program.name, lines[i][2])
		}
		text = strings.Replace(text, call, "\t"+lines[i][2], 1)
		text = strings.ReplaceAll(text, "127.0.0.1:8080", address)
		text = strings.Replace(text, "websocket.HTTP2Pool\n", "= websocket.HTTP2Pool{Require: true}\n", 1)
		file := filepath.Join(module, "http2", program.name, "main.go")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cert := certificate(t)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(module, "http2", name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// built is a program that was built in a folder.
func built(t *testing.T, folder, name string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), filepath.Join(folder, "bin", name))
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+filepath.Join(folder, "cert.pem"))
	return cmd
}

// talk runs the server and the client in a folder.
func talk(t *testing.T, folder, server, client, address string) {
	t.Helper()
	defer begin(t, built(t, folder, server), address)()
	if out, err := built(t, folder, client).CombinedOutput(); err != nil || string(out) != "ahoy\n" {
		t.Errorf("the client of %s: %v, prints %q", server, err, out)
	}
}

// visit runs a server with rooms. One who logs in and says something there hears an answer.
func visit(t *testing.T, folder, server, address, says, hears string) {
	t.Helper()
	defer begin(t, built(t, folder, server), address)()
	for user, code := range map[string]int{"": exitFailed, "joe:secret@": exitFine} {
		args := []string{"dial", "ws://" + user + address + "/rooms/blue"}
		e := ws(t, says, args...)
		if e.code != code || code == exitFine && e.stdout != hears+"\n" || code != exitFine && !strings.Contains(e.stderr, "401") {
			t.Errorf("%s, %s: exit code %d, %q, %s", server, user, e.code, e.stdout, e.stderr)
		}
	}
}

// begin starts a server and waits until it listens.
func begin(t *testing.T, serving *exec.Cmd, address string) (end func()) {
	t.Helper()
	if err := serving.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serving.Wait() }()
	for {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
			break
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the server has ended: %v", err)
		default:
		}
	}
	return func() {
		_ = serving.Process.Kill()
		<-ended
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
