package websocket_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// order lists the source files of the root from the top down: each stands above those
// it uses, and so a reader may go from the top down or from the ground up. autobahnOrders
// has the same for the packages of the conformance suite.
const order = `
	doc.go

	# connections without goroutines
	loop_serve.go loop_join.go loop_turn.go loop_handshake.go loop_writable.go
	loop_wheel.go loop_conn.go loop.go

	# servers and clients
	serve_http2.go handler.go accept_http2.go accept_http.go upgrade.go accept.go dial.go

	# what an application calls
	netconn.go registry.go prepared.go write.go fragments.go messages.go messages_lend.go
	read.go close.go conn.go

	# what holds the parts of a connection together
	hosts.go closing.go compression.go keepalive.go
	keepalive_pulse.go ping.go lifetime.go

	# receiving
	inflate.go receiver_frame.go receiver.go

	# sending
	sender_single.go sender.go sender_hold.go framewriter_encode.go framewriter_pace.go
	framewriter_cancel.go framewriter.go outframe.go

	# what everything uses
	context.go options.go coalesce.go hooks.go handler_error.go errors.go
`

var autobahnOrders = map[string]string{
	"autobahn": `
		doc.go
		own.go own_http2.go own_loop.go testee.go serve.go server_http2.go server.go call.go client.go route.go
		target.go turns.go
		report.go cases.go results.go
	`,
	"autobahn/internal/play": `
		doc.go

		# one connection, from the opening handshake to the verdict
		play.go second.go connect.go request.go request_extra.go answer.go refusal.go opener.go

		# what cases are made of
		case.go said.go rounds.go exchange.go echo.go script.go pieces.go steps.go

		# an open connection
		run.go judge.go incoming.go ending.go compression.go send.go frames.go wirelog.go
		http2.go session.go

		# what a session holds
		wire.go door.go draft.go extension.go extension_grammar.go head.go sender.go stream.go
	`,
	"autobahn/internal/cases": `
		doc.go select.go catalog.go titles.go

		chapter21.go chapter21_asked.go chapter21_answered.go chapter21_client.go chapter21_data.go
		chapter21_end.go chapter21_streams.go chapter21_words.go

		chapter20.go chapter20_frames.go chapter20_floods.go chapter20_deflate.go chapter20_asked.go
		chapter20_answered.go chapter20_stalls.go chapter20_close.go chapter20_words.go

		chapter12.go chapter10.go chapter09.go chapter07.go chapter06.go chapter06_texts.go
		chapter05.go chapter04.go chapter03.go chapter02.go chapter01.go

		words.go
	`,
	"autobahn/internal/verdict": `
		doc.go doubt.go close.go order.go result.go event.go entry.go traffic.go verdict.go role.go
	`,
	"autobahn/internal/report": `
		doc.go json.go page.go page_data.go page_compare.go page_json.go page_matrix.go
		page_meaning.go agent.go
	`,
}

var comments = regexp.MustCompile(`#.*`)

// The limits of what one folder holds, so that a reader can hold it as well.
const (
	maxSources = 50  // source files in the root
	maxTests   = 45  // test files in the root
	maxLines   = 320 // of a source file
	maxMethods = 50  // unexported methods of a type
	maxUpward  = 15  // pairs of files in the root of which the lower uses the upper
)

