package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
)

// printer is a terminal whose every line is seen.
type printer chan string

func (p printer) Write(line []byte) (int, error) {
	p <- string(line)
	return len(line), nil
}

// statuses is a log of an agent that tells the status of every response it gets.
func statuses(to chan<- int) *slog.Logger { return slog.New(statusHandler(to)) }

type statusHandler chan<- int

func (h statusHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h statusHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h statusHandler) WithGroup(string) slog.Handler            { return h }
func (h statusHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "received" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		var status int
		if _, err := fmt.Fscanf(strings.NewReader(a.Value.String()), "SIP/2.0 %d", &status); err == nil {
			h <- status
		}
		return true
	})
	return nil
}

// cut is a network that loses the connection as soon as SIP is to travel over it.
type cut struct{ net.Conn }

func (c *cut) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("GET ")) {
		return c.Conn.Write(p)
	}
	_ = c.Conn.Close()
	return 0, net.ErrClosed
}
