package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const captures = "trace/testdata/"

// An invalid command line exits with 2 and prints nothing.
func TestTraceUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, test := range []struct{ args, stderr string }{
		{"", "the file is missing"},
		{"a b", `unexpected argument "b"`},
		{"nonsense.pcap", "nonsense.pcap"},
		{"-json -tsv " + captures + "sip-ws.pcapng", "exclude each other"},
		{"-tsv -messages " + captures + "sip-ws.pcapng", "exclude each other"},
		{"-keylog nonsense.txt " + captures + "sip-ws.pcapng", "-keylog: open nonsense.txt"},
		{"-o " + filepath.Join(dir, "no", "x.html") + " " + captures + "sip-ws.pcapng", "-o: open"},
		{"-nonsense", "not defined"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			ws(t, "", strings.Fields("trace "+test.args)...).want(t, "", test.stderr, exitUsage)
		})
	}
}

// A file that is no capture is a failure, and not one of usage.
func TestTraceNoCapture(t *testing.T) {
	t.Parallel()
	ws(t, "", "trace", "main.go").want(t, "", "ws trace: not a packet capture", exitFailed)
	ws(t, "", "trace", "-").want(t, "", "ws trace: too short for a packet capture", exitFailed)
}

// The tables are on standard output, from a file or from standard input.
func TestTraceTables(t *testing.T) {
	t.Parallel()
	for flag, table := range map[string]string{"-tsv": "frames", "-messages": "messages"} {
		want, err := os.ReadFile(captures + "sip-ws." + table + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		ws(t, "", "trace", flag, captures+"sip-ws.pcapng").want(t, string(want), "", exitFine)
		file, err := os.ReadFile(captures + "sip-ws.pcapng")
		if err != nil {
			t.Fatal(err)
		}
		ws(t, string(file), "trace", "-", flag).want(t, string(want), "", exitFine)
	}
}

// Text has no colours in a pipe, JSON is JSON, and the page is a page.
func TestTraceOutputs(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "report.html")
	e := ws(t, "", "trace", "-o", page, captures+"livekit-go.pcap")
	if e.code != exitFine || e.stderr != "" || strings.Contains(e.stdout, "\x1b") || !strings.Contains(e.stdout, "clean: a Close frame each way") {
		t.Errorf("%+v", e)
	}
	if p, err := os.ReadFile(page); err != nil || !strings.HasPrefix(string(p), "<!DOCTYPE html>") || !strings.HasSuffix(string(p), "</html>\n") {
		t.Errorf("%v, %.100q", err, p)
	}
	if e := ws(t, "", "trace", "-json", captures+"livekit-go.pcap"); e.code != exitFine || !json.Valid([]byte(e.stdout)) {
		t.Errorf("%+v", e)
	}
	if e := ws(t, "", "trace", captures+"big-mid-frame.pcapng"); e.code != exitFine || !strings.Contains(e.stdout, "not synchronised") {
		t.Errorf("%+v", e)
	}
}

// TLS is named, and read with the secrets of a key log.
func TestTraceTLS(t *testing.T) {
	t.Parallel()
	e := ws(t, "", "trace", captures+"wss-tls.pcapng")
	if e.code != exitFine || !strings.Contains(e.stdout, "TLS 1.3, TLS_AES_128_GCM_SHA256") || !strings.Contains(e.stdout, "give them by -keylog") {
		t.Errorf("%+v", e)
	}
	nothing := filepath.Join(t.TempDir(), "keys.txt")
	for _, text := range []string{"", "this is no key log\n"} {
		if err := os.WriteFile(nothing, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		e = ws(t, "", "trace", "-keylog", nothing, captures+"wss-tls.pcapng")
		if e.code != exitFine || !strings.Contains(e.stdout, "no line of the key log has a secret") || strings.Contains(e.stdout, "give them by -keylog") {
			t.Errorf("%+v", e)
		}
	}
	e = ws(t, "", "trace", "-keylog", captures+"wss-keylog.txt", captures+"wss-tls.pcapng")
	if e.code != exitFine || !strings.Contains(e.stdout, "hello over TLS") || !strings.Contains(e.stdout, "wss://127.0.0.1:9443/secure") {
		t.Errorf("%+v", e)
	}
}
