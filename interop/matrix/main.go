package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hawser-ws/websocket/autobahn"
)

// options are those of the command line.
type options struct {
	only, cases  string
	selection    string // the cases that are played
	parallel     int
	peers, notes string // directories of the peers and of their findings
	cache, out   string
}

func main() {
	o := options{peers: "matrix/peers", notes: "matrix/findings"}
	var render, full bool
	var show string
	flag.StringVar(&o.only, "only", "", "`peers` to play, by folder, with commas between; default: all")
	flag.StringVar(&o.cases, "cases", "", "try these `cases` only; the page stays as it is")
	flag.BoolVar(&full, "full", false, "all cases, of chapters 12 and 13 too: several hours")
	flag.IntVar(&o.parallel, "parallel", 2, "how many peers play at a time")
	flag.BoolVar(&render, "render", false, "play nothing; render the page")
	flag.StringVar(&show, "show", "", "print one case, as `PEER/ROLE/CASE`, and end")
	flag.StringVar(&o.cache, "cache", os.Getenv("MATRIX_CACHE"), "`directory` of what peers install, of logs and results; default: hawser-matrix in the user's cache, or $MATRIX_CACHE")
	flag.StringVar(&o.out, "out", "../docs/conformance", "`directory` of the page")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := o.locate(); err != nil {
		fail(err)
	}
	var err error
	switch {
	case show != "":
		err = o.show(show)
	case render:
		err = o.render()
	default:
		err = o.run(ctx, full)
	}
	if err != nil {
		stop()
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "matrix: %v\n", err)
	os.Exit(1)
}

// locate makes the cache's path absolute, since peers run in their own folders.
func (o *options) locate() error {
	if o.cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		o.cache = filepath.Join(base, "hawser-matrix")
	}
	var err error
	if o.cache, err = filepath.Abs(o.cache); err != nil {
		return err
	}
	o.peers, err = filepath.Abs(o.peers)
	return err
}

// chosen returns the peers that are to be played.
func (o *options) chosen() ([]*peer, error) {
	peers, err := findPeers(o.peers, o.cache)
	if err != nil {
		return nil, err
	}
	return choose(peers, o.only)
}

// run plays the chosen peers and renders the page.
func (o *options) run(ctx context.Context, full bool) error {
	peers, err := o.chosen()
	if err != nil {
		return err
	}
	o.selection = autobahn.Quick
	if full {
		o.selection = "*"
	}
	o.selection = cmp.Or(o.cases, o.selection)
	if _, err := autobahn.Select(autobahn.Server, o.selection, ""); err != nil {
		return err
	}
	err = o.play(ctx, peers)
	if o.cases == "" && ctx.Err() == nil {
		err = errors.Join(err, o.render())
	}
	return err
}

// play plays peers, some at a time, and keeps their results.
func (o *options) play(ctx context.Context, peers []*peer) error {
	var mu sync.Mutex
	var problems []error
	var players sync.WaitGroup
	queue := make(chan *peer)
	for range max(1, o.parallel) {
		players.Go(func() {
			for p := range queue {
				r, err := p.playAll(ctx, o.selection)
				if r != nil {
					err = errors.Join(err, o.keep(p, r, &mu))
				}
				if err != nil {
					mu.Lock()
					problems = append(problems, fmt.Errorf("%s: %w", p.Key, err))
					mu.Unlock()
				}
			}
		})
	}
	for _, p := range peers {
		queue <- p
	}
	close(queue)
	players.Wait()
	return errors.Join(problems...)
}

// playAll sets p up and plays its roles. It returns nil without results.
func (p *peer) playAll(ctx context.Context, selection string) (*record, error) {
	version, err := p.setup(ctx)
	if err != nil {
		return nil, err
	}
	r := &record{Key: p.Key, Version: version, Made: time.Now().UTC().Truncate(time.Second)}
	for _, role := range p.roles() {
		cases, err := autobahn.Select(role, selection, "")
		if err != nil {
			return nil, err
		}
		begun := time.Now()
		agent, err := p.judge(ctx, role, cases)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		part := played{Role: role, Took: time.Since(begun)}
		for _, c := range cases {
			part.Cases = append(part.Cases, c.ID)
		}
		if agent != nil {
			part.Results = agent.Results
		}
		if err != nil {
			part.Problem = err.Error()
		}
		r.Played = append(r.Played, part)
	}
	return r, nil
}

// keep stores a record and tells what is not covered by findings.
func (o *options) keep(p *peer, r *record, printing *sync.Mutex) error {
	store := o.cache
	if o.cases != "" {
		store = filepath.Join(o.cache, "tries") // not for the page
	}
	if err := r.save(store); err != nil {
		return err
	}
	report, err := r.saveReport(store)
	if err != nil {
		return err
	}
	notes, err := readNotebook(o.notes, p.Key)
	if err != nil {
		return err
	}
	printing.Lock()
	defer printing.Unlock()
	var problems []error
	for i := range r.Played {
		part := &r.Played[i]
		fmt.Printf("%-16s %-6s %s  %s in %v\n", p.Key, part.Role, r.Version, tally(part), part.Took.Round(time.Second))
		switch {
		case part.Problem == "":
		case len(part.Results) < len(part.Cases):
			problems = append(problems, fmt.Errorf("%d of %d cases have no result: %s", len(part.Cases)-len(part.Results), len(part.Cases), part.Problem))
		default:
			first, _, _ := strings.Cut(part.Problem, "\n")
			fmt.Printf("%-16s all cases have a result, but %s\n", p.Key, first)
		}
		if lack := uncovered(part.Role, part.Cases, verdictsOf(part), notes); lack != "" {
			problems = append(problems, fmt.Errorf("%s/%s.md lacks:\n\n%s", o.notes, p.Key, lack))
		}
	}
	fmt.Printf("%-16s report %s\n", p.Key, report)
	return errors.Join(problems...)
}

// tally counts the verdicts of a role.
func tally(p *played) string {
	counts := map[string]int{}
	var order []string
	for _, r := range p.Results {
		v := verdict(r)
		if counts[v] == 0 {
			order = append(order, v)
		}
		counts[v]++
	}
	var words []string
	for _, v := range order {
		words = append(words, fmt.Sprintf("%d %s", counts[v], v))
	}
	return strings.Join(words, "; ")
}

// show prints one case. The later of a try and of a whole run counts.
func (o *options) show(what string) error {
	parts := strings.Split(what, "/")
	if len(parts) != 3 {
		return fmt.Errorf("-show %s: it has to be like node-ws/server/5.3", what)
	}
	role := autobahn.Server
	if parts[1] == autobahn.Client.String() {
		role = autobahn.Client
	}
	var last *record
	for _, store := range []string{o.cache, filepath.Join(o.cache, "tries")} {
		r, err := loadRecord(store, parts[0])
		if err != nil {
			return err
		}
		if r == nil || r.role(role) == nil || r.role(role).result(parts[2]) == nil {
			continue
		}
		if last == nil || r.Made.After(last.Made) {
			last = r
		}
	}
	if last == nil {
		return fmt.Errorf("there is no result of %s", what)
	}
	c := last.role(role).result(parts[2])
	fmt.Printf("%s as a %s, case %s, %s\n\n%s\n\n%s\n\n%s\n\n%s\n%s %s\n\n%s\n", last.Key, role, c.ID, last.Made.Format(time.DateTime),
		c.Description, c.Expectation, c.Sentence, verdict(c), c.Result, c.ResultClose, strings.Join(wireLog(c), "\n"))
	return nil
}
