package main

import (
	"context"
	"strings"

	"github.com/hawser-ws/websocket/bench/micro"
	"github.com/hawser-ws/websocket/bench/servers"
)

// microSection is everything that can be measured in this process.
func microSection(ctx context.Context, _ *bench, quick bool) (any, []Ratio, error) {
	report, err := runMicro(ctx, microNames(), 0, quick)
	return report, report.ratios(), err
}

// Promised limits.
const (
	limitMaskToC        = 1 / 0.9
	limitASCII          = 1.0
	limitTextPerByte    = 100 // ps: 10 GB/s
	limitFused          = 1.25
	limitShortMessage   = 80 // ns
	limitMessageToPeer  = 1.0 / 3
	limitMessageToFloor = 1.3
)

// ratios compares ours with the others in every contest.
func (r *MicroReport) ratios() (all []Ratio) {
	for _, c := range r.Contests {
		ours := c.Get(servers.Ours)
		if ours == nil || len(ours.NS) == 0 {
			continue
		}
		to := func(name string, limit float64) {
			if f := c.Get(name); f != nil {
				all = append(all, Ratio{c.Group + " " + c.Case, servers.Ours, name, micro.Ratio(ours, f), limit})
			}
		}
		figure := func(unit string, value, limit float64) {
			all = append(all, Ratio{c.Group + " " + c.Case, servers.Ours, unit, value, limit})
		}
		switch c.Group {
		case "mask":
			limit := limitMaskToC
			if c.Bytes < 1<<10 {
				limit = 0
			}
			to(micro.CSimd, limit)
			to("gobwas", 0)
		case "utf8":
			if strings.HasPrefix(c.Case, "ASCII") {
				to(micro.Standard, limitASCII)
				continue
			}
			to(micro.Standard, 0)
			if c.Bytes >= 1<<10 {
				figure("ps a byte", 1000*ours.Median()/float64(c.Bytes), limitTextPerByte)
			}
		case "fused":
			slower := c.Get(micro.MaskAlone)
			if v := c.Get(micro.ValidAlone); v.Median() > slower.Median() {
				slower = v
			}
			to(slower.Name, limitFused)
		case "header":
			to("gobwas", 0)
		case "message":
			if best := bestChecking(c); best != nil {
				to(best.Name, limitMessageToPeer)
			}
			if c.Bytes < 1<<10 {
				figure("ns a message", ours.Median(), limitShortMessage)
				to(micro.Floor, 0)
			} else {
				to(micro.Floor, limitMessageToFloor)
			}
			// No allocation is allowed; what is left from the measurement itself is less.
			figure("allocations", ours.Allocs, 0.05)
		}
	}
	return all
}

// bestChecking returns the best complete library that checks text as ours does.
func bestChecking(c *micro.Contest) (best *micro.Contender) {
	for _, f := range c.Of {
		if f.Name == servers.Ours || f.Notes["whole"] == "a loop" || f.Notes["UTF-8"] != "checked" {
			continue
		}
		if best == nil || f.Median() < best.Median() {
			best = f
		}
	}
	return best
}
