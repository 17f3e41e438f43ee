package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// A chapter is a part of the page.
type chapter struct {
	name, title, command string
	text                 string
	plots                []string // whose files exist
	grids                []*grid
	ratios               []Ratio
}

// page writes everything, for GitHub. drawn are the existing plots.
func (r *Results) page(w io.Writer, drawn []string) {
	chapters := r.chapters()
	fmt.Fprintf(w, "# Results\n\nWritten by `make bench`, that is `cd bench && GOWORK=off go run . results`. [README.md](README.md) tells how each figure is measured and how to read it.\n\n")
	if r.Quick {
		fmt.Fprintf(w, "**This was a short run, to try the program: the figures mean little.**\n\n")
	}
	r.machine(w)
	fmt.Fprintf(w, "## What is promised\n\n")
	var all []Ratio
	for _, c := range chapters {
		all = append(all, c.ratios...)
	}
	promised(all).markdown(w)
	for _, c := range chapters {
		c.write(w, drawn)
		if failed := r.Failed[c.name]; failed != "" {
			fmt.Fprintf(w, "**It failed:** %s\n\n", failed)
		}
	}
}

// machine writes where and when.
func (r *Results) machine(w io.Writer) {
	m := r.Machine
	g := &grid{title: "The machine", header: []string{"", "value"}}
	g.add("date", m.Time.Format("2006-01-02 15:04 MST"))
	g.add("CPU", m.CPU)
	g.add("kernel", "Linux "+m.Kernel)
	g.add("Go", m.Go)
	g.add("load average before", m.Load)
	g.add("load average after", r.After)
	for _, name := range slices.Sorted(maps.Keys(m.Versions)) {
		g.add(name, m.Versions[name])
	}
	g.markdown(w)
}

// chapters returns the chapters that have figures.
func (r *Results) chapters() (all []chapter) {
	if r.Echo != nil {
		c := chapter{name: "echo", title: "Echo", command: "echo",
			text:  "CPU time of the server, on its core alone, for one message received and sent back. “Floors” are no libraries: what the system calls alone cost.",
			plots: []string{plotSize, plotInFlight}}
		for _, e := range r.Echo.Cases {
			c.grids = append(c.grids, e.grid())
			c.ratios = append(c.ratios, e.ratios()...)
		}
		all = append(all, c)
	}
	if r.Scale != nil {
		c := chapter{name: "scale", title: "More and more connections", command: "scale",
			text:  "The same echo of 32 bytes with more and more connections. With few of them memory is what the process needs at all.",
			plots: []string{plotConnections}, grids: r.Scale.grids()}
		all = append(all, c)
	}
	if r.Deflate != nil {
		c := chapter{name: "deflate", title: "Echo with compression", command: "deflate",
			text: "permessage-deflate. Less CPU time is no merit where the answers are larger."}
		for _, g := range r.Deflate.Groups {
			c.grids = append(c.grids, g.grid())
		}
		all = append(all, c)
	}
	if r.DeflateMemory != nil {
		c := chapter{name: "deflate-memory", title: "Memory of connections that have compressed", command: "deflate-memory",
			text: "RAM of the server for each of 1,000 connections after messages of 1 KiB and one of 64 KiB, above what it had before the first."}
		for _, g := range r.DeflateMemory.Groups {
			c.grids = append(c.grids, g.grid())
		}
		all = append(all, c)
	}
	if r.Idle != nil {
		all = append(all, chapter{name: "idle", title: "Idle connections", command: "idle",
			text:  "RAM of the server for each connection, above what it had before the first, after a handshake and one message echoed. `parked` is a goroutine that waits in `net.Conn.Read`, and nothing else.",
			plots: []string{plotIdle},
			grids: []*grid{r.Idle.grid()}, ratios: r.Idle.ratios()})
	}
	if r.Broadcast != nil {
		all = append(all, chapter{name: "broadcast", title: "Broadcast", command: "broadcast",
			text:  "CPU time of the server for each delivery; most of it is the kernel's.",
			plots: []string{plotBroadcast, plotBursts},
			grids: r.Broadcast.grids(), ratios: r.Broadcast.ratios()})
	}
	if r.Handshake != nil {
		all = append(all, chapter{name: "handshake", title: "Opening handshakes", command: "handshake",
			text:  "CPU time of the server for a connection that is accepted, opened with the request of a browser, and closed.",
			plots: []string{plotHandshake},
			grids: r.Handshake.grids(), ratios: r.Handshake.ratios()})
	}
	if r.HTTP2 != nil {
		all = append(all, chapter{name: "http2", title: "Over HTTP/2", command: "http2",
			text:  "CPU time of the server for an echo on streams (RFC 8441), beside the same over HTTP/1.1. `hawser-http2` is `ServeHTTP2`, `hawser-http2-net-http` is `Handler` behind net/http.",
			grids: r.HTTP2.grids(), ratios: r.HTTP2.ratios()})
	}
	if r.Loop != nil {
		all = append(all, chapter{name: "loop", title: "Without goroutines", command: "loop",
			text:  "`hawser-loop` is a `Loop`, `hawser-upgrade` is `Upgrade` with a goroutine for each connection, `epoll` a C program of one thread. CPU time of the server for an echo, as above; and memory of idle connections, also of those that have begun a message and do not go on.",
			grids: r.Loop.grids(), ratios: r.Loop.ratios()})
	}
	if r.Million != nil {
		all = append(all, chapter{name: millionCommand, title: "A million", command: millionCommand,
			text:  "Connections on loopback, each server a process with a `Loop`: all servers on one core, all clients on the other. All connections are idle but one in a hundred.",
			grids: []*grid{r.Million.grid()}})
	}
	if r.Micro != nil {
		all = append(all, chapter{name: "micro", title: "Without a network", command: "micro",
			text:  "Functions in one process, and in C, in turns; and whole libraries over a connection in memory.",
			grids: r.Micro.grids(), ratios: r.Micro.ratios()})
	}
	return all
}