// TestFileSize holds for every source file of this module.
func TestFileSize(t *testing.T) {
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() {
			if name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "node_modules" || isFile(path.Join(name, "go.mod"))) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if lines := bytes.Count(source, []byte("\n")); lines > maxLines && !generated(source) {
			t.Errorf("%s has %d lines, more than %d: a file is one concern", name, lines, maxLines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

func generated(source []byte) bool {
	return bytes.HasPrefix(source, []byte("// Code generated "))
}

// TestRootSize counts the files of the root.
func TestRootSize(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := 0
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			tests++
		}
	}
	if sources := len(names) - tests; sources > maxSources || tests > maxTests {
		t.Errorf("the root has %d source and %d test files; at most %d and %d are to be there", sources, tests, maxSources, maxTests)
	}
}

// house is what is known of the root's files.
type house struct {
	fset    *token.FileSet
	pkg     *types.Package
	uses    map[[2]string][]string // file and file: names that the first uses of the second
	sources []string
}

// foreign stands for every package that the root imports: nothing of them matters here.
type foreign struct{}

func (foreign) Import(name string) (*types.Package, error) {
	pkg := types.NewPackage(name, path.Base(name))
	pkg.MarkComplete()
	return pkg, nil
}

func readHouse(t *testing.T, folder string) *house {
	t.Helper()
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH = "linux", "amd64" // the same files everywhere
	dir, err := ctx.ImportDir(folder, 0)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{fset: token.NewFileSet(), uses: make(map[[2]string][]string), sources: dir.GoFiles}
	var files []*ast.File
	for _, name := range dir.GoFiles {
		file, err := parser.ParseFile(h.fset, filepath.Join(folder, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: foreign{}, Error: func(error) {}} // of which there are many
	h.pkg, _ = config.Check(path.Join(module, folder), h.fset, files, info)
	for ident, object := range info.Uses {
		if object.Pkg() != h.pkg {
			continue
		}
		if _, method := object.(*types.Func); !method && object.Parent() != h.pkg.Scope() {
			continue // a local name, or a field
		}
		from := filepath.Base(h.fset.Position(ident.Pos()).Filename)
		to := filepath.Base(h.fset.Position(object.Pos()).Filename)
		if pair := [2]string{from, to}; from != to && !slices.Contains(h.uses[pair], object.Name()) {
			h.uses[pair] = append(h.uses[pair], object.Name())
		}
	}
	return h
}

// TestOrder holds the root's files against the order in which they are to be read.
func TestOrder(t *testing.T) {
	h := readHouse(t, ".")
	upward := h.upward(t, ".", order)
	if len(upward) > maxUpward {
		t.Errorf("%d pairs of files stand against the order, more than %d:\n%s", len(upward), maxUpward, strings.Join(upward, "\n"))
	}
	t.Logf("%d of %d pairs of files stand against the order", len(upward), len(h.uses))
	if len(h.uses) < 100 {
		t.Errorf("only %d pairs of files were seen", len(h.uses))
	}
}

// In the packages of the conformance suite no file uses one that stands above it.
func TestAutobahnOrder(t *testing.T) {
	seen := 0
	for folder, order := range autobahnOrders {
		h := readHouse(t, folder)
		if upward := h.upward(t, folder, order); len(upward) > 0 {
			t.Errorf("%s: %d pairs of files stand against the order:\n%s", folder, len(upward), strings.Join(upward, "\n"))
		}
		seen += len(h.uses)
	}
	if seen < 100 {
		t.Errorf("only %d pairs of files were seen", seen)
	}
}

// upward returns the pairs of files that stand against an order, which must have every file.
func (h *house) upward(t *testing.T, folder, order string) (upward []string) {
	t.Helper()
	place := make(map[string]int)
	for i, name := range strings.Fields(comments.ReplaceAllString(order, "")) {
		if place[name] != 0 {
			t.Errorf("%s stands in the order of %s twice", name, folder)
		}
		if !isFile(filepath.Join(folder, name)) {
			t.Errorf("%s stands in the order of %s and is no file", name, folder)
		}
		place[name] = i + 1
	}
	for _, name := range h.sources {
		if place[name] == 0 {
			t.Errorf("%s has no place in the order of %s", name, folder)
		}
	}
	for pair, names := range h.uses {
		if place[pair[0]] > place[pair[1]] {
			slices.Sort(names)
			upward = append(upward, fmt.Sprintf("%s uses %s of %s, which stands above it", pair[0], strings.Join(names, ", "), pair[1]))
		}
	}
	slices.Sort(upward)
	return upward
}

// TestTypeSize counts the unexported methods of the root's types.
func TestTypeSize(t *testing.T) {
	scope := readHouse(t, ".").pkg.Scope()
	for _, name := range scope.Names() {
		object, ok := scope.Lookup(name).(*types.TypeName)
		if !ok {
			continue
		}
		named, ok := object.Type().(*types.Named)
		if !ok {
			continue
		}
		unexported := 0
		for method := range named.Methods() {
			if !method.Exported() {
				unexported++
			}
		}
		if unexported > maxMethods {
			t.Errorf("%s has %d unexported methods, more than %d: it is two types", name, unexported, maxMethods)
		}
	}
}
