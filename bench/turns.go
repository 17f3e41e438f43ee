package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hawser-ws/websocket/bench/raw"
)

// Result has the fields common to all table rows.
type Result struct {
	Lib      string
	Agreed   string // in the handshake
	Compared bool   // it agreed on what was requested, and nothing went wrong
	Note     string // why not

	failed bool
}

// agree compares what a server agreed on with what was requested.
func (r *Result) agree(asked, agreed raw.Terms) bool {
	r.Agreed, r.Compared = agreed.String(), agreed == asked
	if !r.Compared {
		r.Note = fmt.Sprintf("asked for %v, it agreed on %v", asked, agreed)
	}
	return r.Compared
}

// The time for a table. With four tables, -quick takes less than a minute, unless a busy
// machine makes a single round longer.
const fullTime, quickTime = 3 * time.Minute, 12 * time.Second

// takeTurns runs rounds: A B C, then B C A. A library that cannot be compared is left out after
// its first round, unless it is to be measured anyway. Except for the first round, none begins
// after the time is up.
func takeTurns[R any](ctx context.Context, rows []R, c *choices, rounds int, result func(R) *Result, round func(R) error) error {
	end := time.Now().Add(time.Duration(c.or(int(c.limit), int(fullTime), int(quickTime))))
	for n := range rounds {
		if n > 0 && time.Now().After(end) {
			break
		}
		for i := range rows {
			row := rows[(i+n)%len(rows)]
			r := result(row)
			if r.failed || r.Note != "" && !c.mismatched {
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
