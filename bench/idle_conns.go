package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"strings"

	"github.com/hawser-ws/websocket/bench/flood"
	"github.com/hawser-ws/websocket/bench/raw"
	"github.com/hawser-ws/websocket/bench/servers"
)

// began is what a connection has sent last, without the rest, before it is idle.
type began string

const (
	halfMessage began = "half a message"
	halfHeader  began = "half a header"
)

// halfSize is the size of the message of which one half is sent.
const halfSize = 1 << 10

// bytes returns what is sent.
func (b began) bytes() []byte {
	frame := raw.AppendFrame(nil, raw.Binary, false, [4]byte{1, 2, 3, 4}, make([]byte, halfSize))
	switch b {
	case halfMessage:
		return frame[:8+halfSize/2]
	case halfHeader:
		return frame[:4]
	}
	return nil
}

// name says which server, and what is special about its connections.
func (row *IdleRow) name() string {
	if row.Began == "" {
		return row.Lib
	}
	return row.Lib + ", " + string(row.Began)
}

// openConns makes connections, each with one message echoed.
func (row *IdleRow) openConns(ctx context.Context, address string) (conns []io.Closer, err error) {
	client, err := newPlainClient(address)
	if err != nil {
		return nil, err
	}
	if row.Lib == servers.LoopTLS {
		client.request = bytes.Replace(client.request, []byte("Origin: http:"), []byte("Origin: https:"), 1)
	}
	n := row.Connections
	if row.Began != "" {
		n++ // with the last answer the server has read what the others have begun
	}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return conns, err
		}
		c, err := row.openConn(client, i)
		if err != nil {
			return conns, fmt.Errorf("connection %d: %w", i, err)
		}
		conns = append(conns, c)
	}
	return conns, nil
}

func (row *IdleRow) openConn(client *plainClient, i int) (io.Closer, error) {
	nc, err := client.connect(i)
	if err != nil {
		return nil, err
	}
	var c io.ReadWriter = nc
	if row.Lib == servers.LoopTLS {
		c = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
	}
	text := []byte(strings.Repeat("idle", idleSize/4))
	if err = client.handshake(c); err == nil {
		err = client.exchange(c, raw.AppendFrame(nil, raw.Text, false, [4]byte{1, 2, 3, 4}, text), flood.AppendAnswer(nil, raw.Text, text))
	}
	if err == nil && i < row.Connections {
		_, err = c.Write(row.Began.bytes())
	}
	if err != nil {
		_ = nc.Close()
	}
	return nc, err // without TLS's Close, which would say something
}
