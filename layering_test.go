package websocket_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/hawser-ws/websocket"

// layers says who may import what, the standard library aside. It is a statement
// of policy: a row is not widened to make a build pass.
//
// Packages of this repository go by their folder, "." is the root. "x/..." is x
// and all below it, "*" is everything outside this repository (for folders with
// a go.mod of their own, which lists it). A folder without a row may not exist.
//
// Test files may import what their package may, the package itself, and what the
// row "tests" lists; if there is a row "FOLDER tests", that instead of "tests".
const layers = `
	# The pure packages: judgement without I/O.
	frame:            golang.org/x/sys/cpu
	handshake:        internal/hostport
	conn:             frame internal/deflate internal/inflate
	internal/deflate:
	internal/inflate:
	internal/hostport:
	internal/h2:      golang.org/x/net/http2/hpack
	# Its shell: goroutines, waiting, memory.
	internal/h2/session:  internal/h2 internal/transport internal/poolcheck

	# What compression is measured against, and by.
	internal/deflate tests:  github.com/klauspost/compress/flate
	internal/inflate tests:  github.com/klauspost/compress/flate

	# What is known of net/http beyond its documentation.
	internal/nethttp:

	# From a URL to a stream. It knows nothing of connections.
	internal/dial:    handshake internal/h2/... internal/hostport internal/nethttp golang.org/x/net/...

	# The door, and what stands on it.
	.:                frame handshake conn internal/dial internal/eventloop internal/gate internal/h2/... internal/maskkey internal/nethttp internal/transport internal/poolcheck
	                  golang.org/x/net/... golang.org/x/sys/...
	# What a main program imports so that servers of net/http offer HTTP/2 to WebSockets. It must
	# be initialised before net/http, and so imports next to nothing.
	xconnect:
	wsjson:           .
	wstest:           .
	hub:              .

	# A second door, for programs that were written for gorilla/websocket.
	gorilla:          frame handshake conn internal/dial internal/gate internal/maskkey internal/nethttp internal/transport internal/poolcheck
	# A third, for programs that were written for coder/websocket: through the first.
	coder:            . frame handshake
	coder/wsjson:     coder

	# The bytes: what the root waits with, and the streams beneath it.
	internal/gate:
	internal/maskkey:    frame internal/poolcheck
	internal/transport:  internal/poolcheck golang.org/x/sys/unix
	# Who is served when, on one goroutine: it knows nothing of streams.
	internal/eventloop:  golang.org/x/sys/unix

	# The judges. The conformance suite speaks by the naive codec, so that it does
	# not share the mistakes of the judged: no frame, handshake or conn for it.
	# Only the runners of the suite, which judge us as well, know the root.
	autobahn:                   . autobahn/internal/cases autobahn/internal/play autobahn/internal/report autobahn/internal/verdict autobahn/internal/landing
	                            autobahn/internal/mux golang.org/x/net/http2 golang.org/x/net/http2/hpack
	autobahn/internal/landing:
	autobahn/internal/cases:    autobahn/internal/play autobahn/internal/verdict internal/naive autobahn/internal/deflate autobahn/internal/corpus
	                            autobahn/internal/mux golang.org/x/net/http2 golang.org/x/net/http2/hpack
	autobahn/internal/play:     autobahn/internal/verdict internal/naive autobahn/internal/deflate autobahn/internal/mux golang.org/x/net/http2 golang.org/x/net/http2/hpack
	# Its end of an HTTP/2 connection. The engine's, internal/h2, is what it judges.
	autobahn/internal/mux:      golang.org/x/net/http2 golang.org/x/net/http2/hpack
	autobahn/internal/report:   autobahn/internal/verdict
	autobahn/internal/verdict:
	# The other end of a connection, in tests of the suite.
	autobahn/internal/mate:     autobahn/internal/play autobahn/internal/verdict internal/naive
	autobahn/internal/deflate:        github.com/klauspost/compress/...
	autobahn/internal/corpus:
	autobahn tests:   . wstest xconnect internal/naive github.com/google/go-cmp/... go.uber.org/goleak
	autobahn/internal/cases tests:    autobahn/internal/mate github.com/google/go-cmp/... go.uber.org/goleak
	autobahn/internal/play tests:     autobahn/internal/cases autobahn/internal/mate go.uber.org/goleak
	autobahn/internal/mux tests:      go.uber.org/goleak
	autobahn/internal/report tests:   github.com/google/go-cmp/...
	autobahn/internal/verdict tests:  github.com/google/go-cmp/...
	autobahn/internal/deflate tests:  autobahn/internal/corpus github.com/klauspost/compress/...
	fuzz:             . frame handshake conn wstest internal/naive internal/vectors fuzz/internal/...
	# What fuzz targets start from: the conformance cases among it.
	fuzz/internal/...:  . autobahn frame handshake conn wstest internal/naive internal/vectors fuzz/internal/...
	# Connections by the thousand through a network that fails them.
	fuzz/soak:        . hub wstest xconnect internal/h2 internal/h2/session internal/poolcheck golang.org/x/sys/... fuzz/internal/... fuzz/soak

	# Counts what is lent, in builds with the tag poolcheck.
	internal/poolcheck:

	internal/naive:
	internal/vectors:
	internal/guard:   golang.org/x/sys/...

	# The other end of a connection, played by hand, and tests of the library from
	# outside.
	internal/wsplay:  . handshake wstest internal/naive internal/transport
	tests/...:        . frame handshake conn hub wstest internal/naive internal/wsplay
	tests/connect:    . handshake hub wstest xconnect

	# Scripts, and their tests.
	tools:

	tests:            . frame handshake conn hub wsjson wstest
	                  internal/naive internal/vectors internal/guard internal/wsplay
	                  golang.org/x/net/... github.com/google/go-cmp/... go.uber.org/goleak

	# Modules of their own: exported names only.
	http3:               . handshake *
	http3 tests:         . handshake frame hub wstest *
	cmd/ws/...:          . frame handshake conn internal/h2 autobahn hub wsjson wstest xconnect http3 cmd/ws/... *
	# Under the path of another library there is nothing but its names.
	compat/gorilla/...:  gorilla
	compat/coder/...:    coder coder/wsjson
	compat/nhooyr/...:   coder coder/wsjson
	compat/check/...:    . gorilla coder coder/wsjson *
	examples/...:        . frame conn hub wsjson wstest examples/... *
	bench/...:           . frame handshake conn gorilla coder hub wsjson wstest xconnect bench/... *
	interop/...:         . http3 autobahn hub wsjson wstest coder coder/wsjson interop/... * xconnect
	# Against a genuine LiveKit server, the example is what is tried.
	interop/livekit/...: . examples/livekit/... interop/livekit/... *
	fuzz/peers/...:      . frame handshake conn wstest internal/naive internal/vectors fuzz/internal/... fuzz/peers/... *
`