func (c *chapter) write(w io.Writer, drawn []string) {
	fmt.Fprintf(w, "## %s\n\n`GOWORK=off go run . %s`\n\n", c.title, c.command)
	if c.text != "" {
		fmt.Fprintf(w, "%s\n\n", c.text)
	}
	for _, p := range c.plots {
		if slices.Contains(drawn, p) {
			fmt.Fprintf(w, "![%s](plots/%s)\n\n", plotTitles[p], p)
		}
	}
	fmt.Fprintf(w, "<details><summary>Tables</summary>\n\n")
	for _, g := range c.grids {
		g.markdown(w)
	}
	if len(c.ratios) > 0 {
		g := &grid{title: "All comparisons", header: []string{"measured", "case", "of", "to", "promised"}}
		for _, r := range c.ratios {
			promise := ""
			if r.Limit > 0 {
				promise = "≤ " + figure(r.Limit)
			}
			g.add(figure(r.Value), r.Name, r.Of, r.To, promise)
		}
		g.markdown(w)
	}
	fmt.Fprintf(w, "</details>\n\n")
}

// promised is the headline: for each promise the case that is closest to breaking it, or breaks
// it most.
func promised(all []Ratio) *grid {
	g := &grid{
		title:  "Each promise, and the case that is hardest for it",
		header: []string{"kept", "case", "of", "to", "measured", "promised", "cases kept"},
	}
	type promise struct {
		what, of string
		limit    float64
	}
	type state struct {
		worst       Ratio
		kept, cases int
	}
	states := make(map[promise]*state)
	var order []promise
	for _, r := range all {
		if r.Limit <= 0 {
			continue
		}
		what, _, _ := strings.Cut(r.Name, " ")
		p := promise{what, r.Of, r.Limit}
		s := states[p]
		if s == nil {
			s = &state{worst: r}
			states[p] = s
			order = append(order, p)
		}
		s.cases++
		if !r.missed() {
			s.kept++
		}
		if r.Value > s.worst.Value {
			s.worst = r
		}
	}
	for _, p := range order {
		s := states[p]
		mark := "✓"
		if s.kept < s.cases {
			mark = "✗"
		}
		g.add(mark, s.worst.Name, s.worst.Of, s.worst.To, figure(s.worst.Value), "≤ "+figure(p.limit), fmt.Sprintf("%d of %d", s.kept, s.cases))
	}
	return g
}

// figure formats with at least three digits.
func figure(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 20:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
