//go:build ledger

package websocket

import "github.com/hawser-ws/websocket/internal/ledger"

func init() {
	ledger.Name(&readBuffers, "read buffers")
	ledger.Name(&largeBuffers, "large read buffers")
	ledger.Name(&smallBuffers, "small read buffers")
	ledger.Name(&writeBuffers, "Writer buffers")
	ledger.Name(&messageBuffers, "message buffers")
	ledger.Name(&sendings, "sendings")
	ledger.Name(&deflateEngines, "deflate engines")
	ledger.Name(&inflatings, "inflate engines")
	ledger.Name(&upgrades, "upgrades")
	ledger.Name(&handshakes, "handshakes")
	ledger.Name(&vectors, "vectors")
	ledger.Name(&keyBlocks, "blocks of masking keys")
}
