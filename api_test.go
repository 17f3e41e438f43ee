package websocket_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write api.txt anew")

// TestAPI holds the exported surface against api.txt, so that a change of it is
// seen for what it is. go test -run TestAPI -update . writes it anew.
func TestAPI(t *testing.T) {
	var lines []string
	for _, dir := range []string{".", "hub", "wsjson", "wstest", "frame", "conn", "handshake"} {
		lines = append(lines, surface(t, dir)...)
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile("api.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("api.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the exported surface is not that of api.txt (-api.txt +code):\n%s", diff)
	}
}

// surface lists what the package in dir exports, a line each.
func surface(t *testing.T, dir string) []string {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files (%v)", dir, err)
	}
	fset := token.NewFileSet()
	seen := make(map[string]bool)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(f)
		for _, decl := range f.Decls {
			for _, line := range describe(t, fset, decl) {
				seen[f.Name.Name+": "+line] = true // twice where a system has a file of its own
			}
		}
	}
	var lines []string
	for line := range seen {
		lines = append(lines, line)
	}
	return lines
}

// describe gives a line for every name that decl exports, and one for every field.
func describe(t *testing.T, fset *token.FileSet, decl ast.Decl) (lines []string) {
	text := func(n any) string {
		var b strings.Builder
		if err := printer.Fprint(&b, fset, n); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil && !ast.IsExported(strings.TrimPrefix(text(d.Recv.List[0].Type), "*")) {
			return nil
		}
		d.Doc, d.Body = nil, nil
		return []string{text(d)}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range s.Names {
					lines = append(lines, d.Tok.String()+" "+name.Name)
				}
			case *ast.TypeSpec:
				st, ok := s.Type.(*ast.StructType)
				if !ok {
					lines = append(lines, "type "+s.Name.Name+" "+text(s.Type))
					continue
				}
				lines = append(lines, "type "+s.Name.Name+" struct")
				for _, f := range st.Fields.List {
					for _, name := range f.Names {
						lines = append(lines, "type "+s.Name.Name+" struct, "+name.Name+" "+text(f.Type))
					}
				}
			}
		}
	}
	return lines
}
