package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hawser-ws/websocket/bench/micro"
	"github.com/hawser-ws/websocket/bench/servers"
)

// The plots.
const (
	plotSize        = "echo-size.svg"
	plotInFlight    = "echo-inflight.svg"
	plotConnections = "echo-connections.svg"
	plotIdle        = "idle.svg"
	plotBroadcast   = "broadcast.svg"
	plotBursts      = "broadcast-burst.svg"
	plotHandshake   = "handshake.svg"
)

var plotTitles = map[string]string{
	plotSize:        "CPU time of an echo against the size of the message",
	plotInFlight:    "CPU time of an echo against the messages in flight",
	plotConnections: "CPU time of an echo against the number of connections",
	plotIdle:        "Memory of an idle connection against the number of connections",
	plotBroadcast:   "CPU time of a delivery, each message when all have received the one before",
	plotBursts:      "CPU time of a delivery, several messages in a row",
	plotHandshake:   "CPU time of an opening handshake",
}

// plot draws the plots that there are figures for, and returns the names of the files.
func (r *Results) plot(folder string) (drawn []string, err error) {
	draw := func(name string, f func(file string) error, there bool) {
		if err == nil && there {
			if err = f(filepath.Join(folder, name)); err == nil {
				drawn = append(drawn, name)
			}
		}
	}
	lines := func(name string, c *chart) {
		draw(name, func(file string) error { c.title = plotTitles[name]; return c.draw(file) }, c.points() > 1)
	}
	bars := func(name string, c *barChart) {
		draw(name, func(file string) error { c.title = plotTitles[name]; return c.draw(file) }, len(c.bars) > 0)
	}
	if r.Echo != nil {
		lines(plotSize, casesChart(r.Echo.Cases, "size of the message", micro.Size, func(c *EchoCase) (int, bool) {
			return c.Size, c.Connections == 64 && c.InFlight == 1
		}))
		lines(plotInFlight, casesChart(r.Echo.Cases, "messages in flight on each of 64 connections, 32 B each", fmtInt, func(c *EchoCase) (int, bool) {
			return c.InFlight, c.Connections == 64 && c.Size == 32
		}))
	}
	if r.Scale != nil {
		lines(plotConnections, casesChart(r.Scale.Cases, "connections, each with one message of 32 B in flight", fmtInt,
			func(c *EchoCase) (int, bool) { return c.Connections, true }))
	}
	if r.Idle != nil {
		c := &chart{x: "connections", y: "bytes a connection, after a collection", tick: fmtInt}
		for _, lib := range r.Idle.libs() {
			for _, n := range r.Idle.counts() {
				if row := r.Idle.get(lib, n); row != nil {
					c.add(lib, float64(n), row.collected())
				}
			}
		}
		lines(plotIdle, c)
	}
	if r.Broadcast != nil {
		for _, g := range r.Broadcast.Groups {
			name := plotBroadcast
			if g.Burst > 1 {
				name = plotBursts
			}
			c := &barChart{x: fmt.Sprintf("CPU µs a delivery of %s to one of %d connections", micro.Size(r.Broadcast.Size), r.Broadcast.Connections)}
			for _, row := range g.Rows {
				if len(row.Rounds) > 0 {
					c.bars = append(c.bars, bar{row.Lib, row.Lib, row.cpu().Median})
				}
			}
			bars(name, c)
		}
	}
	if r.Handshake != nil {
		c := &barChart{x: "CPU µs a handshake"}
		for _, row := range r.Handshake.Rows {
			if len(row.Rounds) > 0 {
				label := row.Lib
				if row.HTTP && row.Lib != servers.ByHandInHTTP {
					label += ", net/http"
				}
				c.bars = append(c.bars, bar{row.Lib, label, row.cpu().Median})
			}
		}
		bars(plotHandshake, c)
	}
	return drawn, err
}

func fmtInt(n int) string { return fmt.Sprint(n) }

// casesChart adds the cases to a chart. at returns their place on the axis, if they have one.
func casesChart(cases []*EchoCase, x string, tick func(int) string, at func(*EchoCase) (int, bool)) *chart {
	c := &chart{x: x, y: "CPU µs a message", tick: tick}
	sorted := slices.SortedStableFunc(slices.Values(cases), func(a, b *EchoCase) int {
		m, _ := at(a)
		n, _ := at(b)
		return m - n
	})
	for _, e := range sorted {
		n, ok := at(e)
		if !ok || e.Text || e.Procs > 1 {
			continue
		}
		for _, row := range e.Rows {
			if len(row.Rounds) > 0 && row.Compared {
				c.add(row.Lib, float64(n), row.cpu().Median)
			}
		}
	}
	return c
}
