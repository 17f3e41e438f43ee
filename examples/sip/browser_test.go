package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"
)

const (
	// patience bounds every wait for a program that is real.
	patience = 60 * time.Second
	// pause is between two looks at it.
	pause = 50 * time.Millisecond
)

// pages serves a page with JsSIP in it, and returns its URL.
func pages(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("node_modules/jssip"); err != nil {
		t.Fatal("JsSIP is not here: run npm ci in examples/sip")
	}
	bundle := api.Build(api.BuildOptions{
		EntryPoints: []string{"testdata/jssip/page.js"},
		Bundle:      true,
		Target:      api.ES2022,
		Platform:    api.PlatformBrowser,
		LogLevel:    api.LogLevelSilent,
	})
	for _, problem := range bundle.Errors {
		t.Error(problem.Text)
	}
	if len(bundle.OutputFiles) != 1 {
		t.Fatalf("the bundle is %d files", len(bundle.OutputFiles))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "testdata/jssip/page.html") })
	mux.HandleFunc("GET /page.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write(bundle.OutputFiles[0].Contents)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// chromium starts a browser and returns the context of its first tab.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is not here: apt-get install chromium")
	}
	// Not t.TempDir, which fails the test when the browser's children still write as
	// they are killed.
	profile, err := os.MkdirTemp("", "sip-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("allow-loopback-in-peer-connection", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
	))
	t.Cleanup(func() {
		cancel()
		_ = os.RemoveAll(profile)
	})
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is a page with a JsSIP client.
type tab struct {
	ctx  context.Context
	name string
}

// open opens a page in a tab of its own and starts the client in it.
func open(t *testing.T, browser context.Context, page, server, user, domain, password string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	p := &tab{ctx: ctx, name: user}
	if err := chromedp.Do(ctx, chromedp.Navigate(page)); err != nil {
		t.Fatal(err)
	}
	p.do(t, "start", map[string]string{"url": server, "user": user, "domain": domain, "password": password})
	return p
}

// do calls a method of the page's phone.
func (p *tab) do(t *testing.T, method string, args ...any) {
	t.Helper()
	if args == nil {
		args = []any{}
	}
	list, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	call := fmt.Sprintf("void phone.%s(...%s)", method, list)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](call)); err != nil {
		t.Fatalf("%s: %s: %v", p.name, call, err)
	}
}

// want waits until something is so in the page.
func (p *tab) want(t *testing.T, condition string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience+5*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void](condition,
		chromedp.WithPollingInterval(pause), chromedp.WithPollingTimeout(patience))); err != nil {
		seen, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("JSON.stringify(phone.seen, null, 1)"))
		t.Fatalf("%s: waiting for %s: %v; seen: %s", p.name, condition, err, seen)
	}
}

// forget makes the page forget what it saw.
func (p *tab) forget(t *testing.T) {
	t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[chromedp.Void]("void phone.seen.splice(0)")); err != nil {
		t.Fatal(err)
	}
}
