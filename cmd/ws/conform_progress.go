package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/hawser-ws/websocket/autobahn"
)

// progress reports on standard error how far a run is. On a terminal it is a bar, otherwise a
// line at the beginning, one every few seconds and one at the end.
type progress struct {
	out   *os.File
	quiet bool // nothing at all
	live  bool // it is a terminal

	mu      sync.Mutex
	what    string // who is judged, and in which role
	of      int
	done    int
	wrong   int // cases that are not OK or INFORMATIONAL
	begun   time.Time
	next    *time.Timer // when the next line is due; nil if none is
	bar     *progressbar.ProgressBar
	playing map[string]map[string]bool // cases by agent, with -listen
}

// lineEvery is how long the log of a CI job is silent.
const lineEvery = 5 * time.Second

func newProgress(out *os.File, json bool) *progress {
	live := term.IsTerminal(int(out.Fd()))
	return &progress{out: out, live: live, quiet: json && !live, playing: map[string]map[string]bool{}}
}

// say prints a line.
func (p *progress) say(line string) {
	if !p.quiet {
		fmt.Fprintln(p.out, inert(visible(line, false)))
	}
}

// begin is called before a run of the given number of cases.
func (p *progress) begin(what string, of int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.of, p.done, p.wrong = visible(what, false), of, 0, 0
	if p.live {
		p.open(of)
		return
	}
	p.say(fmt.Sprintf("%s: %d cases", what, of))
	p.lines()
}

// lines begins to print lines. The caller holds p.mu.
func (p *progress) lines() {
	if p.quiet || p.next != nil {
		return
	}
	p.begun = time.Now()
	p.next = time.AfterFunc(lineEvery, p.line)
}

// line prints how far the run is.
func (p *progress) line() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil { // it has just ended
		return
	}
	wrong := ""
	if p.wrong > 0 {
		wrong = fmt.Sprintf(", %d not OK", p.wrong)
	}
	p.say(fmt.Sprintf("%s: %d of %d cases after %s%s", p.what, p.done, p.of, time.Since(p.begun).Round(time.Second), wrong))
	p.next.Reset(lineEvery)
}

// open starts a bar. The caller holds p.mu.
func (p *progress) open(of int) {
	const throttle = 50 * time.Millisecond // as fast as the eye can follow
	p.bar = progressbar.NewOptions(of,
		progressbar.OptionSetWriter(p.out),
		progressbar.OptionSetWidth(20),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "━", SaucerHead: "━", SaucerPadding: " ", BarStart: "│", BarEnd: "│"}),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetDescription(p.fitted(p.what)),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionThrottle(throttle),
		progressbar.OptionSetRenderBlankState(true),
	)
}

// result is called after each case.
func (p *progress) result(r *autobahn.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advance(r)
}

// advance shows a finished case. The caller holds p.mu.
func (p *progress) advance(r *autobahn.Result) {
	if !r.Worst().Passed() {
		p.wrong++
	}
	last := fmt.Sprintf("%-8s ", r.ID)
	if p.wrong > 0 {
		last += fmt.Sprintf("%d not OK, ", p.wrong)
	}
	p.step(last)
}

// played is called after a case whose result is not known.
func (p *progress) played() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.step("")
}

// step counts a case, with last as the text at the bar. The caller holds p.mu.
func (p *progress) step(last string) {
	p.done++
	if p.bar == nil {
		return
	}
	p.bar.Describe(p.fitted(last + p.what))
	_ = p.bar.Add(1) // an error only affects the display
}

// fitted cuts a description to the room beside the bar.
func (p *progress) fitted(s string) string {
	const beside = 46 // columns of percentage, bar and count
	width, _, err := term.GetSize(int(p.out.Fd()))
	if err != nil || width == 0 {
		width = 80 // of a terminal that does not report it
	}
	return text.Trim(s, max(width-beside, 0))
}

// pause removes the bar so that something else can be printed, and ends the lines.
func (p *progress) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wrong = 0
	if p.next != nil {
		p.next.Stop()
		p.next = nil
	}
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}

// end is called after a run; agent may be nil.
func (p *progress) end(agent *autobahn.Agent) {
	p.pause()
	if p.live || agent == nil || len(agent.Results) == 0 {
		return
	}
	p.say(fmt.Sprintf("%s: %d of %d cases in %s%s", p.what, len(agent.Results), p.of, spent(agent.Took), ending(counts(agent.Results))))
}

// ending describes a tally in words.
func ending(t tally) string {
	var words []string
	for _, v := range occurring(t) {
		words = append(words, fmt.Sprintf("%d %s", t[v], v))
	}
	if len(words) == 0 {
		return ""
	}
	return ": " + strings.Join(words, ", ")
}

// client records a case of one of several agents, each of which plays of cases.
func (p *progress) client(r *autobahn.Result, of int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.playing[r.Agent] == nil {
		p.playing[r.Agent] = map[string]bool{}
		if !p.live {
			p.say(fmt.Sprintf("%s as a client: %d cases", r.Agent, of))
		}
	}
	p.playing[r.Agent][r.ID] = true
	played := 0
	for _, cases := range p.playing {
		played += len(cases)
	}
	p.what, p.of, p.done = visible(r.Agent, false)+" as a client", of*len(p.playing), played-1
	if !p.live {
		p.lines()
		p.advance(r)
		return
	}
	if p.bar == nil {
		p.open(p.of)
	}
	p.bar.ChangeMax(p.of)
	_ = p.bar.Set(p.done)
	p.advance(r)
}

// left is called after a client was told its results.
func (p *progress) left(agent string) {
	p.pause()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.playing, agent)
}

// spent formats a duration for people.
func spent(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
