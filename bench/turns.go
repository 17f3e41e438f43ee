package main

import (
	"context"
	"fmt"

	"github.com/hawser-ws/websocket/bench/raw"
)

// Result is what every row of a table has.
type Result struct {
	Lib      string
	Agreed   string // in the handshake
	Compared bool   // it agreed on what was asked, and nothing went wrong
	Note     string // why not

	failed bool
}

// agree compares what a server agreed on with what it was asked for.
func (r *Result) agree(asked, agreed raw.Terms) bool {
	r.Agreed, r.Compared = agreed.String(), agreed == asked
	if !r.Compared {
		r.Note = fmt.Sprintf("asked for %v, it agreed on %v", asked, agreed)
	}
	return r.Compared
}

// takeTurns runs rounds: A B C, then B C A. A library that cannot be compared is
// left out after its first, unless mismatched says that it is to be measured.
func takeTurns[R any](ctx context.Context, rows []R, rounds int, mismatched bool, result func(R) *Result, round func(R) error) error {
	for n := range rounds {
		for i := range rows {
			row := rows[(i+n)%len(rows)]
			r := result(row)
			if r.failed || r.Note != "" && !mismatched {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := round(row); err != nil {
				r.failed, r.Compared, r.Note = true, false, err.Error()
			}
		}
	}
	return nil
}
