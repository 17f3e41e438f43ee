package check

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const (
	library = "github.com/hawser-ws/websocket"
	version = "v0.1.0" // what the modules of compat require
)

// dropIn is a module under compat.
type dropIn struct {
	replaces string // a module and the version that a program requires
	dir      string // below compat
	program  string // prints hello
	modules  string // that the program is made of
}

var dropIns = []dropIn{{
	"github.com/gorilla/websocket@v1.5.3", "gorilla", gorillaProgram,
	"github.com/gorilla/websocket " + library + " golang.org/x/net golang.org/x/sys golang.org/x/text program",
}, {
	"github.com/coder/websocket@v1.8.15", "coder", coderProgram("github.com/coder/websocket"),
	"github.com/coder/websocket " + library + " golang.org/x/net golang.org/x/sys golang.org/x/text program",
}, {
	"nhooyr.io/websocket@v1.8.17", "nhooyr", coderProgram("nhooyr.io/websocket"),
	library + " golang.org/x/net golang.org/x/sys golang.org/x/text nhooyr.io/websocket program",
}}

// Once all is published, one line in go.mod switches a program: the modules are published
// here, in a directory that serves as a module proxy, and a program is built and run with
// that line. A replace directive in the go.mod of a drop-in has no effect on the program.
func TestOneLine(t *testing.T) {
	w := newWorld(t)
	w.publish(library, "../..")
	for _, d := range dropIns {
		t.Run(d.dir, func(t *testing.T) {
			published := library + "/compat/" + d.dir
			w.publish(published, "../"+d.dir)
			w.program(t, &d).switchTo(published+"@"+version, published+" "+version)
		})
	}
}

// From a clone it takes two lines.
func TestTwoLines(t *testing.T) {
	w := newWorld(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dropIns {
		t.Run(d.dir, func(t *testing.T) {
			p := w.program(t, &d)
			p.run("go", "mod", "edit", "-replace="+library+"="+root)
			clone := filepath.Join(root, "compat", d.dir)
			p.switchTo(clone, clone)
		})
	}
}

// switchTo replaces the module that the program requires, and demands that the program then
// works and is made of nothing else than it should.
func (p *program) switchTo(replacement, listed string) {
	p.t.Helper()
	path, required, _ := strings.Cut(p.replaces, "@")
	p.run("go", "mod", "edit", "-require="+p.replaces, "-replace="+path+"="+replacement)
	p.run("go", "mod", "tidy")
	if got := p.run("go", "run", "."); got != "hello\n" {
		p.t.Errorf("the program printed %q", got)
	}
	want := fmt.Sprintf("%s %s => %s\n", path, required, listed)
	if got := p.run("go", "list", "-m", path); got != want {
		p.t.Errorf("the module is %swant %s", got, want)
	}
	modules := strings.Fields(p.run("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "."))
	slices.Sort(modules)
	if got := strings.Join(slices.Compact(modules), " "); got != p.modules {
		p.t.Errorf("the program is made of the modules\n%s\nwant\n%s", got, p.modules)
	}
}

// world is where programs live: a module proxy of its own, and a module cache, so that what
// is published here is for nobody else.
type world struct {
	t     *testing.T
	proxy string
	env   []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules, proxies, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	proxy := t.TempDir()
	return &world{t, proxy, append(os.Environ(),
		"GOWORK=off", "GOSUMDB=off",
		"GOFLAGS=-modcacherw -trimpath", // a cache that can be removed, and objects that do not depend on where it was
		"GOMODCACHE="+filepath.Join(t.TempDir(), "cache"),
		"GOPROXY="+strings.Join([]string{fileURL(proxy), fileURL(filepath.Join(modules, "cache", "download")), proxies}, ","),
	)}
}

// publish puts the module in dir into the directory of the module proxy, as
// https://go.dev/ref/mod#goproxy-protocol describes it.
func (w *world) publish(path, dir string) {
	w.t.Helper()
	at := filepath.Join(w.proxy, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		w.t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, content := range map[string]string{
		"list":            version + "\n",
		version + ".info": fmt.Sprintf(`{"Version":%q}`, version),
		version + ".mod":  string(mod),
	} {
		if err := os.WriteFile(filepath.Join(at, name), []byte(content), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	file, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		w.t.Fatal(err)
	}
	err = zip.CreateFromDir(file, module.Version{Path: path, Version: version}, filepath.FromSlash(dir))
	if err := errors.Join(err, file.Close()); err != nil {
		w.t.Fatal(err)
	}
}

// program is a module with one file, outside of this repository.
type program struct {
	*dropIn
	t   *testing.T
	at  string
	env []string
}

func (w *world) program(t *testing.T, d *dropIn) *program {
	t.Helper()
	at := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module program\n\ngo 1.21\n", "main.go": d.program} {
		if err := os.WriteFile(filepath.Join(at, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &program{d, t, at, w.env}
}

// run returns what a command prints in the directory of the program.
func (p *program) run(name string, args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), name, args...)
	cmd.Dir, cmd.Env = p.at, p.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

func fileURL(dir string) string {
	dir = filepath.ToSlash(dir)
	if !strings.HasPrefix(dir, "/") {
		dir = "/" + dir
	}
	return "file://" + dir
}

// gorillaProgram has a server echo one message, and says which package did it if that is
// not ours.
const gorillaProgram = `package main

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"

	"github.com/gorilla/websocket"
)

func main() {
	if path := reflect.TypeFor[websocket.Conn]().PkgPath(); path != "github.com/hawser-ws/websocket/gorilla" {
		log.Fatal(path)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer c.Close()
		kind, message, err := c.ReadMessage()
		if err != nil {
			log.Fatal(err)
		}
		if err := c.WriteMessage(kind, message); err != nil {
			log.Fatal(err)
		}
	}))
	defer s.Close()
	c, _, err := websocket.DefaultDialer.Dial(strings.Replace(s.URL, "http", "ws", 1), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if err := c.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	_, message, err := c.ReadMessage()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(message))
}
`

// coderProgram is the same for coder, which bears two paths.
func coderProgram(path string) string {
	return strings.ReplaceAll(`package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"

	"PATH"
	"PATH/wsjson"
)

func main() {
	if path := reflect.TypeFor[websocket.Conn]().PkgPath(); path != "github.com/hawser-ws/websocket/coder" {
		log.Fatal(path)
	}
	ctx := context.Background()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer c.CloseNow()
		var message string
		if err := wsjson.Read(ctx, c, &message); err != nil {
			log.Fatal(err)
		}
		if err := wsjson.Write(ctx, c, message); err != nil {
			log.Fatal(err)
		}
	}))
	defer s.Close()
	c, _, err := websocket.Dial(ctx, s.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	if err := wsjson.Write(ctx, c, "hello"); err != nil {
		log.Fatal(err)
	}
	var message string
	if err := wsjson.Read(ctx, c, &message); err != nil {
		log.Fatal(err)
	}
	fmt.Println(message)
}
`, "PATH", path)
}