// impure says what the pure packages may not import, "all" being each of them.
// Values of package time are fine for conn; its clock is not, see clock.
const impure = `
	all:        context crypto/rand log/... math/rand/... os/... plugin sync/... syscall/...
	            net net/http/... net/mail net/rpc/... net/smtp net/textproto
	            C expvar runtime/... testing/...
	frame:      time
	handshake:  time
	internal/deflate:  time
	internal/inflate:  time
	internal/hostport: time
`

// clock is what no pure package may use of package time.
const clock = "After AfterFunc NewTicker NewTimer Now Since Sleep Tick Ticker Timer Until"

var layerRows, impureRows = rows(layers), rows(impure)

// rows reads a table such as layers: "name: field field", and lines without a
// colon that continue the row before.
func rows(table string) map[string][]string {
	rows := make(map[string][]string)
	name := ""
	for line := range strings.Lines(table) {
		line, _, _ = strings.Cut(line, "#")
		fields := line
		if before, after, ok := strings.Cut(line, ":"); ok {
			name, fields = strings.TrimSpace(before), after
			if rows[name] != nil {
				panic("two rows for " + name)
			}
			rows[name] = []string{}
		}
		if f := strings.Fields(fields); len(f) > 0 {
			rows[name] = append(rows[name], f...)
		}
	}
	return rows
}

// covers reports whether a pattern such as "x" or "x/..." means p.
func covers(pattern, p string) bool {
	below, ok := strings.CutSuffix(pattern, "/...")
	return p == below || ok && strings.HasPrefix(p, below+"/")
}

func coveredByAny(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return covers(pattern, p) })
}

