package main

import (
	"runtime"

	"github.com/hawser-ws/websocket/bench/process"
	"github.com/hawser-ws/websocket/bench/raw"
	"github.com/hawser-ws/websocket/bench/traffic"
)

// bench is this process: it makes the load, on a core that the servers do not use.
type bench struct {
	serverCore int
	loadCore   int
	scripts    map[scriptKey]*traffic.Script
}

type scriptKey struct {
	size  int
	terms raw.Terms
}

func newBench() (*bench, error) {
	server, load, err := process.Cores()
	if err != nil {
		return nil, err
	}
	if err := process.Stay(load); err != nil {
		return nil, err
	}
	runtime.GOMAXPROCS(1)
	return &bench{serverCore: server, loadCore: load, scripts: make(map[scriptKey]*traffic.Script)}, nil
}

// script is made once for all rounds.
func (b *bench) script(size int, terms raw.Terms) (*traffic.Script, error) {
	key := scriptKey{size, terms}
	if s := b.scripts[key]; s != nil {
		return s, nil
	}
	s, err := traffic.NewScript(traffic.Records(variety, size), terms)
	b.scripts[key] = s
	return s, err
}
