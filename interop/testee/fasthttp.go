// The testee of github.com/fasthttp/websocket, a fork of gorilla's package for the server of
// fasthttp. It leaves checking text to the application in the same way.

package main

import (
	"errors"
	"io"
	"log"
	"net"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/valyala/fasthttp"
)

var fasthttpUpgrader = websocket.FastHTTPUpgrader{
	EnableCompression: true,
	CheckOrigin:       func(*fasthttp.RequestCtx) bool { return true },
}

func listenFasthttp(address string) error {
	return fasthttp.ListenAndServe(address, func(ctx *fasthttp.RequestCtx) {
		err := fasthttpUpgrader.Upgrade(ctx, func(c *websocket.Conn) {
			defer c.Close()
			if err := echoFasthttp(c); err != nil {
				log.Print(err)
			}
			conn := c.NetConn()
			if hijacked, ok := conn.(interface{ UnsafeConn() net.Conn }); ok {
				conn = hijacked.UnsafeConn() // the TCP connection, which can be half closed
			}
			linger(conn, true)
		})
		if err != nil {
			log.Print(err)
		}
	})
}

type fasthttpClient struct{}

func (fasthttpClient) message(url string) ([]byte, error) {
	c, err := dialFasthttp(url)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	_, msg, err := c.ReadMessage()
	return msg, err
}

func (fasthttpClient) echo(url string) error {
	c, err := dialFasthttp(url)
	if err != nil {
		return err
	}
	defer c.Close()
	err = echoFasthttp(c)
	linger(c.NetConn(), false)
	return err
}

func dialFasthttp(url string) (*websocket.Conn, error) {
	dialer := websocket.Dialer{EnableCompression: true, HandshakeTimeout: 10 * time.Second}
	c, _, err := dialer.Dial(url, nil)
	if err != nil {
		return nil, err
	}
	return c, c.NetConn().SetDeadline(time.Now().Add(caseLimit))
}

// echoFasthttp is echoGorilla: the fork has types of its own.
func echoFasthttp(c *websocket.Conn) error {
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
