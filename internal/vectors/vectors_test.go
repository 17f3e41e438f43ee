package vectors

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// A failure names its row; a row that names another line sends people astray.
func TestRowsKnowTheirLine(t *testing.T) {
	var rows []Row
	for _, r := range Frames {
		rows = append(rows, r.Row)
	}
	for _, r := range BadHeaders {
		rows = append(rows, r.Row)
	}
	for _, r := range Closes {
		rows = append(rows, r.Row)
	}
	for _, r := range Texts {
		rows = append(rows, r.Row)
	}
	if len(rows) < 150 {
		t.Fatalf("only %d rows", len(rows))
	}
	seen := map[Row]bool{}
	for _, r := range rows {
		if seen[r] {
			t.Errorf("%s stands twice", r)
		}
		seen[r] = true
		source, err := os.ReadFile(r.File)
		if err != nil {
			t.Skip("the sources are not where they were built: ", err)
		}
		if line := strings.Split(string(source), "\n")[r.Line-1]; !strings.Contains(line, r.Name) {
			t.Errorf("%s: the line is %s", r, line)
		}
	}
}

func TestTextsAgreeWithTheStandardLibrary(t *testing.T) {
	for _, r := range Texts {
		if utf8.Valid(r.Text) != (r.Bad < 0 && r.Complete) {
			t.Errorf("%s: utf8.Valid says %v", r, utf8.Valid(r.Text))
		}
	}
}
