package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the real thing, built once.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ws")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "ws.exe")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// ended is what a run of the program left.
type ended struct {
	stdout, stderr string
	code           int
}

// ws runs the program to its end.
func ws(t *testing.T, input string, args ...string) ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return ended{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// want complains if the run ended otherwise. stderr is a part of what is there;
// empty for nothing at all.
func (e ended) want(t *testing.T, stdout, stderr string, code int) {
	t.Helper()
	if e.stdout != stdout || e.code != code || !strings.Contains(e.stderr, stderr) || stderr == "" && e.stderr != "" {
		t.Errorf("stdout %.200q, stderr %q, exit code %d\nwant %.200q, %q, %d", e.stdout, e.stderr, e.code, stdout, stderr, code)
	}
}

// start starts ws serve and returns its address, with what stops it.
func start(t *testing.T, args ...string) (url string, server *exec.Cmd) {
	t.Helper()
	server = exec.Command(program, append([]string{"serve", "-listen", "127.0.0.1:0"}, args...)...)
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := new(bytes.Buffer)
	server.Stderr = stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if server.ProcessState == nil {
			_ = server.Process.Kill()
			_ = server.Wait()
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", stderr)
		}
	})
	first, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(first), "listening on ")
	if !ok {
		t.Fatalf("the first line is %q", first)
	}
	return url, server
}

func TestHelp(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
	}{
		{nil, exitUsage},
		{[]string{"help"}, exitFine},
		{[]string{"-h"}, exitFine},
		{[]string{"--help"}, exitFine},
	} {
		e := ws(t, "", test.args...)
		help := e.stdout
		if test.code != exitFine {
			help = e.stderr
		}
		for _, c := range commands {
			if !strings.Contains(help, "ws "+c.name) {
				t.Errorf("ws %v does not tell of ws %s: %q", test.args, c.name, help)
			}
		}
		if e.code != test.code {
			t.Errorf("ws %v exits with %d, want %d", test.args, e.code, test.code)
		}
	}
	for _, c := range commands {
		e := ws(t, "", c.name, "-h")
		if !strings.HasPrefix(e.stdout, "ws "+c.name) || !strings.Contains(e.stdout, "Flags:") || e.code != exitFine {
			t.Errorf("ws %s -h: %+v", c.name, e)
		}
	}
}

// An invalid command line exits with 2 and says what to do.
func TestUsage(t *testing.T) {
	for _, test := range []struct{ args, stderr string }{
		{"nonsense", `unknown command "nonsense"`},
		{"serve extra", `unexpected argument "extra"`},
		{"serve -nonsense", "not defined"},
		{"serve -tls-cert x", "go together"},
		{"serve -tls -tls-cert x -tls-key x", "give one of the two"},
		{"serve -http3", "-http3 needs -tls"},
		{"serve -max-message 0", "at least 1"},
		{"serve -max-message -2", "at least 1"},
		{"dial -max-message 0 ws://a/", "at least 1"},
		{"dial -max-message 1M ws://a/", "want a number of bytes"},
		{"serve -compress on", "want off, takeover or no-takeover"},
		{"serve -window-bits 8", "-window-bits must be 9 to 15"},
		{"serve -window-bits 16", "-window-bits must be 9 to 15"},
		{"serve -level 0", "-level must be 1 to 9"},
		{"serve -level 10", "-level must be 1 to 9"},
		{"serve -threshold -1", "want a number of bytes"},
		{"serve -threshold few", "want a number of bytes"},
		{"serve -compress off -window-bits 10", "-window-bits makes no sense with -compress off"},
		{"dial -compress  ws://a/", "want off, takeover or no-takeover"},
		{"dial -window-bits 7 ws://a/", "-window-bits must be 9 to 15"},
		{"dial -window-bits ten ws://a/", "-window-bits"},
		{"dial -level 11 ws://a/", "-level must be 1 to 9"},
		{"dial -threshold 1k ws://a/", "want a number of bytes"},
		{"dial ws://a/ -level 9 -compress off", "-level makes no sense with -compress off"},
		{"dial -threshold 0 -compress=off ws://a/", "-threshold makes no sense with -compress off"},
		{"dial", "the URL is missing"},
		{"dial ws://a/ ws://b/", `unexpected argument "ws://b/"`},
		{"dial localhost:9000", "is it ws://localhost:9000?"},
		{"dial htp://localhost/", `"htp"`},
		{"dial ws:///", "no host"},
		{"dial ws://localhost:port/", "port"},
		{"dial ws://localhost/#a", "fragment"},
		{"dial -t 0s ws://localhost/", "-t must be positive"},
		{"dial -close-code 1006 ws://localhost/", "1006 must not be sent"},
		{"dial -close-code 70000 ws://localhost/", "70000 must not be sent"},
		{"dial -H nonsense ws://localhost/", "want 'Name: value'"},
		{"dial -H Upgrade:x ws://localhost/", "-H has Upgrade"},
		{"dial -H Sec-WebSocket-Protocol:x ws://localhost/", "-H has Sec-WebSocket-Protocol: use -subprotocol"},
		{"dial -close-reason " + strings.Repeat("a", 124) + " ws://localhost/", "-close-reason has 124 bytes; at most 123 fit"},
		{"dial -close-code 1005 -close-reason x ws://localhost/", "-close-reason needs a code"},
		{"dial -close-reason \xff ws://localhost/", "-close-reason is not UTF-8"},
		{"dial -http2 -http3 wss://localhost/", "-http2 and -http3 exclude each other"},
		{"dial -http3 ws://localhost/", "-http3 needs wss://"},
		{"dial -http3 -proxy http://localhost:1 wss://localhost/", "-proxy makes no sense with -http3"},
		{"dial -proxy nonsense ws://localhost/", "-proxy"},
		{"dial -ca main.go ws://localhost/", "no certificate"},
		{"dial -ca nonsense ws://localhost/", "nonsense"},
	} {
		t.Run(test.args, func(t *testing.T) {
			ws(t, "", strings.Fields(test.args)...).want(t, "", test.stderr, exitUsage)
		})
	}
}
