package main

import (
	"context"
	"io"
	"testing"
)

// Ctrl-C counts while nobody reads a line, and is read all the same, behind what was
// typed before it.
func TestKeyboard(t *testing.T) {
	in, fingers := io.Pipe()
	interrupted := make(chan struct{})
	quiet, restored := context.WithCancel(t.Context())
	restored()
	unexpected := func() { t.Error("aborted") }
	k := newKeyboard(in, quiet, func() { close(interrupted) }, unexpected)
	for _, keys := range []string{"a line\r", "more\x03"} {
		if _, err := io.WriteString(fingers, keys); err != nil {
			t.Fatal(err)
		}
	}
	<-interrupted
	var got [12]byte
	if _, err := io.ReadFull(k, got[:]); err != nil || string(got[:]) != "a line\rmore\x03" {
		t.Errorf("%q, %v", got, err)
	}

	in, fingers = io.Pipe()
	k = newKeyboard(in, quiet, func() { t.Error("interrupted") }, unexpected)
	go func() {
		_, _ = io.WriteString(fingers, "the end")
		_ = fingers.Close()
	}()
	if p, err := io.ReadAll(k); err != nil || string(p) != "the end" {
		t.Errorf("%q, %v", p, err)
	}
}
