package servers

import (
	"io"
	"net"
)

// Parked is the minimum for a Go server: for each connection the runtime's part of a socket,
// and a goroutine that waits in Read.
const Parked = "parked"

// Park is an echo server for messages below 126 bytes that holds nothing else for a connection.
func Park(l net.Listener) error {
	for {
		nc, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			if _, err := floorHandshake(nc); err != nil {
				_ = nc.Close()
				return
			}
			go park(nc) // on a new stack that has not grown
		}()
	}
}

// park waits for the header only.
func park(nc net.Conn) {
	defer nc.Close()
	var header [6]byte
	for {
		if _, err := io.ReadFull(nc, header[:]); err != nil {
			return
		}
		if header[0]&0x0F > 2 || header[1] < 0x80 || header[1] >= 0xFE || !echoShort(nc, header) {
			return
		}
	}
}

func echoShort(nc net.Conn, header [6]byte) bool {
	out := make([]byte, 2+header[1]&0x7F)
	out[0], out[1] = header[0], header[1]&0x7F
	if _, err := io.ReadFull(nc, out[2:]); err != nil {
		return false
	}
	for i := range out[2:] {
		out[2+i] ^= header[2+i%4]
	}
	_, err := nc.Write(out)
	return err == nil
}
