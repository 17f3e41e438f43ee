package million

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hawser-ws/websocket/bench/process"
)

// Programs are how the processes are started: the arguments with which this program calls
// Serve and Connect, and the cores that the processes stay on.
type Programs struct {
	Server                 func(connections int) []string
	Client                 func(server string, k, connections int) []string
	ServerCore, ClientCore int
}

// fleet is all processes.
type fleet struct {
	servers, clients []*process.Process
	leastFree        atomic.Int64
}

// start starts the servers, and a client for each.
func (f *fleet) start(ctx context.Context, sizes []int, programs Programs) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for k, n := range sizes {
		s, err := process.Start(programs.ServerCore, self, programs.Server(n)...)
		if err != nil {
			return err
		}
		f.servers = append(f.servers, s)
		c, err := process.Start(programs.ClientCore, self, programs.Client(s.Address, k, n)...)
		if err != nil {
			return err
		}
		f.clients = append(f.clients, c)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// kill ends all processes. The kernel takes its time for their sockets, so all end at once.
func (f *fleet) kill() {
	var all sync.WaitGroup
	for _, p := range append(f.clients, f.servers...) {
		all.Go(p.Kill)
	}
	all.Wait()
}

// ask asks processes the same, so many at a time, and waits for all answers.
func ask[A any](ctx context.Context, processes []*process.Process, atATime int, question string) ([]A, error) {
	answers, failures := make([]A, len(processes)), make([]error, len(processes))
	free := make(chan struct{}, atATime)
	var all sync.WaitGroup
	for i, p := range processes {
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			var line string
			if line, failures[i] = p.Ask(ctx, question); failures[i] == nil {
				failures[i] = json.Unmarshal([]byte(line), &answers[i])
			}
			if failures[i] == nil {
				failures[i] = failed(answers[i])
			}
			if failures[i] != nil {
				failures[i] = fmt.Errorf("process %d, asked for %.16q: %w", i, question, failures[i])
			}
		})
	}
	all.Wait()
	return answers, errors.Join(failures...)
}

// failed returns the error that an answer tells.
func failed(answer any) error {
	text := ""
	switch a := answer.(type) {
	case serverAnswer:
		text = a.Error
	case clientAnswer:
		text = a.Error
	}
	if text == "" {
		return nil
	}
	return errors.New(text)
}

// rss is the RAM of processes.
func rss(processes []*process.Process) (total int64, err error) {
	for _, p := range processes {
		n, err := p.RSS()
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// cpu is the CPU time of processes.
func cpu(processes []*process.Process) (total time.Duration, err error) {
	for _, p := range processes {
		d, err := p.CPU()
		if err != nil {
			return 0, err
		}
		total += d
	}
	return total, nil
}

// ErrMemory is the cause of an end before the machine's memory gets short.
var ErrMemory = errors.New("the machine's memory gets short")

// watchMemory ends a run when too little memory is left. stop ends the watch.
func (f *fleet) watchMemory(ctx context.Context, reserve int64) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	f.leastFree.Store(1 << 62)
	go func() {
		for ctx.Err() == nil {
			free, err := process.Available()
			if err == nil {
				f.leastFree.Store(min(free, f.leastFree.Load()))
				if free < reserve {
					err = fmt.Errorf("%w: %d MB are left of which %d must be", ErrMemory, free>>20, reserve>>20)
				}
			}
			if err != nil {
				cancel(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	return ctx, func() { cancel(nil) }
}

// enough checks that a process may have the descriptors it needs.
func enough(most int) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	const own = 50 // pollers, pipes, a listener
	if uint64(most+own) > limit.Max {
		return fmt.Errorf("%d connections in a process take %d descriptors and the hard limit is %d (ulimit -Hn): take fewer in a process", most, most+own, limit.Max)
	}
	return nil
}
