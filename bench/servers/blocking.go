package servers

import (
	"bytes"
	"context"
	"net"
	"time"

	"github.com/hawser-ws/websocket"
)

// A blocking server echoes, but takes BlockFor for a message that begins with BlockWord.
// Others wait for that, or do not.
const (
	LoopBlocks    = "hawser-loop-blocks"
	UpgradeBlocks = "hawser-upgrade-blocks"
	NbioBlocks    = "nbio-blocks"

	BlockWord = "block"
	BlockFor  = 100 * time.Millisecond
)

// Blocking returns the names of the servers that block, ours first.
func Blocking() []string { return []string{LoopBlocks, UpgradeBlocks, NbioBlocks} }

var blocking = []server{
	{LoopBlocks, Own, hawserLoop{receive: blockReceived}, false},
	{UpgradeBlocks, Own, upgradeBlocks{}, false},
	{NbioBlocks, Peer, nbioLib{blocks: true}, false},
}

// block is called before every answer.
func block(message []byte) {
	if bytes.HasPrefix(message, []byte(BlockWord)) {
		time.Sleep(BlockFor)
	}
}

func blockReceived(ctx context.Context, c *websocket.Conn, m websocket.Message) error {
	block(m.Data)
	return c.Write(ctx, m.Type, m.Data)
}

type upgradeBlocks struct{ hawserLib }

func (upgradeBlocks) Echo(l net.Listener, s Settings) error {
	return serveUpgraded(l, s, func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := blockReceived(ctx, c, m); err != nil {
				return err
			}
		}
		return nil
	})
}
