//go:build unix

package tools_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A machine is a directory that replaces / and PATH, so what is installed on the real machine
// is invisible.
type machine struct {
	t    *testing.T
	root string
}

// newMachine returns a machine with everything that setup.sh looks for. Root runs it, and its
// apt-get can install chromium.
func newMachine(t *testing.T) *machine {
	m := &machine{t: t, root: t.TempDir()}
	for _, tool := range []string{"sh", "bash", "dirname", "env", "grep", "head", "ln", "make", "mktemp", "rm", "sed", "sort", "tail"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatalf("the test needs %s: %v", tool, err)
		}
		m.put("usr/bin/" + tool)
		if err := os.Symlink(path, m.path("usr/bin/"+tool)); err != nil {
			t.Fatal(err)
		}
	}
	m.program("go", `echo "go $*" >>"$LOG"; echo go1.26.8`)
	m.program("node", "echo v20.20.2")
	m.program("java", `echo 'openjdk version "17.0.15" 2025-04-15' >&2`)
	m.program("gcc", "read line")
	for _, name := range []string{"npm", "chromium", "nginx", "haproxy", "nghttpx", "apache2", "lighttpd", "hypercorn", "kamailio", "javac", "cc", "qemu-s390x", "qemu-aarch64", "qemu-x86_64", "python3"} {
		m.program(name, "exit 0")
	}
	m.file("usr/lib/x86_64-linux-gnu/kamailio/modules/websocket.so", "")
	m.file("usr/lib/lighttpd/mod_openssl.so", "")
	m.file("usr/lib/python3/dist-packages/websockets/__init__.py", "")
	m.program("id", "echo 0")
	m.program("apt-get", `echo "apt-get $*" >>"$LOG"
		echo "Reading package lists"
		test "$1" = update && exit
		for package; do
			test "$package" = chromium && ln -s `+m.path("usr/bin/npm")+` `+m.path("usr/bin/chromium")+`
		done
		exit 0`)
	if out, err := m.run("../tools/setup.sh"); err != nil || out != "" {
		t.Fatalf("where nothing is missing: %v, prints %q", err, out)
	}
	m.remove("log")
	return m
}

func (m *machine) path(name string) string { return filepath.Join(m.root, name) }

