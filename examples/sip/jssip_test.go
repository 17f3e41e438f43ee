package main

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/hawser-ws/websocket/examples/sip/front"
)

const domain = "example.com"

// serveFront starts a front for pages of an origin, and returns its URL.
func serveFront(t *testing.T, page string) string {
	t.Helper()
	origin, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	f := front.New(front.Options{
		Domain:         domain,
		Users:          map[string]string{"alice": "secret", "bob": "secret"},
		OriginPatterns: []string{origin.Host},
		Log:            slog.New(slog.NewTextHandler(output(t), &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	server := httptest.NewServer(f.Handler())
	t.Cleanup(func() {
		if err := f.Shutdown(t.Context()); err != nil {
			// The test's context has ended by now: what is left was dropped.
			t.Log(err)
		}
		server.Close()
	})
	return strings.Replace(server.URL, "http", "ws", 1) + "/sip"
}

// Two pages with JsSIP register through our server, write to each other, and call.
func TestJsSIP(t *testing.T) {
	page := pages(t)
	server := serveFront(t, page)
	browser := chromium(t)
	alice := open(t, browser, page, server, "alice", domain, "secret")
	bob := open(t, browser, page, server, "bob", domain, "secret")
	alice.want(t, "phone.have('registered', {status: 200})")
	bob.want(t, "phone.have('registered', {status: 200})")

	t.Run("wrong password", func(t *testing.T) {
		mallory := open(t, browser, page, server, "alice", domain, "guess")
		mallory.want(t, "phone.have('registrationFailed', {cause: 'Authentication Error'})")
	})

	t.Run("message", func(t *testing.T) {
		alice.do(t, "send", "sip:bob@"+domain, "grüße, bob")
		bob.want(t, "phone.have('message', {from: 'alice', text: 'grüße, bob'})")
		alice.want(t, "phone.have('delivered')")
		bob.do(t, "send", "sip:alice@"+domain, "and to you 👋")
		alice.want(t, "phone.have('message', {from: 'bob', text: 'and to you 👋'})")
		alice.do(t, "send", "sip:carol@"+domain, "is anybody there?")
		alice.want(t, "phone.have('undelivered', {cause: 'Not Found'})")
	})

	t.Run("message from the command", func(t *testing.T) {
		var out bytes.Buffer
		err := run(t.Context(), []string{"message", "-user", "alice", "-password", "secret", "-domain", domain,
			"-to", "sip:bob@" + domain, server, "no browser here"}, &out, output(t))
		if err != nil || !strings.HasPrefix(out.String(), "delivered") {
			t.Errorf("%q, %v", out.String(), err)
		}
		bob.want(t, "phone.have('message', {from: 'alice', text: 'no browser here'})")
	})

	t.Run("call", func(t *testing.T) {
		alice.do(t, "dial", "sip:bob@"+domain)
		bob.want(t, "phone.have('call', {originator: 'remote'})")
		alice.want(t, "phone.have('progress')") // it rings
		bob.do(t, "answer")
		alice.want(t, "phone.have('confirmed')")
		bob.want(t, "phone.have('confirmed')") // the ACK was there
		alice.want(t, "phone.heard().then(bytes => bytes > 1000)")
		bob.want(t, "phone.heard().then(bytes => bytes > 1000)")
		bob.do(t, "hangUp") // the callee: its BYE goes to the caller's contact
		alice.want(t, "phone.have('ended', {originator: 'remote', cause: 'Terminated'})")
		bob.want(t, "phone.have('ended', {originator: 'local'})")
	})

	t.Run("call that is cancelled", func(t *testing.T) {
		alice.forget(t)
		bob.forget(t)
		alice.do(t, "dial", "sip:bob@"+domain)
		alice.want(t, "phone.have('progress')")
		alice.do(t, "hangUp")
		bob.want(t, "phone.have('failed', {originator: 'remote', cause: 'Canceled'})")
		alice.want(t, "phone.have('failed', {cause: 'Canceled'})")
	})

	t.Run("call that is refused", func(t *testing.T) {
		alice.forget(t)
		bob.forget(t)
		bob.do(t, "dial", "sip:alice@"+domain)
		alice.want(t, "phone.have('call', {originator: 'remote'})")
		bob.want(t, "phone.have('progress')")
		alice.do(t, "hangUp")
		bob.want(t, "phone.have('failed', {originator: 'remote', cause: 'Unavailable'})")
	})

	t.Run("nobody there", func(t *testing.T) {
		alice.forget(t)
		bob.do(t, "stop")
		bob.want(t, "phone.have('unregistered') && phone.have('disconnected')")
		alice.do(t, "dial", "sip:bob@"+domain)
		alice.want(t, "phone.have('failed', {originator: 'remote', cause: 'Unavailable'})")
	})
}

// A page from elsewhere is not let in.
func TestOrigin(t *testing.T) {
	page := pages(t)
	server := serveFront(t, "http://elsewhere.example")
	p := open(t, chromium(t), page, server, "alice", domain, "secret")
	p.want(t, "phone.have('disconnected', {error: true})")
}