// checkLayers judges every Go file in a tree, whatever its build constraints. It
// returns complaints that name file and line, and the folders it has seen.
func checkLayers(tree fs.FS) (complaints, folders []string, err error) {
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() {
			if name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "node_modules") {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if dir := path.Dir(name); !slices.Contains(folders, dir) {
			folders = append(folders, dir)
		}
		found, err := checkFile(name, source)
		complaints = append(complaints, found...)
		return err
	})
	return complaints, folders, err
}

func checkFile(name string, source []byte) (complaints []string, err error) {
	dir, test := path.Dir(name), strings.HasSuffix(name, "_test.go")
	row, known := "", false
	for r := range layerRows {
		if covers(r, dir) && len(r) > len(row) {
			row, known = r, true
		}
	}
	if !known {
		return []string{fmt.Sprintf("%s: package %s has no row in layers", name, dir)}, nil
	}
	allowed := layerRows[row]
	if test {
		extra, own := layerRows[row+" tests"]
		if !own {
			extra = layerRows["tests"]
		}
		allowed = slices.Concat(allowed, extra, []string{dir})
	}
	pure := !test && slices.Contains([]string{"frame", "handshake", "conn", "internal/deflate", "internal/inflate", "internal/hostport", "internal/h2"}, dir)

	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	complain := func(at ast.Node, format string, args ...any) {
		line := fset.Position(at.Pos()).Line
		complaints = append(complaints, fmt.Sprintf("%s:%d: %s", name, line, fmt.Sprintf(format, args...)))
	}

	timeName := "" // what package time is called in this file
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if imported == "time" {
			timeName = "time"
			if spec.Name != nil {
				timeName = spec.Name.Name
			}
		}
		first, _, _ := strings.Cut(imported, "/")
		switch {
		case imported == module || strings.HasPrefix(imported, module+"/"):
			ours := path.Join(".", strings.TrimPrefix(imported[len(module):], "/"))
			if !coveredByAny(allowed, ours) {
				complain(spec, "%s may not import %s", dir, ours)
			}
		case strings.Contains(first, "."):
			if !coveredByAny(allowed, imported) && !slices.Contains(allowed, "*") {
				complain(spec, "%s may not import %s", dir, imported)
			}
		case pure && (coveredByAny(impureRows["all"], imported) || coveredByAny(impureRows[dir], imported)):
			complain(spec, "%s may not import %s: it is pure", dir, imported)
		}
	}
	if !pure {
		return complaints, nil
	}

	// Pure is more than imports: no clock, no goroutines, nothing to wait for.
	if timeName == "." {
		complain(file.Name, "%s may not import time by a dot: its clock could not be seen", dir)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && timeName != "" && x.Name == timeName && slices.Contains(strings.Fields(clock), n.Sel.Name) {
				complain(n, "%s may not use time.%s: time is an argument", dir, n.Sel.Name)
			}
		case *ast.GoStmt:
			complain(n, "%s may not start a goroutine", dir)
		case *ast.ChanType, *ast.SelectStmt, *ast.SendStmt:
			complain(n, "%s may not use channels", dir)
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				complain(n, "%s may not use channels", dir)
			}
		}
		return true
	})
	return complaints, nil
}

