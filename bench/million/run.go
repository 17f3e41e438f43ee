package million

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/hawser-ws/websocket/bench/crowd"
	"github.com/hawser-ws/websocket/bench/process"
)

// run is a Plan under way.
type run struct {
	Plan
	Report
	fleet
	log io.Writer
}

// Run starts everything, measures, and ends everything. It tells on log what it does. The
// report has what was measured, also after an error.
func Run(ctx context.Context, p Plan, programs Programs, log io.Writer) (*Report, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	sizes := p.sizes()
	if err := enough(sizes[0]); err != nil {
		return nil, err
	}
	free, err := process.Available()
	if err != nil {
		return nil, err
	}
	r := &run{Plan: p, log: log}
	r.Report.Connections, r.Report.Processes = p.Connections, len(sizes)
	ctx, stop := r.watchMemory(ctx, p.Reserve)
	defer stop()
	defer r.kill()
	r.say("%d connections in %d processes of servers and %d of clients; %d MB free", p.Connections, len(sizes), len(sizes), free>>20)
	err = r.start(ctx, sizes, programs)
	for _, phase := range []func(context.Context) error{r.open, r.memory, r.talk, r.broadcast, r.shutdown} {
		if err == nil {
			err = phase(ctx)
		}
	}
	r.LeastFree = r.leastFree.Load()
	return &r.Report, err
}

func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.log, "%s "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}

// open makes all connections.
func (r *run) open(ctx context.Context) (err error) {
	if r.Before, err = rss(r.servers); err != nil {
		return err
	}
	clients, err := rss(r.clients)
	if err != nil {
		return err
	}
	free, err := process.Available()
	if err != nil {
		return err
	}
	start := time.Now()
	if _, err = ask[clientAnswer](ctx, r.clients, r.Opening, askOpen); err != nil {
		return err
	}
	r.Opened = time.Since(start)
	r.say("all are open after %v", r.Opened.Round(time.Millisecond))
	if r.AtOnce, err = r.each(r.servers, r.Before); err != nil {
		return err
	}
	if r.Clients, err = r.each(r.clients, clients); err != nil {
		return err
	}
	left, err := process.Available()
	r.PairMemory = float64(free-left) / float64(r.Report.Connections)
	return err
}

// each is the RAM of processes for each connection, above what they had before.
func (r *run) each(processes []*process.Process, before int64) (float64, error) {
	now, err := rss(processes)
	return float64(now-before) / float64(r.Report.Connections), err
}

// memory is measured again when everything has been collected.
func (r *run) memory(ctx context.Context) error {
	answers, err := ask[serverAnswer](ctx, r.servers, r.Opening, askCollect)
	if err != nil {
		return err
	}
	opened := 0
	for _, a := range answers {
		opened += a.Connections
	}
	if opened != r.Report.Connections {
		return fmt.Errorf("the servers have %d connections of %d", opened, r.Report.Connections)
	}
	r.Collected, err = r.each(r.servers, r.Before)
	r.say("%.0f bytes for each at once, %.0f collected, %.0f of the machine's", r.AtOnce, r.Collected, r.PairMemory)
	return err
}

// talk has some of the connections talk, first at a measured pace and then as fast as they
// can.
func (r *run) talk(ctx context.Context) (err error) {
	if r.Paced, err = r.talkFor(ctx, r.Every); err != nil {
		return err
	}
	r.say("paced: %d messages, half within %v, 99 %% within %v, %.1f µs of CPU", r.Paced.Received, r.Paced.Median, r.Paced.P99, r.Paced.CPU)
	if r.Flat, err = r.talkFor(ctx, 0); err != nil {
		return err
	}
	r.say("flat out: %d messages, half within %v, 99 %% within %v, %.1f µs of CPU", r.Flat.Received, r.Flat.Median, r.Flat.P99, r.Flat.CPU)
	return nil
}

