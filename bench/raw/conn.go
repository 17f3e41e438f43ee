package raw

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Conn is the client's end of a connection.
type Conn struct {
	Terms Terms // terms agreed with the server

	nc      net.Conn
	br      *bufio.Reader
	payload []byte
}

const readSize = 16 << 10

// handshakeTimeout is for a server that does not answer.
const handshakeTimeout = 10 * time.Second

// Dial connects to a server at address and offers terms.
func Dial(ctx context.Context, address string, offer Terms) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &Conn{nc: nc, br: bufio.NewReaderSize(nc, readSize)}
	deadline, _ := ctx.Deadline()
	if err = nc.SetDeadline(deadline); err == nil {
		err = c.open(address, offer)
	}
	if err == nil {
		err = nc.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = nc.Close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return c, nil
}

// open is the opening handshake (RFC 6455 §4.1).
func (c *Conn) open(host string, offer Terms) error {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce)
	key := base64.StdEncoding.EncodeToString(nonce)
	request := "GET / HTTP/1.1\r\nHost: " + host + "\r\n" +
		"Connection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n"
	if o := offer.Offer(); o != "" {
		request += "Sec-WebSocket-Extensions: " + o + "\r\n"
	}
	if _, err := io.WriteString(c.nc, request+"\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(c.br, &http.Request{Method: http.MethodGet})
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("the server answers %q", resp.Status)
	}
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	if got := resp.Header.Get("Sec-WebSocket-Accept"); got != base64.StdEncoding.EncodeToString(sum[:]) {
		return fmt.Errorf("the server's Sec-WebSocket-Accept is %q", got)
	}
	extensions := strings.Join(resp.Header.Values("Sec-WebSocket-Extensions"), ", ")
	c.Terms, err = ParseTerms(extensions)
	if err == nil && c.Terms.Deflate && !offer.Deflate {
		err = fmt.Errorf("the server answers %q to no offer", extensions)
	}
	return err
}

// Send sends frames unchanged.
func (c *Conn) Send(frames []byte) error {
	_, err := c.nc.Write(frames)
	return err
}

// SetDeadline limits everything that follows.
func (c *Conn) SetDeadline(t time.Time) error { return c.nc.SetDeadline(t) }

// Drop ends the TCP connection. There is no closing handshake.
func (c *Conn) Drop() error { return c.nc.Close() }
