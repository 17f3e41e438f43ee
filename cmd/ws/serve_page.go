package main

import (
	_ "embed"
	"net/http"
	"strings"
)

// page is a single HTML file. Its script opens WebSockets to the address that the page came from,
// and shows what happens. The query of its URL can do so without a hand:
//
//	?sockets=N   opens N of them
//	&say=TEXT    sends a text on each, and closes it when that has come back
//
//go:embed serve_page.html
var page []byte

// isBrowsing reports whether a request is of somebody who opens the address in a browser.
func isBrowsing(r *http.Request) bool {
	return r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Upgrade") == "" && strings.Contains(r.Header.Get("Accept"), "text/html")
}

func servePage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(page)
}
