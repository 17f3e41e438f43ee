package check

import (
	"go/importer"
	"go/token"
	"go/types"
	"testing"

	"golang.org/x/exp/apidiff"

	_ "github.com/coder/websocket"
	_ "github.com/gorilla/websocket"
	_ "gorilla.example/latest"
	_ "gorilla.example/stable"
	_ "nhooyr.io/websocket"
)

// packages loads packages from their source, each once.
func packages(t *testing.T) func(path string) *types.Package {
	imp := importer.ForCompiler(token.NewFileSet(), "source", nil)
	return func(path string) *types.Package {
		t.Helper()
		pkg, err := imp.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		return pkg
	}
}

// The exported surface is that of gorilla v1.5.3, no more and no less. Against the newest
// version that programs pin it may have additions.
func TestSurfaceOfGorilla(t *testing.T) {
	load := packages(t)
	ours := load("github.com/hawser-ws/websocket/gorilla")
	for _, c := range apidiff.Changes(load("gorilla.example/stable"), ours).Changes {
		t.Errorf("against v1.5.3: %s", c.Message)
	}
	for _, c := range apidiff.Changes(load("gorilla.example/latest"), ours).Changes {
		if !c.Compatible {
			t.Errorf("against the newest: %s", c.Message)
		}
	}
	sameSurface(t, ours, load("github.com/gorilla/websocket"))
}

// The modules under coder's two paths consist of the names of package coder. That these are
// all names of the originals is tested in interop, whose go.mod has them under their own paths.
func TestSurfaceOfCoder(t *testing.T) {
	load := packages(t)
	for _, path := range []string{"github.com/coder/websocket", "nhooyr.io/websocket"} {
		sameSurface(t, load(library+"/coder"), load(path))
		sameSurface(t, load(library+"/coder/wsjson"), load(path+"/wsjson"))
	}
}

// sameSurface demands that the two packages export the same: types that are identical, the
// same constants, and variables and functions of the same types. apidiff cannot compare
// them, because to it a type of another package is another type.
func sameSurface(t *testing.T, original, aliases *types.Package) {
	t.Helper()
	names := make(map[string]bool)
	for _, pkg := range []*types.Package{original, aliases} {
		for _, name := range pkg.Scope().Names() {
			names[name] = names[name] || token.IsExported(name)
		}
	}
	exported := 0
	for name, is := range names {
		if !is {
			continue
		}
		exported++
		o, a := original.Scope().Lookup(name), aliases.Scope().Lookup(name)
		switch {
		case o == nil || a == nil:
			t.Errorf("%s is exported by one of %s and %s only", name, original.Path(), aliases.Path())
		case kind(o) != kind(a) || !types.Identical(o.Type(), a.Type()):
			t.Errorf("%s: %s %s, and %s %s in %s", name, kind(o), o.Type(), kind(a), a.Type(), aliases.Path())
		case kind(o) == "const" && o.(*types.Const).Val().ExactString() != a.(*types.Const).Val().ExactString():
			t.Errorf("%s is another constant in %s", name, aliases.Path())
		}
	}
	if exported == 0 {
		t.Errorf("%s exports nothing", original.Path())
	}
}

func kind(o types.Object) string {
	switch o.(type) {
	case *types.TypeName:
		return "type"
	case *types.Const:
		return "const"
	case *types.Func:
		return "func"
	case *types.Var:
		return "var"
	}
	return o.String()
}
