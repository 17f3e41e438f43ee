package interop

import (
	"go/importer"
	"go/token"
	"go/types"
	"strings"
	"testing"

	//lint:ignore SA1019 programs still import the old path
	_ "nhooyr.io/websocket" // what nothing imports is not in go.mod
)

// TestSupersetOfCoder: whoever imports github.com/coder/websocket, or its old path
// nhooyr.io/websocket, changes the import path and compiles. Every name that it exports is
// here, as the same kind of thing with the same type; fields and methods may be more. So it
// is in package coder, which the modules of compat take their names from.
func TestSupersetOfCoder(t *testing.T) {
	const root = "github.com/hawser-ws/websocket"
	imp := importer.ForCompiler(token.NewFileSet(), "source", nil)
	for _, pair := range [][2]string{
		{"github.com/coder/websocket", root},
		{"github.com/coder/websocket/wsjson", root + "/wsjson"},
		{"github.com/coder/websocket", root + "/coder"},
		{"github.com/coder/websocket/wsjson", root + "/coder/wsjson"},
		{"nhooyr.io/websocket", root + "/coder"},
		{"nhooyr.io/websocket/wsjson", root + "/coder/wsjson"},
	} {
		want := load(t, imp, pair[0])
		got := load(t, imp, pair[1])
		for _, name := range want.Scope().Names() {
			w := want.Scope().Lookup(name)
			if !w.Exported() {
				continue
			}
			g := got.Scope().Lookup(name)
			if g == nil {
				t.Errorf("%s is missing in %s", w, pair[1])
				continue
			}
			compare(t, w, g)
		}
	}
}

func load(t *testing.T, imp types.Importer, path string) *types.Package {
	t.Helper()
	pkg, err := imp.Import(path)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

// plain writes a type with package names rather than paths, so that a type of one
// library reads as that of the other, and without the names of parameters.
func plain(typ types.Type) string {
	if sig, ok := typ.(*types.Signature); ok {
		typ = types.NewSignatureType(nil, nil, nil, unnamed(sig.Params()), unnamed(sig.Results()), sig.Variadic())
	}
	text := types.TypeString(typ, func(p *types.Package) string {
		if p.Name() == "websocket" {
			return "websocket"
		}
		return p.Path()
	})
	return strings.ReplaceAll(text, "interface{}", "any")
}

func unnamed(tuple *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range tuple.Variables() {
		vars = append(vars, types.NewVar(token.NoPos, nil, "", v.Type()))
	}
	return types.NewTuple(vars...)
}

func compare(t *testing.T, w, g types.Object) {
	wt, isType := w.(*types.TypeName)
	if !isType {
		if plain(w.Type()) != plain(g.Type()) {
			t.Errorf("%s: %s, want %s", w.Name(), plain(g.Type()), plain(w.Type()))
		}
		if wc, ok := w.(*types.Const); ok {
			if gc, ok := g.(*types.Const); !ok || gc.Val().ExactString() != wc.Val().ExactString() {
				t.Errorf("%s is not the constant %s", w.Name(), wc.Val())
			}
		}
		return
	}
	if ws, ok := wt.Type().Underlying().(*types.Struct); ok {
		compareFields(t, w.Name(), ws, g)
	} else if plain(wt.Type().Underlying()) != plain(g.Type().Underlying()) {
		t.Errorf("type %s: %s, want %s", w.Name(), plain(g.Type().Underlying()), plain(wt.Type().Underlying()))
	}
	compareMethods(t, w, g)
}

func compareFields(t *testing.T, name string, ws *types.Struct, g types.Object) {
	gs, ok := g.Type().Underlying().(*types.Struct)
	if !ok {
		t.Errorf("type %s is not a struct", name)
		return
	}
	fields := make(map[string]string)
	for f := range gs.Fields() {
		fields[f.Name()] = plain(f.Type())
	}
	for f := range ws.Fields() {
		if f.Exported() && fields[f.Name()] != plain(f.Type()) {
			t.Errorf("%s.%s: %q, want %s", name, f.Name(), fields[f.Name()], plain(f.Type()))
		}
	}
}

func compareMethods(t *testing.T, w, g types.Object) {
	for _, of := range []func(types.Type) types.Type{
		func(t types.Type) types.Type { return t },
		func(t types.Type) types.Type { return types.NewPointer(t) },
	} {
		have := types.NewMethodSet(of(g.Type()))
		for m := range types.NewMethodSet(of(w.Type())).Methods() {
			if !m.Obj().Exported() {
				continue
			}
			o := have.Lookup(nil, m.Obj().Name())
			if o == nil || plain(o.Type()) != plain(m.Type()) {
				t.Errorf("%s has no method %s %s", of(w.Type()), m.Obj().Name(), plain(m.Type()))
			}
		}
	}
}
