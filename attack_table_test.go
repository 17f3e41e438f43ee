package websocket_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// attackRow is a line of the table in fuzz/README.md.
type attackRow struct{ section, attack, role, test, holds string }

// attackRows reads the tables of a page, each under its heading.
func attackRows(page string) (rows []attackRow) {
	section := ""
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			section = heading
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || len(cells) != 4 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[0] != "attack" {
			rows = append(rows, attackRow{section, cells[0], cells[1], strings.Trim(cells[2], "`"), cells[3]})
		}
	}
	return rows
}

// bothRolesBy are what runs a test for both roles.
var bothRolesBy = strings.Fields("attack withRoom ForRoles EachRole refusedBoth testHeaders testOrder texts textsOn compare atHome Roles bothRoles " +
	"neverReads matrixRows bothEnds")

// testSource is the source of a test function, and what it calls itself by.
type testSource struct {
	function *ast.FuncDecl
	all      map[string]*ast.FuncDecl // of its package
}

// testSources parses the tests of a folder.
func testSources(folder string) (map[string]testSource, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no tests in %s: %w", folder, err)
	}
	all := make(map[string]*ast.FuncDecl)
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				all[f.Name.Name] = f
			}
		}
	}
	tests := make(map[string]testSource)
	for name, f := range all {
		if strings.HasPrefix(name, "Test") {
			tests[name] = testSource{f, all}
		}
	}
	return tests, nil
}

// subtest finds the smallest statement that holds every constant part of a name, those
// between the ellipses: literals that are passed to t.Run or to what calls it, or that
// are in the table behind it.
func (s testSource) subtest(name string) (found ast.Stmt) {
	ast.Inspect(s.function.Body, func(n ast.Node) bool {
		stmt, ok := n.(ast.Stmt)
		if !ok {
			return true
		}
		literals := literalsOf(stmt)
		for part := range strings.SplitSeq(name, "…") {
			whole := part == name
			if part != "" && !slices.ContainsFunc(literals, func(l string) bool {
				return l == part || !whole && strings.Contains(l, part) || strings.HasPrefix(part+"/", l+"/") && whole
			}) {
				return false
			}
		}
		switch stmt.(type) {
		case *ast.ExprStmt, *ast.RangeStmt:
			found = stmt
		}
		return true
	})
	return found
}

func literalsOf(n ast.Node) (literals []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil && text != "" {
				literals = append(literals, text)
			}
		}
		return true
	})
	return literals
}

// bothRoles reports whether n runs something for both roles, itself or by a function
// of its package that it calls.
func (s testSource) bothRoles(n ast.Node, depth int) (both bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			both = both || slices.Contains(bothRolesBy, id.Name)
			if f := s.all[id.Name]; f != nil && depth > 0 && !both {
				both = s.bothRoles(f.Body, depth-1)
			}
		}
		return !both
	})
	return both
}

// check says what is wrong with a row.
func (r attackRow) check(packages map[string]map[string]testSource) error {
	role, none := strings.CutSuffix(r.role, ": none")
	if !slices.Contains([]string{"both", "server", "client"}, role) {
		return fmt.Errorf("there is no role %q", r.role)
	}
	if none || r.test == "" {
		if !none || r.test != "" || len(r.holds) < 10 {
			return fmt.Errorf("either a test, or %q and a reason", role+": none")
		}
		return nil
	}
	if r.holds == "" {
		return fmt.Errorf("what holds is not said")
	}
	folder, name := ".", r.test
	if before, after, ok := strings.Cut(r.test, ".Test"); ok && !strings.HasPrefix(r.test, "Test") {
		folder, name = before, "Test"+after
	}
	if packages[folder] == nil {
		tests, err := testSources(folder)
		if err != nil {
			return err
		}
		packages[folder] = tests
	}
	function, subtest, _ := strings.Cut(name, "/")
	source, ok := packages[folder][function]
	if !ok {
		return fmt.Errorf("package %s has no test %s", folder, function)
	}
	var where ast.Node = source.function.Body
	if subtest != "" {
		stmt := source.subtest(subtest)
		if stmt == nil {
			return fmt.Errorf("%s has no subtest %q", function, subtest)
		}
		where = stmt
	}
	if role == "both" && !source.bothRoles(where, 2) {
		return fmt.Errorf("%s/%s is not run for both roles", function, subtest)
	}
	return nil
}

// checkAttacks compares the table with the tests and the list of attacks.
func checkAttacks(page, list string) (complaints []string) {
	rows := attackRows(page)
	packages := make(map[string]map[string]testSource)
	roles := make(map[string]string) // of an attack: those it has rows for
	for _, r := range rows {
		if err := r.check(packages); err != nil {
			complaints = append(complaints, fmt.Sprintf("%s, %s: %v", r.section, r.attack, err))
		}
		roles[r.section+": "+r.attack] += " " + r.role
	}
	section, items := "", 0
	for line := range strings.Lines(list) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "# "); ok {
			section = heading
		} else if line != "" {
			items++
			has := roles[section+": "+line]
			if !strings.Contains(has, "both") && (!strings.Contains(has, "server") || !strings.Contains(has, "client")) {
				complaints = append(complaints, fmt.Sprintf("%s, %s: has rows for the roles %q, want both", section, line, has))
			}
			delete(roles, section+": "+line)
		}
	}
	for attack := range roles {
		complaints = append(complaints, attack+": is not in the list")
	}
	if items < 100 {
		complaints = append(complaints, fmt.Sprintf("%d attacks in the list: was it read?", items))
	}
	return complaints
}

func readText(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAttackTable(t *testing.T) {
	for _, complaint := range checkAttacks(readText(t, "fuzz/README.md"), readText(t, "testdata/attacks.txt")) {
		t.Error(complaint)
	}
}

// The checker must be able to complain, or it proves nothing.
func TestAttackTableComplains(t *testing.T) {
	page, list := readText(t, "fuzz/README.md"), readText(t, "testdata/attacks.txt")
	for _, change := range []struct{ old, new, want string }{
		{"TestAttackFragments/cumulative cap", "TestAttackFragments/cumulative cat", "no subtest"},
		{"TestAttackFragments/cumulative cap", "TestAttackFragment/cumulative cap", "no test"},
		{"| POST | client: none |  |", "| POST | client |  |", "either a test"},
		{"| a client sends GET |", "|  |", "either a test"},
		{"| POST | server |", "| POST | both |", "not run for both roles"},
		{"| server | `tests/attack.TestAttackHandshake/slow-loris`", "| client | `tests/attack.TestAttackHandshake/slow-loris`", "want both"},
		{"| RST | both |", "| RESET | both |", "not in the list"},
		{"| RST | both |", "| RST | all |", "no role"},
		{"| `handshake.TestAttacksOnCompression/window bits 7` |", "| `frame.TestAttacksOnCompression/window bits 7` |", "no test"},
	} {
		if !strings.Contains(page, change.old) {
			t.Errorf("%q is not in the page", change.old)
		}
		complaints := strings.Join(checkAttacks(strings.Replace(page, change.old, change.new, 1), list), "\n")
		if !strings.Contains(complaints, change.want) {
			t.Errorf("%q instead of %q: %q", change.new, change.old, complaints)
		}
	}
}
