package wsplay

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/websocket"
)

// Roles are both roles of an engine.
var Roles = []websocket.Role{websocket.RoleServer, websocket.RoleClient}

// EachRole runs a test for both roles, each in a bubble of its own: time passes only
// when all goroutines wait, and none may be left at the end.
func EachRole(t *testing.T, test func(t *testing.T, role websocket.Role)) {
	t.Helper()
	ForRoles(t, "", test)
}

// ForRoles is EachRole with a prefix before the role in the names of the tests.
func ForRoles(t *testing.T, prefix string, test func(t *testing.T, role websocket.Role)) {
	t.Helper()
	for _, role := range Roles {
		t.Run(prefix+role.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, role) })
		})
	}
}

// Go calls f on a goroutine and returns a channel with the result.
func Go[T any](f func() T) <-chan T {
	done := make(chan T, 1)
	go func() { done <- f() }()
	return done
}

// Pending checks that a call has not returned while everything waits.
func Pending[T any](t *testing.T, why string, done <-chan T) {
	t.Helper()
	synctest.Wait()
	if len(done) > 0 {
		t.Fatalf("%s: it has returned %v", why, <-done)
	}
}

// Patience returns a context that ends long after everything should have.
func Patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 24*time.Hour)
	t.Cleanup(cancel)
	return ctx
}

// Quickly returns a context for calls outside a bubble, which may take real time.
func Quickly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// Returned waits for a call to return.
func Returned(t *testing.T, why string, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-Quickly(t).Done():
		t.Fatalf("%s: still running", why)
		return nil
	}
}

// Within checks that a call takes no longer than limit. Inside a bubble that is exact.
func Within(t *testing.T, why string, limit time.Duration, call func()) {
	t.Helper()
	start := time.Now()
	call()
	if took := time.Since(start); took > limit {
		t.Errorf("%s took %v, limit %v", why, took, limit)
	}
}
