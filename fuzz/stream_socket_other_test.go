//go:build !linux

package fuzz_test

import (
	"testing"

	"github.com/hawser-ws/websocket"
)

func socketPair(t *testing.T, _ bool) (ours, peer socket) { return tcpPair(t) }

func drained(*testing.T, *websocket.Conn) {}
