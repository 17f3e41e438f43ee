//go:build unix

package main

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// do has the browser do what its user would.
func (b *chromium) do(t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s cannot %s: %v", b.name, what, err)
	}
}

func (b *chromium) click(t *testing.T, button string) {
	t.Helper()
	b.do(t, "click "+button, chromedp.Click(chromedp.CSS(button)))
}

// say writes a line in the chat.
func (b *chromium) say(t *testing.T, line string) {
	t.Helper()
	b.do(t, "say something", chromedp.SendKeys(chromedp.CSS("#chat-text"), line+"\r"))
}

// reads waits until some part of the page contains a text.
func (b *chromium) reads(t *testing.T, part, text string) {
	t.Helper()
	var shown string
	if !b.until(t, func() bool { shown = b.text(t, part); return strings.Contains(shown, text) }) {
		t.Fatalf("%s does not read %q in %s: %q", b.name, text, part, shown)
	}
}

// text is that of an element, or nothing.
func (b *chromium) text(t *testing.T, part string) string {
	t.Helper()
	return evaluate[string](t, b, "document.querySelector('"+part+"')?.textContent ?? ''")
}
