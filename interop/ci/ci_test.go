package ci

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/joshdk/go-junit"
)

// project copies the project, with the packages of npm that interop has installed.
func project(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/project")); err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("../node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "ws")); err != nil {
		t.Fatalf("run npm ci in interop (package ws): %v", err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// edit changes a file of the project.
func edit(t *testing.T, file, old, now string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), old) != 1 {
		t.Fatalf("%s does not have %q once", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, now, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// freePort is a port for a server of the project.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// bounded ends what hangs.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// results reads the JUnit file as a CI system would: the cases by status.
func results(t *testing.T, dir string) (suite junit.Suite, by map[junit.Status][]string) {
	t.Helper()
	suites, err := junit.IngestFile(filepath.Join(dir, "conformance/junit.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(suites) != 1 {
		t.Fatalf("%d suites", len(suites))
	}
	by = map[junit.Status][]string{}
	for _, test := range suites[0].Tests {
		if !strings.HasPrefix(test.Classname, "server.mine.") {
			t.Errorf("%s is of %q", test.Name, test.Classname)
		}
		by[test.Status] = append(by[test.Status], test.Name)
	}
	return suites[0], by
}

// The CI of the project: green with known failures, red with a new one and with one that is mended
// until the baseline is written anew.
func TestServer(t *testing.T) {
	ctx, dir := bounded(t), project(t)
	workflow := filepath.Join(dir, ".github/workflows/conformance.yml")
	text, err := os.ReadFile(workflow)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(workflow, []byte(strings.ReplaceAll(string(text), "9000", freePort(t))), 0o644); err != nil {
		t.Fatal(err)
	}
	r := newRunner(t, dir)

	// As it is.
	run := r.job(ctx, "server")
	run.want(t, "passed", 0)
	suite, by := results(t, dir)
	if fmt.Sprint(by[junit.StatusSkipped]) != "[20.1.1 20.1.2 20.1.17]" || len(by[junit.StatusFailed]) > 0 || suite.Totals.Tests != 19 {
		t.Errorf("%v, %+v", by, suite.Totals)
	}
	if strings.Contains(run.log, "::error") {
		t.Errorf("a green run has annotations: %s", run.log)
	}
	has(t, run.summary, "### mine as a server: 19 of 19 cases, 0 new failures, 3 known", "Known failures: 20.1.1 to 20.1.17")
	if page, err := os.Stat(run.outputs["report"]); err != nil || page.Size() == 0 {
		t.Errorf("the report: %v, %v", run.outputs, err)
	}
	if run.uploads != 1 { // the workflow asks for it
		t.Errorf("%d uploads", run.uploads)
	}

	// Somebody breaks it for large messages.
	server := filepath.Join(dir, "server.mjs")
	edit(t, server, "64 * 1024 * 1024", "65535")
	run = r.job(ctx, "server")
	run.want(t, "failed", 1)
	has(t, run.log, "\n::error title=mine as a server%3A 1.1.7 FAILED::", "\n::error title=mine as a server%3A 1.2.8 FAILED::")
	if strings.Contains(run.log, "::error title=mine as a server%3A 20.") {
		t.Errorf("a known failure is annotated: %s", run.log)
	}
	_, by = results(t, dir)
	if fmt.Sprint(by[junit.StatusFailed]) != "[1.1.7 1.1.8 1.2.7 1.2.8]" || len(by[junit.StatusSkipped]) != 3 {
		t.Errorf("%v", by)
	}
	edit(t, server, "65535", "64 * 1024 * 1024")

	// Somebody mends two of the known failures.
	edit(t, server, "  maxPayload:", `  verifyClient: ({ req }, accept) => {
    const hosts = req.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
    accept(hosts.length === 1, 400);
  },
  maxPayload:`)
	run = r.job(ctx, "server")
	run.want(t, "failed", 1)
	const command = "to write the file anew: ws conform -server ws://127.0.0.1:"
	has(t, run.log, "\n::error file=conformance/known.txt,line=2,title=ws conform%3A mended%2C but still in conformance/known.txt::",
		"conformance/known.txt:2: server mine 20.1.1 (FAILED) does better now", command, "-write-baseline conformance/known.txt")
	_, by = results(t, dir)
	if fmt.Sprint(by[junit.StatusFailed]) != "[20.1.1 20.1.2]" || fmt.Sprint(by[junit.StatusSkipped]) != "[20.1.17]" {
		t.Errorf("%v", by)
	}

	// The baseline is written anew, by the same steps with another flag.
	edit(t, workflow, "          baseline: conformance/known.txt\n", "          args: -write-baseline=conformance/known.txt\n")
	run = r.job(ctx, "server")
	run.want(t, "passed", 0)
	edit(t, workflow, "          args: -write-baseline=conformance/known.txt\n", "          baseline: conformance/known.txt\n")
	known, err := os.ReadFile(filepath.Join(dir, "conformance/known.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "# Node's HTTP parser does not ask for a Host in an Upgrade, and ws does not either.\nserver  mine  20.1.17  FAILED  # Number(\"013\") is 13\n"; string(known) != want {
		t.Errorf("%q, want %q", known, want)
	}
	r.job(ctx, "server").want(t, "passed", 0)

	// The server does not start.
	edit(t, server, "import {", "import nothing from 'there-is-no-such-package';\nimport {")
	edit(t, workflow, "          name: mine\n", "          name: mine\n          wait: 1s\n")
	run = r.job(ctx, "server")
	run.want(t, "error", 2)
	has(t, run.log, "::error title=ws conform%3A not finished::", "refused", "there-is-no-such-package")
}

func TestClient(t *testing.T) {
	ctx, dir := bounded(t), project(t)
	edit(t, filepath.Join(dir, ".github/workflows/conformance.yml"), "          role: client\n", "          role: client\n          url: ws://127.0.0.1:"+freePort(t)+"/\n")
	r := newRunner(t, dir)
	run := r.job(ctx, "client")
	run.want(t, "passed", 0)
	has(t, run.log, "mine as a client: 16 cases")
	has(t, run.summary, "### mine as a client: 16 of 16 cases, 0 failures")
	if run.uploads != 0 {
		t.Error("something is uploaded that nobody asked for")
	}

	edit(t, filepath.Join(dir, "client.mjs"), "socket.send(data,", "data.length === 0 ? socket.close() : socket.send(data,")
	run = r.job(ctx, "client")
	run.want(t, "failed", 1)
	has(t, run.log, "::error title=mine as a client%3A 1.1.1 ")
}

// An input that is wrong is an error that says so.
func TestRole(t *testing.T) {
	ctx, dir := bounded(t), project(t)
	edit(t, filepath.Join(dir, ".github/workflows/conformance.yml"), "role: client", "role: proxy")
	run := newRunner(t, dir).job(ctx, "client")
	run.want(t, "error", 2)
	has(t, run.log, "::error title=ws conform::The role is server or client, not proxy.")
}

// What answers at the URL before start has run is not what start begins.
func TestPortTaken(t *testing.T) {
	ctx, dir := bounded(t), project(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	workflow := filepath.Join(dir, ".github/workflows/conformance.yml")
	edit(t, workflow, "url: ws://127.0.0.1:9000/", "url: ws://"+l.Addr().String()+"/")
	run := newRunner(t, dir).job(ctx, "server")
	run.want(t, "error", 2)
	has(t, run.log, "::error title=ws conform::Something listens at ws://"+l.Addr().String()+"/ already")
}

// When the step is over, the server has ended, though it takes its time, and its port is free.
// Names of files may be absolute.
func TestEnd(t *testing.T) {
	ctx, dir := bounded(t), project(t)
	port, report := freePort(t), filepath.Join(t.TempDir(), "report")
	workflow := filepath.Join(dir, ".github/workflows/conformance.yml")
	edit(t, workflow, "url: ws://127.0.0.1:9000/", "url: ws://127.0.0.1:"+port+"/")
	edit(t, workflow, "PORT=9000 node", "trap 'sleep 1; exit' TERM; PORT="+port+" node")
	edit(t, workflow, "report: conformance/report", "report: "+report)
	r := newRunner(t, dir)
	for range 2 {
		run := r.job(ctx, "server")
		run.want(t, "passed", 0)
		if run.outputs["report"] != filepath.Join(report, "index.html") {
			t.Errorf("the report is %s", run.outputs["report"])
		}
	}
}

// The last line of a server's output may lack its newline. Commands after it count.
func TestLastLine(t *testing.T) {
	ctx, dir := bounded(t), project(t)
	workflow := filepath.Join(dir, ".github/workflows/conformance.yml")
	edit(t, workflow, "PORT=9000 node server.mjs", "printf '::error::no'; exit 3")
	edit(t, workflow, "url: ws://127.0.0.1:9000/\n", "url: ws://127.0.0.1:"+freePort(t)+"/\n          wait: 1s\n")
	run := newRunner(t, dir).job(ctx, "server")
	run.want(t, "error", 2)
	if strings.Contains(run.log, "::error::no::") {
		t.Error(run.log)
	}
}
