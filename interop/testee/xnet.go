// The testee of golang.org/x/net/websocket. Its codecs return the payload of one frame; one
// of our own remembers whether the frame was text.

package main

import (
	"errors"
	"io"
	"log"
	"net/http"
	"time"

	"golang.org/x/net/websocket"
)

// xnetLimit is above the largest message of the suite; the default is 32 MiB.
const xnetLimit = 64 << 20

type xnetMessage struct {
	payload []byte
	kind    byte
}

var xnetCodec = websocket.Codec{
	Marshal: func(v any) ([]byte, byte, error) {
		m := v.(*xnetMessage)
		return m.payload, m.kind, nil
	},
	Unmarshal: func(payload []byte, kind byte, v any) error {
		*v.(*xnetMessage) = xnetMessage{payload, kind}
		return nil
	},
}

// A websocket.Handler would refuse requests without an Origin; a Server does not.
func serveXnet(w http.ResponseWriter, r *http.Request) {
	server := websocket.Server{Handler: func(c *websocket.Conn) {
		if err := echoXnet(c); !errors.Is(err, io.EOF) {
			log.Print(err)
		}
	}}
	server.ServeHTTP(w, r)
}

type xnetClient struct{}

func (xnetClient) message(url string) ([]byte, error) {
	c, err := websocket.Dial(url, "", "http://localhost/")
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var m xnetMessage
	err = xnetCodec.Receive(c, &m)
	return m.payload, err
}

func (xnetClient) echo(url string) error {
	c, err := websocket.Dial(url, "", "http://localhost/")
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(caseLimit)); err != nil {
		return err
	}
	return echoXnet(c)
}

// echoXnet returns io.EOF after a Close frame.
func echoXnet(c *websocket.Conn) error {
	c.MaxPayloadBytes = xnetLimit
	for {
		var m xnetMessage
		if err := xnetCodec.Receive(c, &m); err != nil {
			return err
		}
		if err := xnetCodec.Send(c, &m); err != nil {
			return err
		}
	}
}