func TestLayering(t *testing.T) {
	complaints, folders, err := checkLayers(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range complaints {
		t.Error(complaint)
	}
	for _, must := range []string{"frame", "conn"} {
		if !slices.Contains(folders, must) {
			t.Errorf("package %s was not found: is this the root of the repository?", must)
		}
	}
	t.Logf("folders: %v", folders)
}

// The checker must be able to complain, or it proves nothing.
func TestLayeringComplains(t *testing.T) {
	ours := func(folder string) string { return `import _ "` + module + "/" + folder + `"` }
	for _, test := range []struct {
		file, source string
		want         string // the one complaint; empty for none
	}{
		{"frame/header.go", `import "net"`, "frame/header.go:2: frame may not import net: it is pure"},
		{"frame/header.go", `import "net/http"`, "frame/header.go:2: frame may not import net/http: it is pure"},
		{"frame/header.go", `import "time"`, "frame/header.go:2: frame may not import time: it is pure"},
		{"frame/mask_s390x.go", `import "sync/atomic"`, "frame/mask_s390x.go:2: frame may not import sync/atomic: it is pure"},
		{"frame/header.go", ours("conn"), "frame/header.go:2: frame may not import conn"},
		{"frame/header.go", ours("internal/naive"), "frame/header.go:2: frame may not import internal/naive"},
		{"frame/header_test.go", ours("internal/naive"), ""},
		{"frame/header_test.go", `import ("net"; "sync"; "time"); func f() { go f(); time.Now() }`, ""},
		{"frame/mask_amd64.go", `import "golang.org/x/sys/cpu"`, ""},
		{"frame/mask_amd64.go", `import "golang.org/x/sys/unix"`, "frame/mask_amd64.go:2: frame may not import golang.org/x/sys/unix"},

		{"handshake/key.go", `import "crypto/rand"`, "handshake/key.go:2: handshake may not import crypto/rand: it is pure"},
		{"handshake/key.go", ours("frame"), "handshake/key.go:2: handshake may not import frame"},
		{"handshake/origin.go", `import ("net/url"; "net/netip")`, ""},
		{"handshake/authority.go", ours("internal/hostport"), ""},
		{"internal/hostport/hostport.go", `import "net"`, "internal/hostport/hostport.go:2: internal/hostport may not import net: it is pure"},

		{"conn/state.go", ours("frame"), ""},
		{"conn/state.go", ours("handshake"), "conn/state.go:2: conn may not import handshake"},
		{"conn/state.go", `import _ "` + module + `"`, "conn/state.go:2: conn may not import ."},
		{"conn/state.go", `import "math/rand/v2"`, "conn/state.go:2: conn may not import math/rand/v2: it is pure"},
		{"conn/state.go", `import "time"; var d = time.Time{}.Add(time.Second)`, ""},
		{"conn/state.go", `import "time"; var d = time.Now()`, "conn/state.go:2: conn may not use time.Now: time is an argument"},
		{"conn/state.go", `import "time"; var sleep = time.Sleep`, "conn/state.go:2: conn may not use time.Sleep: time is an argument"},
		{"conn/state.go", `import clock "time"; var d = clock.Since`, "conn/state.go:2: conn may not use time.Since: time is an argument"},
		{"conn/state.go", `import . "time"; var d = Now()`, "conn/state.go:1: conn may not import time by a dot: its clock could not be seen"},
		{"conn/state.go", `type x struct{}; func (time x) Now() { time.Now() }`, ""},
		{"conn/state.go", `func f() { go f() }`, "conn/state.go:2: conn may not start a goroutine"},
		{"conn/state.go", `func f(c chan<- int) {}`, "conn/state.go:2: conn may not use channels"},
		{"conn/state.go", `func f() { select {} }`, "conn/state.go:2: conn may not use channels"},
		{"conn/state.go", `func f() { c <- 1 }`, "conn/state.go:2: conn may not use channels"},
		{"conn/state.go", `func f() { <-c }`, "conn/state.go:2: conn may not use channels"},

		{"internal/h2/endpoint.go", `import ("time"; "golang.org/x/net/http2/hpack"); var t time.Time`, ""},
		{"internal/h2/endpoint.go", `import "golang.org/x/net/http2"`, "internal/h2/endpoint.go:2: internal/h2 may not import golang.org/x/net/http2"},
		{"internal/h2/endpoint.go", `import "time"; var t = time.Now()`, "internal/h2/endpoint.go:2: internal/h2 may not use time.Now: time is an argument"},
		{"internal/h2/endpoint.go", ours("handshake"), "internal/h2/endpoint.go:2: internal/h2 may not import handshake"},
		{"internal/h2/endpoint_test.go", `import "golang.org/x/net/http2"`, ""},

		{"internal/dial/dial.go", `import ("net/http"; "golang.org/x/net/idna")`, ""},
		{"internal/dial/dial.go", `import _ "` + module + `"`, "internal/dial/dial.go:2: internal/dial may not import ."},

		{"read.go", `import ("net"; "time"; "golang.org/x/net/http2"); var now = time.Now()`, ""},
		{"read.go", ours("internal/naive"), "read.go:2: . may not import internal/naive"},
		{"read.go", ours("wsjson"), "read.go:2: . may not import wsjson"},
		{"read.go", `import "example.com/other"`, "read.go:2: . may not import example.com/other"},
		{"read_test.go", `import _ "` + module + `"`, ""},
		{"read_test.go", `import "go.uber.org/goleak"`, ""},
		{"read_test.go", `import "example.com/other"`, "read_test.go:2: . may not import example.com/other"},
		{"internal/gate/gate.go", `import "context"`, ""},
		{"internal/gate/gate.go", ours("internal/transport"), "internal/gate/gate.go:2: internal/gate may not import internal/transport"},
		{"internal/transport/tls.go", `import ("crypto/tls"; "net"); func f() { go f() }`, ""},
		{"internal/transport/tls.go", ours("internal/poolcheck"), ""},
		{"internal/transport/tls.go", ours("frame"), "internal/transport/tls.go:2: internal/transport may not import frame"},
		{"internal/transport/tls.go", `import _ "` + module + `"`, "internal/transport/tls.go:2: internal/transport may not import ."},
		{"wsjson/wsjson.go", `import _ "` + module + `"`, ""},
		{"wsjson/wsjson.go", ours("frame"), "wsjson/wsjson.go:2: wsjson may not import frame"},

		{"autobahn/own.go", `import _ "` + module + `"`, ""},
		{"autobahn/own.go", ours("frame"), "autobahn/own.go:2: autobahn may not import frame"},
		{"autobahn/own_test.go", ours("frame"), "autobahn/own_test.go:2: autobahn may not import frame"},
		{"autobahn/internal/cases/chapter07.go", ours("internal/naive"), ""},
		{"autobahn/internal/cases/chapter07.go", `import _ "` + module + `"`, "autobahn/internal/cases/chapter07.go:2: autobahn/internal/cases may not import ."},
		{"autobahn/internal/cases/chapter07_test.go", `import _ "` + module + `"`, "autobahn/internal/cases/chapter07_test.go:2: autobahn/internal/cases may not import ."},
		{"autobahn/internal/play/incoming.go", ours("frame"), "autobahn/internal/play/incoming.go:2: autobahn/internal/play may not import frame"},
		{"autobahn/internal/play/script.go", ours("autobahn/internal/cases"), "autobahn/internal/play/script.go:2: autobahn/internal/play may not import autobahn/internal/cases"},
		{"autobahn/internal/report/page.go", ours("autobahn/internal/play"), "autobahn/internal/report/page.go:2: autobahn/internal/report may not import autobahn/internal/play"},
		{"fuzz/frame_test.go", ours("internal/naive"), ""},
		{"internal/vectors/vectors.go", ours("internal/naive"), "internal/vectors/vectors.go:2: internal/vectors may not import internal/naive"},
		{"internal/vectors/vectors_test.go", ours("internal/naive"), ""},
		{"internal/naive/naive.go", ours("frame"), "internal/naive/naive.go:2: internal/naive may not import frame"},

		{"cmd/ws/main.go", `import ("example.com/other"; _ "` + module + `/cmd/ws/trace")`, ""},
		{"cmd/ws/trace/trace.go", ours("internal/naive"), "cmd/ws/trace/trace.go:2: cmd/ws/trace may not import internal/naive"},
		{"compat/gorilla/websocket.go", ours("gorilla"), ""},
		{"compat/gorilla/websocket.go", ours("conn"), "compat/gorilla/websocket.go:2: compat/gorilla may not import conn"},
		{"bench/bench_test.go", `import "github.com/gorilla/websocket"`, ""},

		{"misc/misc.go", ``, "misc/misc.go: package misc has no row in layers"},
		{"frame/sub/sub.go", ``, "frame/sub/sub.go: package frame/sub has no row in layers"},
		{"frame/_asm/mask.go", `import "net"`, ""},
		{"frame/testdata/x.go", `import "net"`, ""},
	} {
		tree := fstest.MapFS{test.file: {Data: []byte("package p\n" + test.source)}}
		complaints, _, err := checkLayers(tree)
		if err != nil {
			t.Errorf("%s, %s: %v", test.file, test.source, err)
		}
		if got := strings.Join(complaints, "; "); got != test.want {
			t.Errorf("%s, %s:\n got %q\nwant %q", test.file, test.source, got, test.want)
		}
	}

	broken := fstest.MapFS{"frame/header.go": {Data: []byte("not Go")}}
	if _, _, err := checkLayers(broken); err == nil {
		t.Error("a file that cannot be read as Go is passed over")
	}
}
