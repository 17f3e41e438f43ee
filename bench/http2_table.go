package main

import (
	"fmt"

	"github.com/hawser-ws/websocket/bench/servers"
)

// Promised limits: CPU time of an echo to that over HTTP/1.1 in the same run, and the part of
// their throughput that streams lose beside others that are not read.
const (
	limitHTTP2     = 0.25 // one connection, 64 streams
	limitNetHTTP2  = 2
	limitUnstalled = 1.1
)

// name says which server, and how many of what.
func (r *HTTP2Row) name() string {
	text := fmt.Sprintf("%s, %d×%d", r.Lib, r.Shape.Connections, r.Shape.Streams)
	if !servers.SpeaksHTTP2(r.Lib) {
		text = fmt.Sprintf("%s, %d connections", r.Lib, r.Shape.Connections)
	}
	return text
}

func (r *HTTP2Row) over(figure func(HTTP2Round) float64) Summary { return summarize(r.Rounds, figure) }

func (r *HTTP2Row) cpu() Summary { return r.over(func(h HTTP2Round) float64 { return h.CPU }) }

// to returns the median of the rounds' ratios of a figure, or 0 if there is none.
func (r *HTTP2Row) to(other *HTTP2Row, figure func(HTTP2Round) float64) float64 {
	var ratios []float64
	for i := range min(len(r.Rounds), len(other.Rounds)) {
		ratios = append(ratios, figure(r.Rounds[i])/figure(other.Rounds[i]))
	}
	return summarize(ratios, func(x float64) float64 { return x }).Median
}

func ofCPU(h HTTP2Round) float64  { return h.CPU }
func ofRate(h HTTP2Round) float64 { return h.Rate }

func (r *HTTP2Report) grids() []*grid {
	echo := r.grid(r.Echo, "Echo of 32 bytes, connections × streams, one in flight for each stream", "to HTTP/1.1", ofCPU, "")
	stalled := r.grid(r.Stalled, "Echo of 4 KiB on 8 streams of one connection, beside streams that the server does not read and whose windows are full",
		"messages a second, to those without", ofRate, "stalled")
	opening := r.grid(r.Opening, "Streams opened on a connection and reset, 8 at a time", "to the first", ofCPU, "")
	return []*grid{echo, stalled, opening}
}

// grid is a table whose rows are compared with the first.
func (r *HTTP2Report) grid(rows []*HTTP2Row, title, compared string, figure func(HTTP2Round) float64, stalled string) *grid {
	g := &grid{
		title:  fmt.Sprintf("%s, rounds: %d", title, mostRounds(rows, func(r *HTTP2Row) int { return len(r.Rounds) })),
		header: []string{compared, "server", "CPU µs", "least", "spread %", "a second", "busy %", "waited %"},
	}
	for _, row := range rows {
		g.notes = append(g.notes, row.note(len(row.Rounds)))
		if len(row.Rounds) == 0 {
			continue
		}
		to, name := "—", row.name()
		if row != rows[0] {
			to = ratio(row.to(rows[0], figure))
		}
		if stalled != "" {
			name += fmt.Sprintf(", %d %s", row.Shape.Stalled, stalled)
		}
		s := row.cpu()
		g.add(to, name, fmt.Sprintf("%.2f", s.Median), fmt.Sprintf("%.2f", s.Least), fmt.Sprintf("%.1f", 100*s.Spread()),
			fmt.Sprintf("%.0f", row.over(ofRate).Median),
			fmt.Sprintf("%.0f", 100*row.over(func(h HTTP2Round) float64 { return h.Busy }).Median),
			fmt.Sprintf("%.1f", 100*row.over(func(h HTTP2Round) float64 { return h.Waited }).Median))
	}
	return g
}

// ratios compares streams with HTTP/1.1, and busy streams with themselves where nothing stalls.
func (r *HTTP2Report) ratios() (all []Ratio) {
	for _, row := range r.Echo {
		if !servers.SpeaksHTTP2(row.Lib) || len(row.Rounds) == 0 || len(r.Echo[0].Rounds) == 0 {
			continue
		}
		limit := 0.0
		switch {
		case row.Lib == servers.NetHTTP2:
			limit = limitNetHTTP2
		case row.Shape.Connections == 1:
			limit = limitHTTP2
		}
		all = append(all, Ratio{fmt.Sprintf("http2 %d×%d", row.Shape.Connections, row.Shape.Streams), row.Lib, r.Echo[0].Lib, row.to(r.Echo[0], ofCPU), limit})
	}
	for _, row := range r.Stalled {
		if row != r.Stalled[0] && len(row.Rounds) > 0 && len(r.Stalled[0].Rounds) > 0 {
			// How much longer a message takes.
			all = append(all, Ratio{fmt.Sprintf("http2 8 streams beside %d stalled", row.Shape.Stalled), row.Lib, "itself beside none",
				1 / row.to(r.Stalled[0], ofRate), limitUnstalled})
		}
	}
	return all
}
