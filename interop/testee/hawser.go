// The testee of this library itself, as ws serve and its fuzzing client are.

package main

import (
	"context"

	"github.com/hawser-ws/websocket"
)

// hawserLimit is above the largest message of the suite.
const hawserLimit = 64 << 20

var hawserHandler = websocket.Handler(echoHawser, &websocket.AcceptOptions{
	OriginPatterns:  []string{"*"},
	CompressionMode: websocket.CompressionContextTakeover,
	Limits:          websocket.Limits{Message: hawserLimit},
})

type hawserClient struct{}

func (hawserClient) message(url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), caseLimit)
	defer cancel()
	c, err := dialHawser(ctx, url)
	if err != nil {
		return nil, err
	}
	defer c.CloseNow()
	_, msg, err := c.Read(ctx)
	return msg, err
}

func (hawserClient) echo(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), caseLimit)
	defer cancel()
	c, err := dialHawser(ctx, url)
	if err != nil {
		return err
	}
	defer c.CloseNow()
	return echoHawser(ctx, c)
}

func dialHawser(ctx context.Context, url string) (*websocket.Conn, error) {
	c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		CompressionMode: websocket.CompressionContextTakeover,
		Limits:          websocket.Limits{Message: hawserLimit},
	})
	return c, err
}

func echoHawser(ctx context.Context, c *websocket.Conn) error {
	replies := c.Batch()
	for msg, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := replies.Write(ctx, msg.Type, msg.Data); err != nil {
			return err
		}
	}
	return nil
}
