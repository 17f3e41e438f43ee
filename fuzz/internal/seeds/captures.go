package seeds

import (
	"bytes"
	"embed"
	"path"
	"strings"
	"sync"
)

//go:embed testdata/captures/*.head testdata/captures/*.frames
var captures embed.FS

// source has the seeds of each kind from one source.
type source struct {
	streams             []Stream
	requests, responses []Head
}

// captured is testdata/captures.
var captured = sync.OnceValue(func() source {
	const dir = "testdata/captures"
	entries, err := captures.ReadDir(dir)
	if err != nil {
		panic(err)
	}
	read := func(file string) []byte {
		data, err := captures.ReadFile(path.Join(dir, file))
		if err != nil {
			panic(err)
		}
		return data
	}
	deflate := map[string]bool{} // connections whose server agreed to compression
	var all source
	for _, e := range entries {
		name, isServer := strings.CutSuffix(e.Name(), ".server.head")
		if isServer {
			head := read(e.Name())
			all.responses = append(all.responses, Head{name, head})
			deflate[name] = bytes.Contains(head, []byte("permessage-deflate"))
		}
		if name, ok := strings.CutSuffix(e.Name(), ".client.head"); ok {
			all.requests = append(all.requests, Head{name, read(e.Name())})
		}
	}
	for _, e := range entries {
		if base, ok := strings.CutSuffix(e.Name(), ".frames"); ok {
			name, fromClient := strings.CutSuffix(base, ".client")
			name = strings.TrimSuffix(name, ".server")
			all.streams = append(all.streams, Stream{base, fromClient, deflate[name], read(e.Name())})
		}
	}
	return all
})
