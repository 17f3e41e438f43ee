package agent

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hawser-ws/websocket"
	"github.com/hawser-ws/websocket/examples/sip/transport"
)

const (
	// firstWait and longestWait limit the time until the next attempt to connect.
	firstWait   = time.Second
	longestWait = time.Minute
	// steady is how long a connection must last for the next attempt to follow soon.
	steady = time.Minute
	// answerTime limits an attempt to connect, and a registration.
	answerTime = 40 * time.Second
	// goodbyeTime limits the removal of the registration.
	goodbyeTime = 5 * time.Second
)

// Listen keeps the user registered, so that Handle gets the user's requests. It renews the
// registration in time, and reconnects when the connection is lost. When ctx ends, it removes
// the registration and returns nil. It returns an error if another attempt is pointless, for
// example after a wrong password.
func (a *Agent) Listen(ctx context.Context, url string) error {
	a.init()
	if _, err := transport.Network(url); err != nil {
		return err
	}
	failures := 0
	for {
		began := time.Now()
		err := a.listenOnce(ctx, url)
		if ctx.Err() != nil {
			return nil
		}
		if permanent(err) {
			return err
		}
		if time.Since(began) >= steady {
			failures = 0
		}
		wait := backoff(failures)
		failures++
		a.Log.Warn("connecting again", "after", wait.Round(time.Millisecond), "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// listenOnce runs one connection. When ctx ends it leaves in order.
func (a *Agent) listenOnce(ctx context.Context, url string) error {
	dialing, cancel := context.WithTimeout(ctx, answerTime)
	session, err := a.Connect(dialing, url)
	cancel()
	if err != nil {
		return err
	}
	defer session.Close()
	for {
		registering, cancel := context.WithTimeout(ctx, answerTime)
		granted, err := session.Register(registering, DefaultExpires)
		cancel()
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err == nil {
			a.Log.Info("registered", "user", a.Account.User, "domain", a.Account.Domain, "for", granted)
		}
		select {
		case <-session.Done():
			return session.Err()
		case <-ctx.Done():
			leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbyeTime)
			defer cancel()
			return session.Unregister(leaving)
		case <-time.After(granted * 4 / 5):
		}
	}
}

// backoff returns how long to wait after a number of failures in a row: half to all of a time
// that doubles (RFC 5626 §4.5, with shorter times).
func backoff(failures int) time.Duration {
	upper := longestWait
	if failures < 6 {
		upper = min(firstWait<<failures, longestWait)
	}
	return upper/2 + rand.N(upper/2)
}

// permanent reports whether a repetition would fail again: the server understood, and refused.
func permanent(err error) bool {
	if refused, ok := errors.AsType[*ResponseError](err); ok {
		return refused.permanent()
	}
	if _, ok := errors.AsType[*websocket.UsageError](err); ok {
		return true
	}
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok && refused.Response != nil {
		return refused.Response.StatusCode < http.StatusInternalServerError
	}
	return errors.Is(err, transport.ErrSubprotocol)
}
