// The testee of github.com/coder/websocket. The library does not check text and sees no
// reason to; its own Autobahn test leaves those cases out, so nothing is added here.

package main

import (
	"context"
	"io"
	"log"
	"net/http"

	"github.com/coder/websocket"
)

func serveCoder(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, // any Origin
		CompressionMode:    websocket.CompressionContextTakeover,
	})
	if err != nil {
		log.Print(err)
		return
	}
	if err := echoCoder(context.Background(), c); err != nil {
		log.Print(err)
	}
}

type coderClient struct{}

func (coderClient) message(url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), caseLimit)
	defer cancel()
	c, err := dialCoder(ctx, url)
	if err != nil {
		return nil, err
	}
	defer c.CloseNow()
	_, msg, err := c.Read(ctx)
	return msg, err
}

func (coderClient) echo(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), caseLimit)
	defer cancel()
	c, err := dialCoder(ctx, url)
	if err != nil {
		return err
	}
	return echoCoder(ctx, c)
}

func dialCoder(ctx context.Context, url string) (*websocket.Conn, error) {
	c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		CompressionMode: websocket.CompressionContextTakeover,
	})
	return c, err
}

// echoCoder streams. A Close frame is not an error.
func echoCoder(ctx context.Context, c *websocket.Conn) error {
	defer c.CloseNow()
	c.SetReadLimit(-1)
	for {
		typ, r, err := c.Reader(ctx)
		if err != nil {
			if websocket.CloseStatus(err) != -1 {
				return nil
			}
			return err
		}
		w, err := c.Writer(ctx, typ)
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
	}
}
