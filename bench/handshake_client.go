package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// A browser's request without its host. The key is constant, so that the answer is known.
const (
	plainKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	plainAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

func browserRequest(host string) []byte {
	return []byte("GET /chat HTTP/1.1\r\n" +
		"Host: " + host + "\r\n" +
		"Connection: Upgrade\r\n" +
		"Pragma: no-cache\r\n" +
		"Cache-Control: no-cache\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36\r\n" +
		"Upgrade: websocket\r\n" +
		"Origin: http://" + host + "\r\n" +
		"Sec-WebSocket-Version: 13\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Accept-Language: en-GB,en;q=0.9\r\n" +
		"Cookie: session=0f3a91c2b7d84e55; theme=dark\r\n" +
		"Sec-WebSocket-Key: " + plainKey + "\r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n")
}

// A plainConn is a client that costs almost nothing while it is idle: it holds no buffer. It
// ends with a reset, so that no port stays in TIME-WAIT.
type plainConn struct{ *net.TCPConn }

const (
	plainTimeout = 30 * time.Second
	// A client address has some 28,000 ports.
	perAddress = 8000
)

// plainClient makes connections to one address.
type plainClient struct {
	address *net.TCPAddr
	request []byte
	buf     []byte
}

func newPlainClient(address string) (*plainClient, error) {
	a, err := net.ResolveTCPAddr("tcp", address)
	return &plainClient{a, browserRequest(address), make([]byte, 4<<10)}, err
}

// dial makes connection i and does the opening handshake.
func (p *plainClient) dial(i int) (plainConn, error) {
	c, err := p.connect(i)
	if err != nil {
		return c, err
	}
	if err = p.handshake(c); err != nil {
		_ = c.Close()
	}
	return c, err
}

// connect makes TCP connection i.
func (p *plainClient) connect(i int) (plainConn, error) {
	nc, err := net.DialTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+i/perAddress))}, p.address)
	if err != nil {
		return plainConn{}, err
	}
	if err = errors.Join(nc.SetLinger(0), nc.SetDeadline(time.Now().Add(plainTimeout))); err != nil {
		_ = nc.Close()
	}
	return plainConn{nc}, err
}

// handshake sends the request and checks the answer.
func (p *plainClient) handshake(c io.ReadWriter) error {
	if _, err := c.Write(p.request); err != nil {
		return err
	}
	n := 0
	for {
		m, err := c.Read(p.buf[n:])
		n += m
		if bytes.HasSuffix(p.buf[:n], []byte("\r\n\r\n")) {
			return checkAccepted(p.buf[:n])
		}
		if err != nil {
			return fmt.Errorf("handshake: %w after %q", err, p.buf[:n])
		}
	}
}

// checkAccepted checks a whole response, with nothing after it.
func checkAccepted(response []byte) error {
	status, fields, _ := bytes.Cut(response, []byte("\r\n"))
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 101 ")) {
		return fmt.Errorf("the server answers %q", status)
	}
	for field := range bytes.SplitSeq(fields, []byte("\r\n")) {
		if name, value, _ := bytes.Cut(field, []byte(":")); bytes.EqualFold(name, []byte("Sec-WebSocket-Accept")) &&
			string(bytes.TrimSpace(value)) == plainAccept {
			return nil
		}
	}
	return fmt.Errorf("no Sec-WebSocket-Accept, or a wrong one, in %q", response)
}

// exchange sends a frame and expects bytes.
func (p *plainClient) exchange(c io.ReadWriter, frame, want []byte) error {
	if _, err := c.Write(frame); err != nil {
		return err
	}
	return p.expect(c, want)
}

// expect reads as many bytes as want has, and compares them.
func (p *plainClient) expect(c io.Reader, want []byte) error {
	if len(p.buf) < len(want) {
		p.buf = make([]byte, len(want))
	}
	got := p.buf[:len(want)]
	if n, err := io.ReadFull(c, got); err != nil {
		return fmt.Errorf("%w after %d of %d bytes", err, n, len(want))
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("the server sends % x … instead of % x …", got[:8], want[:8])
	}
	return nil
}
