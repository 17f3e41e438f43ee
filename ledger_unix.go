//go:build ledger && unix

package websocket

import "github.com/hawser-ws/websocket/internal/ledger"

func init() {
	ledger.Name(&socketReads, "socket reads")
	ledger.Name(&socketWrites, "socket writes")
}
