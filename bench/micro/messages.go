package micro

import (
	"context"
	"fmt"

	"github.com/hawser-ws/websocket/bench/traffic"
)

// messageSizes are the sizes of the echoed messages.
var messageSizes = []int{125, 64 << 10}

// Messages measures reading and writing a message over a stub.
func Messages(ctx context.Context, e Effort) ([]*Contest, error) {
	var all []*Contest
	for _, size := range messageSizes {
		for _, single := range []bool{false, true} {
			c, err := messages(ctx, e, Echoes(), size, single)
			if err != nil {
				return all, err
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// messages is one contest. A library that does not echo correctly is left out.
func messages(ctx context.Context, e Effort, echoes []Echo, size int, single bool) (*Contest, error) {
	c := &Contest{Group: "message", Case: Size(size) + ", " + served(single), Bytes: size}
	texts := traffic.Records(max(4, min(64, 256<<10/size)), size)
	for _, echo := range echoes {
		s := NewStub(texts, single)
		run, end, err := echo.Open(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", echo.Name, err)
		}
		defer end()
		s.Rest()
		if err := s.Check(run); err != nil {
			return nil, fmt.Errorf("%s: %w", echo.Name, err)
		}
		s.Rest()
		// Ten times round, so that the library has allocated its buffers.
		if err := run(10 * s.Variety()); err != nil {
			return nil, fmt.Errorf("%s: %w", echo.Name, err)
		}
		per := func(n int) string { return fmt.Sprintf("%.2f", float64(n)/float64(10*s.Variety())) }
		c.Of = append(c.Of, &Contender{
			Name:  echo.Name,
			Notes: map[string]string{"UTF-8": yes(echo.Checks), "whole": whole(echo.Loop), "Reads": per(s.Reads), "Writes": per(s.Writes), "how": echo.How},
			Batch: Calls(func(n int) error {
				s.Rest()
				if err := run(n); err != nil {
					return err
				}
				if s.Bytes < int64(n)*int64(size) {
					return fmt.Errorf("%d bytes were written for %d messages", s.Bytes, n)
				}
				return nil
			}),
		})
	}
	return c, c.Run(ctx, e)
}

func served(single bool) string {
	if single {
		return "a frame for each Read"
	}
	return "as much as fits in each Read"
}

func yes(b bool) string {
	if b {
		return "checked"
	}
	return "not checked"
}

func whole(loop bool) string {
	if loop {
		return "a loop"
	}
	return "library"
}

// Size formats a number of bytes.
func Size(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