// put creates the directory for a file.
func (m *machine) put(name string) {
	if err := os.MkdirAll(filepath.Dir(m.path(name)), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) file(name, text string) {
	m.put(name)
	if err := os.WriteFile(m.path(name), []byte(text), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) program(name, script string) {
	m.file("usr/bin/"+name, "#!/bin/sh\n"+script+"\n")
}

func (m *machine) remove(names ...string) {
	for _, name := range names {
		if err := os.RemoveAll(m.path(name)); err != nil {
			m.t.Fatal(err)
		}
	}
}

// run runs a program of this repository on the machine and returns its output.
func (m *machine) run(name string, args ...string) (string, error) {
	cmd := exec.CommandContext(m.t.Context(), name, args...)
	cmd.Env = []string{"PATH=" + m.path("usr/bin"), "SETUP_ROOT=" + m.root, "LOG=" + m.path("log"), "TMPDIR=" + m.root}
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || !exit.Exited()) {
		m.t.Fatal(err)
	}
	return string(out), err
}

// called returns the calls of go, sudo and apt-get.
func (m *machine) called() []string {
	log, err := os.ReadFile(m.path("log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.t.Fatal(err)
	}
	return strings.FieldsFunc(string(log), func(r rune) bool { return r == '\n' })
}

const (
	update  = "apt-get update"
	install = "apt-get install -y --no-install-recommends "
)

func TestSetupInstalls(t *testing.T) {
	m := newMachine(t)
	m.remove("usr/bin/chromium")
	out, err := m.run("../tools/setup.sh")
	if err != nil || strings.Count(out, "\n") != 1 || !strings.HasSuffix(out, ": "+update+" && "+install+"chromium\n") {
		t.Errorf("%v, prints %q", err, out)
	}
	if want := []string{"go env GOVERSION", update, install + "chromium"}; !slices.Equal(m.called(), want) {
		t.Errorf("called %q; want %q", m.called(), want)
	}
}

func TestSetupSudo(t *testing.T) {
	m := newMachine(t)
	m.remove("usr/bin/chromium")
	m.program("id", "echo 1000")
	m.program("sudo", `echo "sudo $*" >>"$LOG"; exec "$@"`)
	out, err := m.run("../tools/setup.sh")
	if err != nil || strings.Count(out, "\n") != 1 || !strings.HasSuffix(out, ": sudo "+update+" && sudo "+install+"chromium\n") {
		t.Errorf("%v, prints %q", err, out)
	}
	want := []string{"go env GOVERSION", "sudo " + update, update, "sudo env DEBIAN_FRONTEND=noninteractive " + install + "chromium", install + "chromium"}
	if !slices.Equal(m.called(), want) {
		t.Errorf("called %q; want %q", m.called(), want)
	}
}

// What is missing is found by what the tests run, not by what dpkg knows.
func TestSetupMissing(t *testing.T) {
	for _, test := range []struct {
		gone string // from the machine
		want string // packages
	}{
		{"usr/bin/npm", "npm"},
		{"usr/bin/nginx", "nginx"},
		{"usr/bin/haproxy", "haproxy"},
		{"usr/bin/nghttpx", "nghttp2-proxy"},
		{"usr/bin/apache2", "apache2"},
		{"usr/bin/lighttpd", "lighttpd"},
		{"usr/lib/lighttpd", "lighttpd-mod-openssl"},
		{"usr/bin/hypercorn", "python3-hypercorn"},
		{"usr/bin/kamailio", "kamailio"},
		{"usr/lib/x86_64-linux-gnu", "kamailio-websocket-modules"},
		{"usr/bin/java", "default-jdk-headless"},
		{"usr/bin/javac", "default-jdk-headless"},
		{"usr/bin/python3", "python3"},
		{"usr/lib/python3", "python3-websockets"},
		{"usr/bin/qemu-aarch64", "qemu-user"},
		{"usr/bin/gcc", "gcc libc6-dev"},
	} {
		m := newMachine(t)
		m.remove(test.gone, "usr/bin/apt-get")
		out, err := m.run("../tools/setup.sh")
		if err == nil || !strings.Contains(out, "packages are: "+test.want+".") {
			t.Errorf("without %s: %v, prints %q; want %s", test.gone, err, out, test.want)
		}
	}
}

// If something cannot be installed, or is the wrong thing, setup ends with a reason.
func TestSetupStops(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*machine)
		want   string
	}{
		"no apt-get": {func(m *machine) { m.remove("usr/bin/apt-get") }, "there is no apt-get to install them. In Debian their packages are: chromium."},
		"no sudo": {func(m *machine) { m.program("id", "echo 1000") },
			"There is no sudo, so install them as root: " + update + " && " + install + "chromium"},
		"no Go":      {func(m *machine) { m.remove("usr/bin/go") }, "Go 1.26.0 or newer is missing"},
		"old Go":     {func(m *machine) { m.program("go", "echo go1.9.7") }, "Go 1.26.0 or newer is needed, this is 1.9.7"},
		"no Go yet":  {func(m *machine) { m.program("go", "echo go.mod requires go 1.26.0 >&2; exit 1") }, "Go 1.26.0 or newer is needed"},
		"no Node":    {func(m *machine) { m.remove("usr/bin/node") }, "Node.js 20 or newer, with npm, is missing"},
		"old Node":   {func(m *machine) { m.program("node", "echo v18.20.4") }, "Node.js 20 or newer, with npm, is needed, this is v18.20.4"},
		"old Java":   {func(m *machine) { m.program("java", `echo 'java version "1.8.0_402"' >&2`) }, "not found: default-jdk-headless"},
		"no network": {func(m *machine) { m.program("apt-get", "echo Could not resolve; exit 100") }, "Could not resolve\nsetup: that failed"},
		"in vain":    {func(m *machine) { m.program("apt-get", "exit 0") }, "not found: chromium"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.remove("usr/bin/chromium")
			test.change(m)
			if out, err := m.run("../tools/setup.sh"); err == nil || !strings.Contains(out, test.want) {
				t.Errorf("%v, prints %q; want %q", err, out, test.want)
			}
			if left, _ := filepath.Glob(m.path("tmp.*")); len(left) > 0 {
				t.Errorf("leaves %q", left)
			}
		})
	}
}

// A development version of Go is accepted.
func TestSetupGoVersions(t *testing.T) {
	for _, version := range []string{"go1.26.0", "go1.30", "devel go1.27-a1b2c3d Mon Nov 30 02:00:00 2026"} {
		m := newMachine(t)
		m.program("go", "echo '"+version+"'")
		if out, err := m.run("../tools/setup.sh"); err != nil || out != "" {
			t.Errorf("%s: %v, prints %q", version, err, out)
		}
	}
}

// A missing peer is found before anything is built, in tests and in CI.
func TestSetupComesFirst(t *testing.T) {
	for _, command := range [][]string{{"make", "-C", "..", "test"}, {"../.ci/run"}} {
		m := newMachine(t)
		m.remove("usr/bin/chromium", "usr/bin/apt-get")
		out, err := m.run(command[0], command[1:]...)
		if err == nil || !strings.Contains(out, "packages are: chromium.") {
			t.Errorf("%q: %v, prints %q", command, err, out)
		}
		if want := []string{"go env GOVERSION"}; !slices.Equal(m.called(), want) {
			t.Errorf("%q called %q; want %q", command, m.called(), want)
		}
	}
}
