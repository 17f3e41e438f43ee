// The testee of github.com/gorilla/websocket. The library leaves checking text to the
// application, so the echo does it, as the library's own Autobahn example does.

package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

var (
	gorillaUpgrader = websocket.Upgrader{
		EnableCompression: true,
		CheckOrigin:       func(*http.Request) bool { return true },
	}
	gorillaDialer = websocket.Dialer{
		EnableCompression: true,
		HandshakeTimeout:  10 * time.Second,
	}
)

func serveGorilla(w http.ResponseWriter, r *http.Request) {
	c, err := gorillaUpgrader.Upgrade(w, r, nil)
	if err != nil {
		log.Print(err)
		return
	}
	defer c.Close()
	if err := echoGorilla(c); err != nil {
		log.Print(err)
	}
	linger(c.NetConn(), true)
}

type gorillaClient struct{}

func (gorillaClient) message(url string) ([]byte, error) {
	c, err := dialGorilla(url)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	_, msg, err := c.ReadMessage()
	return msg, err
}

func (gorillaClient) echo(url string) error {
	c, err := dialGorilla(url)
	if err != nil {
		return err
	}
	defer c.Close()
	err = echoGorilla(c)
	linger(c.NetConn(), false)
	return err
}

func dialGorilla(url string) (*websocket.Conn, error) {
	c, _, err := gorillaDialer.DialContext(context.Background(), url, nil)
	if err != nil {
		return nil, err
	}
	return c, c.NetConn().SetDeadline(time.Now().Add(caseLimit))
}

// echoGorilla streams, so that invalid text ends the connection before the message is complete.
// A Close frame is not an error.
func echoGorilla(c *websocket.Conn) error {
	for {
		typ, r, err := c.NextReader()
		if err != nil {
			if _, closed := errors.AsType[*websocket.CloseError](err); closed {
				return nil
			}
			return err
		}
		if typ == websocket.TextMessage {
			r = &textReader{r: r}
		}
		w, err := c.NextWriter(typ)
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			if errors.Is(err, errNotUTF8) {
				_ = c.WriteControl(websocket.CloseMessage,
					websocket.FormatCloseMessage(websocket.CloseInvalidFramePayloadData, err.Error()),
					time.Now().Add(time.Second))
			}
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
	}
}
