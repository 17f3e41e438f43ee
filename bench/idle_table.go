package main

import (
	"fmt"
	"slices"

	"github.com/hawser-ws/websocket/bench/servers"
)

// Promised limits: bytes for each of 10,000 connections, and the allowed difference for each of
// 1,000 or 18,000.
const (
	limitIdle       = 4500
	limitIdleFlat   = 1.1
	limitIdleStream = 4096 // bytes for one stream more
	idleMain        = 10000
)

func (r *IdleRow) atOnce() float64 {
	return summarize(r.Rounds, func(i IdleRound) float64 { return i.AtOnce }).Median
}

func (r *IdleRow) collected() float64 {
	return summarize(r.Rounds, func(i IdleRound) float64 { return i.Collected }).Median
}

func (r *IdleReport) get(lib string, n int) *IdleRow {
	for _, row := range r.Rows {
		if row.name() == lib && row.Connections == n && len(row.Rounds) > 0 {
			return row
		}
	}
	return nil
}

func (r *IdleReport) counts() (all []int) {
	for _, row := range r.Rows {
		if !slices.Contains(all, row.Connections) {
			all = append(all, row.Connections)
		}
	}
	return all
}

func (r *IdleReport) libs() (all []string) {
	for _, row := range r.Rows {
		if !slices.Contains(all, row.name()) {
			all = append(all, row.name())
		}
	}
	return all
}

func (r *IdleReport) grid() *grid { return r.gridOf(servers.Ours) }

// gridOf returns a table with a line for each library, least memory first, of which one is
// compared with the others.
func (r *IdleReport) gridOf(ours string) *grid {
	g := &grid{
		title:  "Memory of an idle connection, bytes",
		header: []string{ours + "\nto it", "library"},
	}
	counts := r.counts()
	for _, n := range counts {
		g.header = append(g.header, fmt.Sprintf("%d,\nat once", n), "collected")
	}
	most := counts[len(counts)-1]
	order := func(lib string) float64 {
		if row := r.get(lib, most); row != nil {
			return row.collected()
		}
		return 1e12
	}
	libs := r.libs()
	slices.SortStableFunc(libs, func(a, b string) int { return int(order(a) - order(b)) })
	for _, lib := range libs {
		to := "—"
		if it, theirs := r.get(ours, most), r.get(lib, most); it != nil && theirs != nil && it != theirs {
			to = ratio(it.collected() / theirs.collected())
		}
		row := []string{to, lib}
		for _, n := range counts {
			if one := r.get(lib, n); one != nil {
				row = append(row, fmt.Sprintf("%.0f", one.atOnce()), fmt.Sprintf("%.0f", one.collected()))
			} else {
				row = append(row, "", "")
			}
		}
		g.add(row...)
	}
	for _, row := range r.Rows {
		g.notes = append(g.notes, row.note(len(row.Rounds)))
	}
	return g
}

// ratios compares the memory of connections.
func (r *IdleReport) ratios() (all []Ratio) {
	counts := r.counts()
	for _, n := range counts {
		ours := r.get(servers.Ours, n)
		if ours == nil {
			continue
		}
		name := fmt.Sprintf("idle %d", n)
		limit := 0.0
		if n == idleMain {
			limit = limitIdle
		}
		all = append(all, Ratio{name, servers.Ours, "bytes a connection", ours.collected(), limit})
		var best *IdleRow
		for _, row := range r.Rows {
			if row.Connections == n && servers.KindOf(row.Lib) == servers.Peer && len(row.Rounds) > 0 &&
				(best == nil || row.collected() < best.collected()) {
				best = row
			}
		}
		if best != nil {
			all = append(all, Ratio{name, servers.Ours, best.Lib, ours.collected() / best.collected(), 0})
		}
		if floor := r.get(servers.Parked, n); floor != nil {
			all = append(all, Ratio{name, servers.Ours, servers.Parked, ours.collected() / floor.collected(), 0})
		}
	}
	all = append(all, r.streams()...)
	first, last := r.get(servers.Ours, slices.Min(append(counts, 1<<30))), r.get(servers.Ours, slices.Max(append(counts, 0)))
	if first != nil && last != nil && first != last {
		all = append(all, Ratio{fmt.Sprintf("idle %d", last.Connections), servers.Ours,
			fmt.Sprintf("itself with %d", first.Connections), last.collected() / first.collected(), limitIdleFlat})
	}
	return all
}

// streams says what one stream more takes: where there are few, most is what the process and the
// connections need.
func (r *IdleReport) streams() (all []Ratio) {
	counts := r.counts()
	if len(counts) < 2 {
		return nil
	}
	for _, lib := range []string{servers.HTTP2, servers.NetHTTP2} {
		first, last := r.get(lib, slices.Min(counts)), r.get(lib, slices.Max(counts))
		if first == nil || last == nil {
			continue
		}
		limit := 0.0
		if lib == servers.HTTP2 {
			limit = limitIdleStream
		}
		more := last.collected()*float64(last.Connections) - first.collected()*float64(first.Connections)
		all = append(all, Ratio{fmt.Sprintf("idle %d to %d streams", first.Connections, last.Connections), lib, "bytes for one more",
			more / float64(last.Connections-first.Connections), limit})
	}
	return all
}
