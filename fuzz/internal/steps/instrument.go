// Package steps counts the work of package handshake in steps, so that a test can check without
// a clock how work grows with its input. A step is a function call, a loop iteration, or a byte
// that a function of the standard library examines or copies.
//
// [Start] builds the package with counters, by an overlay (go help build), and runs it as a
// program that executes commands and answers with the count: see package counted.
package steps

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
)

// counters is the file added to the package.
const counters = `package %s

import "reflect"

var stepCount uint64

// StepCount is how many steps were taken so far.
func StepCount() uint64 { return stepCount }

// stepAll counts all bytes of x, if it has any.
func stepAll[T any](x T) T {
	if v := reflect.ValueOf(x); v.IsValid() && (v.Kind() == reflect.String || v.Kind() == reflect.Slice) {
		stepCount += uint64(v.Len())
	}
	return x
}

// stepFound counts the bytes up to where something was found in x.
func stepFound[T ~string | ~[]byte](at int, x T) int {
	if at < 0 {
		stepCount += uint64(len(x))
	} else {
		stepCount += uint64(at) + 1
	}
	return at
}

// stepCut counts the bytes up to where x was cut.
func stepCut[T ~string | ~[]byte](before, after T, found bool) (T, T, bool) {
	stepCount += uint64(len(before)) + 1
	return before, after, found
}
`

// constant are functions whose work does not depend on the length of their first argument. All
// other functions of the packages in scanning count as if they examined all of it, unless more
// is known.
var (
	constant = []string{"HasPrefix", "HasSuffix", "CutPrefix", "CutSuffix", "TrimPrefix", "TrimSuffix", "NewReader"}
	scanning = []string{"strings", "bytes", "slices"}
)

// Instrument returns a file of package handshake with counters inserted.
func Instrument(name string, source []byte) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	// Insertions are made from the end of the text to its beginning, so that comments and lines
	// keep their places.
	type insertion struct {
		at   int
		text string
	}
	var insertions []insertion
	insert := func(at token.Pos, text string) {
		insertions = append(insertions, insertion{fset.Position(at).Offset, text})
	}
	text := func(n ast.Node) string {
		return string(source[fset.Position(n.Pos()).Offset:fset.Position(n.End()).Offset])
	}
	count := func(body *ast.BlockStmt) {
		if body != nil {
			insert(body.Lbrace+1, "stepCount++;")
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			return n.Tok == token.VAR // computed before anything begins: counted, and subtracted
		case *ast.FuncDecl:
			count(n.Body)
		case *ast.FuncLit:
			count(n.Body)
		case *ast.ForStmt:
			count(n.Body)
		case *ast.RangeStmt:
			count(n.Body)
		case *ast.CallExpr:
			around := func(before, after string) {
				insert(n.Pos(), before)
				insert(n.End(), after)
			}
			switch f := n.Fun.(type) {
			case *ast.Ident:
				// Conversions and append copy.
				if f.Name == "string" && len(n.Args) == 1 || f.Name == "append" && n.Ellipsis.IsValid() || f.Name == "copy" {
					last := n.Args[len(n.Args)-1]
					insert(last.Pos(), "stepAll(")
					insert(last.End(), ")")
				}
			case *ast.SelectorExpr:
				of, ok := f.X.(*ast.Ident)
				if !ok || !slices.Contains(scanning, of.Name) || slices.Contains(constant, f.Sel.Name) || len(n.Args) == 0 {
					break
				}
				switch f.Sel.Name {
				case "Index", "IndexByte", "IndexAny", "IndexFunc", "IndexRune":
					around("stepFound(", ", "+text(n.Args[0])+")")
				case "Cut":
					around("stepCut(", ")")
				default:
					insert(n.Args[0].Pos(), "stepAll(")
					insert(n.Args[0].End(), ")")
				}
			}
		}
		return true
	})
	slices.SortStableFunc(insertions, func(a, b insertion) int { return a.at - b.at })
	var out bytes.Buffer
	from := 0
	for _, i := range insertions {
		out.Write(source[from:i.at])
		out.WriteString(i.text)
		from = i.at
	}
	out.Write(source[from:])
	if _, err := format.Source(out.Bytes()); err != nil {
		return nil, fmt.Errorf("%s with counters: %w", strconv.Quote(name), err)
	}
	return out.Bytes(), nil
}
