package websocket_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/wstest"
)

var bothRoles = []websocket.Role{websocket.RoleServer, websocket.RoleClient}

// eachRole runs a test for both roles, each in a bubble of its own: time passes
// only when all wait, and no goroutine may be left at the end.
func eachRole(t *testing.T, test func(t *testing.T, role websocket.Role)) {
	t.Helper()
	forRoles(t, "", test)
}

// forRoles is eachRole with something before the role in the names of the tests.
func forRoles(t *testing.T, prefix string, test func(t *testing.T, role websocket.Role)) {
	t.Helper()
	for _, role := range bothRoles {
		t.Run(prefix+role.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, role) })
		})
	}
}

// eachServer runs a test of the server's side in a bubble.
func eachServer(t *testing.T, test func(t *testing.T)) { t.Helper(); synctest.Test(t, test) }

// background does what a goroutine is for, and tells when it is done.
func background[T any](f func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- f() }()
	return done
}

// pending says that a call has not returned while everything waits.
func pending[T any](t *testing.T, why string, done <-chan T) {
	t.Helper()
	synctest.Wait()
	if len(done) > 0 {
		t.Fatalf("%s: it has returned %v", why, <-done)
	}
}

// patience returns a context that ends long after everything should have.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 24*time.Hour)
	t.Cleanup(cancel)
	return ctx
}

func wantRead(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	_, p, err := c.Read(patience(t))
	if string(p) != want || err != nil {
		t.Fatalf("Read = %d octets %.40q, %v; want %d %.40q", len(p), p, err, len(want), want)
	}
}

func wantIs(t *testing.T, why string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v; want %v", why, err, want)
	}
}

func wstestPair(opts *websocket.ConnOptions, buffer int) (server, client *websocket.Conn) {
	return wstest.Pipe(&wstest.Options{Server: opts, Client: opts, Buffer: buffer})
}

// echoes runs an echo loop, whose body first calls each.
func echoes(ctx context.Context, c *websocket.Conn, each func(text string)) <-chan error {
	return background(func() error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			each(string(m.Data))
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	})
}

func quickly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func returned(t *testing.T, why string, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-quickly(t).Done():
		t.Fatalf("%s: still running", why)
		return nil
	}
}
