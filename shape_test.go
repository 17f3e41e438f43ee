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
// it uses, and so a reader may go from the top down or from the ground up.
const order = `
	doc.go

	# servers and clients
	handler.go accept_http.go accept_stream.go upgrade.go accept.go dial.go

	# what an application calls
	netconn.go registry.go write.go prepared.go fragments.go messages.go read.go
	close.go conn.go

	# what holds the parts of a connection together
	hosts.go closing.go compression.go keepalive.go ping.go lifetime.go

	# receiving
	inflate.go receiver_frame.go receiver_wait.go receiver.go

	# sending
	sender_single.go sender.go sender_hold.go framewriter_encode.go framewriter_pace.go
	framewriter_cancel.go framewriter.go outframe.go coalesce.go

	# what everything uses
	context.go options.go hooks.go handler_error.go errors.go
`

var comments = regexp.MustCompile(`#.*`)

// The limits of what one folder holds, so that a reader can hold it as well.
const (
	maxSources = 40  // source files in the root
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

func readHouse(t *testing.T) *house {
	t.Helper()
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH = "linux", "amd64" // the same files everywhere
	dir, err := ctx.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{fset: token.NewFileSet(), uses: make(map[[2]string][]string), sources: dir.GoFiles}
	var files []*ast.File
	for _, name := range dir.GoFiles {
		file, err := parser.ParseFile(h.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: foreign{}, Error: func(error) {}} // of which there are many
	h.pkg, _ = config.Check(module, h.fset, files, info)
	for ident, object := range info.Uses {
		if object.Pkg() != h.pkg {
			continue
		}
		if _, method := object.(*types.Func); !method && object.Parent() != h.pkg.Scope() {
			continue // a local name, or a field
		}
		from, to := h.fset.Position(ident.Pos()).Filename, h.fset.Position(object.Pos()).Filename
		if pair := [2]string{from, to}; from != to && !slices.Contains(h.uses[pair], object.Name()) {
			h.uses[pair] = append(h.uses[pair], object.Name())
		}
	}
	return h
}

// TestOrder holds the root's files against the order in which they are to be read.
func TestOrder(t *testing.T) {
	h := readHouse(t)
	place := make(map[string]int)
	for i, name := range strings.Fields(comments.ReplaceAllString(order, "")) {
		if place[name] != 0 {
			t.Errorf("%s stands in the order twice", name)
		}
		if !isFile(name) {
			t.Errorf("%s stands in the order and is no file", name)
		}
		place[name] = i + 1
	}
	for _, name := range h.sources {
		if place[name] == 0 {
			t.Errorf("%s has no place in the order", name)
		}
	}
	var upward []string
	for pair, names := range h.uses {
		if place[pair[0]] > place[pair[1]] {
			slices.Sort(names)
			upward = append(upward, fmt.Sprintf("%s uses %s of %s, which stands above it", pair[0], strings.Join(names, ", "), pair[1]))
		}
	}
	if len(upward) > maxUpward {
		slices.Sort(upward)
		t.Errorf("%d pairs of files stand against the order, more than %d:\n%s", len(upward), maxUpward, strings.Join(upward, "\n"))
	}
	t.Logf("%d of %d pairs of files stand against the order", len(upward), len(h.uses))
	if len(h.uses) < 100 {
		t.Errorf("only %d pairs of files were seen", len(h.uses))
	}
}

// TestTypeSize counts the unexported methods of the root's types.
func TestTypeSize(t *testing.T) {
	scope := readHouse(t).pkg.Scope()
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
