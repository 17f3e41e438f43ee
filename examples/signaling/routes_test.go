package main

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRoutes(t *testing.T) {
	h := newHost(t, nil)
	for _, test := range []struct {
		path   string
		status int
		kind   string // Content-Type
		text   string // in the body
	}{
		{"/", 200, "text/html; charset=utf-8", "<!doctype html>"},
		{"/rooms/harbour", 200, "text/html; charset=utf-8", "/assets/main.js"},
		{"/rooms/" + strings.Repeat("a", 65), 404, "", ""},
		{"/rooms/a.b", 404, "", "the name of a room"},
		{"/assets/main.js", 200, "text/javascript; charset=utf-8", "import"},
		{"/assets/page.css", 200, "text/css; charset=utf-8", ""},
		{"/assets/icon.svg", 200, "image/svg+xml", "<svg"},
		{"/assets/nothing.js", 404, "", ""},
		{"/assets/", 404, "", ""},
		{"/assets/..%2fmain.go", 404, "", ""},
		{"/config.json", 200, "application/json", `{"iceServers":[],"capacity":8}`},
		{"/healthz", 200, "", "ok"},
		{"/rooms/a/socket", 426, "", ""},
		{"/nothing", 404, "", ""},
	} {
		resp, err := http.Get(h.url + test.path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		kind := resp.Header.Get("Content-Type")
		if err != nil || resp.StatusCode != test.status || test.kind != "" && kind != test.kind || !strings.Contains(strings.ToLower(string(body)), strings.ToLower(test.text)) {
			t.Errorf("%s: %d, %s, %.60q, %v", test.path, resp.StatusCode, kind, body, err)
		}
		policy := resp.Header.Get("Content-Security-Policy")
		if host := strings.TrimPrefix(h.url, "http://"); strings.HasPrefix(kind, "text/html") && !strings.Contains(policy, "connect-src 'self' ws://"+host+" wss://"+host+";") {
			t.Errorf("%s: policy %q", test.path, policy)
		}
		tag := resp.Header.Get("ETag")
		if tag == "" {
			continue
		}
		r, err := http.NewRequest("GET", h.url+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("If-None-Match", tag)
		if resp, err = http.DefaultClient.Do(r); err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != http.StatusNotModified {
			t.Errorf("%s is not known again: %d", test.path, resp.StatusCode)
		}
	}

	// A Host that would add to the policy is not repeated.
	r, err := http.NewRequest("GET", h.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "a;script-src"
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _ = resp.Body.Close(); strings.Contains(resp.Header.Get("Content-Security-Policy"), "a;script-src") {
		t.Error("the Host is part of the policy")
	}
}

func TestFlags(t *testing.T) {
	for _, bad := range []string{
		"-tls-cert x", "-tls-key x", "-tls-self-signed -tls-cert x -tls-key x", "-nats x -cluster :1", "-routes x",
		"-capacity 0", "-rooms 0", "-queue 0", "-grace -1s", "-trace -1", "-ice-servers {}", "-ice-servers null", "more",
	} {
		if _, err := parse(strings.Fields(bad), io.Discard); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	o, err := parse(strings.Fields("-origin a -origin https://*.b -capacity 2 -name x -grace 1m"), io.Discard)
	if err != nil || len(o.origins) != 2 || o.capacity != 2 || o.grace.Minutes() != 1 || o.name != "x" {
		t.Errorf("%+v, %v", o, err)
	}
}
