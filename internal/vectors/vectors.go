// Package vectors holds the rows that tests share and fuzz targets start from.
// It depends on nothing, so that any test may use it. A row knows the line it
// stands on, and its String says so.
package vectors

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// Row is the name of a row and where it stands.
type Row struct {
	Name string
	File string
	Line int
}

// String returns "name (file:line)".
func (r Row) String() string {
	return fmt.Sprintf("%s (%s:%d)", r.Name, filepath.Base(r.File), r.Line)
}

// row names the row on the line that calls it.
func row(name string) Row {
	_, file, line, _ := runtime.Caller(1)
	return Row{name, file, line}
}

// unhex reads hexadecimal; spaces are for the reader.
func unhex(s string) []byte {
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(fmt.Sprintf("vectors: %q: %v", s, err))
	}
	return p
}

// times returns n bytes that repeat those in s.
func times(n int, s string) []byte {
	unit := unhex(s)
	p := make([]byte, n)
	for i := range p {
		p[i] = unit[i%len(unit)]
	}
	return p
}
