package autobahn

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"testing"
)

// Types that live in packages below are documented here, since users cannot look there: every
// field and method of theirs is named.
func TestAliasesAreDocumented(t *testing.T) {
	types := map[string]reflect.Type{
		"Role": reflect.TypeFor[Role](), "PatternError": reflect.TypeFor[*PatternError](),
		"Verdict": reflect.TypeFor[Verdict](), "Result": reflect.TypeFor[*Result](), "Event": reflect.TypeFor[Event](),
		"ExpectedClose": reflect.TypeFor[ExpectedClose](), "Entry": reflect.TypeFor[Entry](), "Traffic": reflect.TypeFor[Traffic](),
		"Agent": reflect.TypeFor[*Agent](),
	}
	seen := 0
	for _, file := range []string{"cases.go", "results.go", "report.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.TYPE || !d.Specs[0].(*ast.TypeSpec).Assign.IsValid() {
				continue
			}
			name := d.Specs[0].(*ast.TypeSpec).Name.Name
			typ := types[name]
			if typ == nil {
				t.Errorf("%s: the alias %s is not looked at", file, name)
				continue
			}
			seen++
			words := regexp.MustCompile(`\w+`).FindAllString(d.Doc.Text(), -1)
			for _, part := range parts(typ) {
				if !slices.Contains(words, part) {
					t.Errorf("%s: the documentation of %s does not name %s", file, name, part)
				}
			}
		}
	}
	if seen != len(types) {
		t.Errorf("%d aliases, want %d", seen, len(types))
	}
}

// parts returns the exported fields and methods of a type, but for those of errors and of JSON.
func parts(typ reflect.Type) (names []string) {
	for method := range typ.Methods() {
		if method.Name != "Error" && method.Name != "MarshalJSON" {
			names = append(names, method.Name)
		}
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ.Kind() == reflect.Struct {
		for field := range typ.Fields() {
			if field.IsExported() {
				names = append(names, field.Name)
			}
		}
	}
	return names
}
