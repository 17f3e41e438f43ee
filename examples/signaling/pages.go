package main

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"time"

	"github.com/hawser-ws/websocket/examples/signaling/wire"
)

//go:embed page
var pageFiles embed.FS

// indexFile is the page of the front door and of every room.
const indexFile = "index.html"

// hostForm matches a host, with or without a port, that cannot break out of a header.
var hostForm = regexp.MustCompile(`^[A-Za-z0-9._-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)

// contentTypes has the types of the page's files, independent of the machine's own table.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".mjs":  "text/javascript; charset=utf-8",
	".json": "application/json",
	".svg":  "image/svg+xml",
	".png":  "image/png",
	".ico":  "image/x-icon",
}

// pages adds the page and its files to mux.
func (s *service) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { serveFile(w, r, indexFile) })
	mux.HandleFunc("GET /rooms/{room}", func(w http.ResponseWriter, r *http.Request) {
		if err := wire.ValidRoom(r.PathValue("room")); err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		serveFile(w, r, indexFile)
	})
	mux.HandleFunc("GET /assets/{file...}", func(w http.ResponseWriter, r *http.Request) {
		serveFile(w, r, r.PathValue("file"))
	})
}

// serveFile sends a file of the page. Browsers revalidate it each time.
func serveFile(w http.ResponseWriter, r *http.Request, name string) {
	if !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	content, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	sum := sha256.Sum256(content)
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	if kind := contentTypes[path.Ext(name)]; kind != "" {
		h.Set("Content-Type", kind)
	} else if h.Set("Content-Type", mime.TypeByExtension(path.Ext(name))); h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/octet-stream")
	}
	if name == indexFile {
		protect(h, r.Host)
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}

// protect restricts the browser to our own modules and to connections with this server. The
// name of a room gives access to it, so it is not sent to other sites.
func protect(h http.Header, host string) {
	connect := "'self'"
	if hostForm.MatchString(host) { // it comes from the request
		// For browsers in which 'self' only means http and https.
		connect += " ws://" + host + " wss://" + host
	}
	h.Set("Content-Security-Policy", "default-src 'self'; connect-src "+connect+
		"; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; object-src 'none'"+
		"; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self)")
	h.Set("Referrer-Policy", "no-referrer")
}