func (r *run) talkFor(ctx context.Context, every time.Duration) (t Talk, err error) {
	talkers := max(1, int(r.Talkers*float64(r.Report.Connections)/float64(r.Processes)))
	plan, err := json.Marshal(crowd.Plan{Talkers: talkers, Every: every, For: r.For})
	if err != nil {
		return t, err
	}
	before, err := cpu(r.servers)
	if err != nil {
		return t, err
	}
	answers, err := ask[clientAnswer](ctx, r.clients, len(r.clients), askTalk+" "+string(plan))
	if err != nil {
		return t, err
	}
	after, err := cpu(r.servers)
	t.Talkers, t.Latencies = talkers*len(r.clients), make(crowd.Latencies)
	for _, a := range answers {
		t.Sent += a.Talk.Sent
		t.Received += a.Talk.Received
		t.Elapsed = max(t.Elapsed, a.Talk.Elapsed)
		t.Latencies.Merge(a.Talk.Latencies)
	}
	t.CPU = micros(after-before, t.Received)
	t.Median, t.P99, t.Worst = t.Latencies.Quantile(0.5), t.Latencies.Quantile(0.99), t.Latencies.Quantile(1)
	return t, err
}

// micros is CPU time for each of n.
func micros(d time.Duration, n int) float64 {
	return float64(d.Nanoseconds()) / 1e3 / float64(max(n, 1))
}

// broadcast sends a message to all connections.
func (r *run) broadcast(ctx context.Context) error {
	b := &r.Broadcast
	b.Bytes = len(broadcastText)
	before, err := rss(r.servers)
	if err != nil {
		return err
	}
	if _, err := ask[serverAnswer](ctx, r.servers, r.Opening, askMembers); err != nil {
		return err
	}
	if b.Member, err = r.each(r.servers, before); err != nil {
		return err
	}
	used, err := cpu(r.servers)
	if err != nil {
		return err
	}
	start := time.Now()
	received, done := make(chan error, 1), []clientAnswer(nil)
	go func() {
		var err error
		done, err = ask[clientAnswer](ctx, r.clients, len(r.clients), askReceive)
		received <- err
	}()
	if _, err := ask[serverAnswer](ctx, r.servers, len(r.servers), askBroadcast); err != nil {
		return err
	}
	b.Sent = time.Since(start)
	if err := <-received; err != nil {
		return err
	}
	b.Elapsed = time.Since(start)
	now, err := cpu(r.servers)
	for _, a := range done {
		b.Received += a.Received
	}
	b.CPU = micros(now-used, b.Received)
	r.say("a broadcast of %d bytes to %d took %v", b.Bytes, b.Received, b.Elapsed.Round(time.Millisecond))
	return err
}

// shutdown closes all connections, as Loop.Shutdown does.
func (r *run) shutdown(ctx context.Context) error {
	s := &r.Shutdown
	s.Others = make(map[string]int)
	used, err := cpu(r.servers)
	if err != nil {
		return err
	}
	start := time.Now()
	ended, done := make(chan error, 1), []clientAnswer(nil)
	go func() {
		var err error
		done, err = ask[clientAnswer](ctx, r.clients, len(r.clients), askFarewell)
		ended <- err
	}()
	answers, err := ask[serverAnswer](ctx, r.servers, len(r.servers), askShutdown)
	if err != nil {
		return err
	}
	if err := <-ended; err != nil {
		return err
	}
	s.Elapsed = time.Since(start)
	now, err := cpu(r.servers)
	for _, a := range answers {
		s.Told += a.Closed
	}
	for _, a := range done {
		for code, n := range a.Farewell.Codes {
			if code == goingAway {
				s.GoingAway += n
			} else {
				s.Others[fmt.Sprint(code)] += n
			}
		}
		if n := a.Farewell.Without; n > 0 {
			s.Others["no Close frame"] += n
		}
	}
	s.CPU = micros(now-used, r.Report.Connections)
	r.say("shut down in %v: %d with 1001, %v otherwise", s.Elapsed.Round(time.Millisecond), s.GoingAway, s.Others)
	return err
}

const goingAway = 1001
