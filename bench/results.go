package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/websocket/bench/servers"
)

// Results are the results of all commands, for a page and for JSON.
type Results struct {
	Machine Machine
	After   string // load averages
	Quick   bool
	Seconds map[string]float64 // each part took
	Failed  map[string]string  `json:",omitempty"`

	Echo          *EchoReport      `json:",omitempty"`
	Scale         *ScaleReport     `json:",omitempty"`
	Deflate       *DeflateReport   `json:",omitempty"`
	DeflateMemory *MemoryReport    `json:",omitempty"`
	Micro         *MicroReport     `json:",omitempty"`
	Idle          *IdleReport      `json:",omitempty"`
	Broadcast     *BroadcastReport `json:",omitempty"`
	Handshake     *HandshakeReport `json:",omitempty"`
	HTTP2         *HTTP2Report     `json:",omitempty"`
	Loop          *LoopReport      `json:",omitempty"`
	Million       *MillionReport   `json:",omitempty"`
}

// results runs everything and writes the page.
func results(ctx context.Context, args []string) error {
	names, asked := partNames(resultParts), partNames(askedParts)
	parts := names
	flags := flag.NewFlagSet("bench results", flag.ContinueOnError)
	from := flags.String("from", "", "`file` of figures to write the page from; nothing is measured but the parts that are asked for")
	flags.Func("parts", "what to measure, `a,b` (default, without -from: "+strings.Join(names, ",")+"; also "+strings.Join(asked, ",")+")", func(s string) error {
		parts = strings.Split(s, ",")
		for _, p := range parts {
			if all := slices.Concat(names, asked); !slices.Contains(all, p) {
				return fmt.Errorf("no part %q; there are %q", p, all)
			}
		}
		return nil
	})
	out := flags.String("out", ".", "`folder` for RESULTS.md and plots")
	file := flags.String("json", "results.json", "`file` to write the figures to, round by round, relative to the folder")
	quick := flags.Bool("quick", false, "less of everything, to try it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is one argument too many", flags.Arg(0))
	}
	r := &Results{Quick: *quick, Seconds: make(map[string]float64), Failed: make(map[string]string)}
	if *from != "" {
		if err := readJSON(*from, r); err != nil {
			return err
		}
		if slices.Equal(parts, names) {
			parts = nil
		}
	}
	if !filepath.IsAbs(*file) {
		*file = filepath.Join(*out, *file)
	}
	if len(parts) > 0 {
		if err := r.measure(ctx, parts, *quick, *file); err != nil {
			return err
		}
	}
	return r.write(*out)
}

func partNames(parts []resultPart) (names []string) {
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

func readJSON(file string, into any) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// measure runs parts, and saves the results after each of them. If one fails the others still
// run.
func (r *Results) measure(ctx context.Context, parts []string, quick bool, file string) error {
	b, err := newBench()
	if err != nil {
		return err
	}
	r.Machine = machine(servers.EchoNames())
	start := time.Now()
	for _, p := range slices.Concat(resultParts, askedParts) {
		if !slices.Contains(parts, p.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s %s …\n", clock(start), p.name)
		began := time.Now()
		delete(r.Failed, p.name)
		if err := p.measure(ctx, b, r, quick); err != nil {
			fmt.Fprintf(os.Stderr, "%s %s failed: %v\n", clock(start), p.name, err)
			r.Failed[p.name] = err.Error()
		}
		r.Seconds[p.name] = time.Since(began).Seconds()
		r.After = loadAverage()
		if err := errors.Join(ctx.Err(), writeJSON(file, r)); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "%s done\n", clock(start))
	return nil
}

func clock(start time.Time) string {
	return fmt.Sprintf("%3d:%02d", int(time.Since(start).Minutes()), int(time.Since(start).Seconds())%60)
}

// write writes the page and its plots.
func (r *Results) write(folder string) error {
	plots := filepath.Join(folder, "plots")
	if err := os.MkdirAll(plots, 0o755); err != nil {
		return err
	}
	drawn, err := r.plot(plots)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(folder, "RESULTS.md"))
	if err != nil {
		return err
	}
	r.page(f, drawn)
	return f.Close()
}
