//go:build steps

package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/hawser-ws/websocket/handshake"
)

const nonce, digest = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

var limits = handshake.Limits{HeaderBytes: 1 << 30, Fields: 1 << 30}

var policy = handshake.Policy{
	Subprotocols: []string{"chat", "sip"}, OriginPatterns: []string{"*.example.com", "https://*:1"},
	Deflate: &handshake.Deflate{Client: handshake.DeflateSide{MaxWindowBits: 9}},
}

func opening() *handshake.Request {
	return &handshake.Request{
		Method: "GET", Target: "/", Host: "a", ProtoMajor: 1, ProtoMinor: 1,
		Upgrade: []string{"websocket"}, Connection: []string{"Upgrade"}, Version: []string{"13"}, Key: []string{nonce},
	}
}

// A line feed in an input begins another line of the field.
var works = map[string]func(input string, lines []string){
	"extensions": func(_ string, lines []string) {
		if list, err := handshake.ParseExtensions(lines); err == nil {
			handshake.AppendExtensions(nil, list)
		}
	},
	"offer": func(_ string, lines []string) {
		r := opening()
		r.Extensions = lines
		policy.Accept(r)
	},
	"answer": func(input string, _ []string) {
		offer := handshake.Offer{Key: nonce, Deflate: &handshake.Deflate{}, Subprotocols: []string{"chat"}}
		offer.Check(101, http.Header{
			"Upgrade": {"websocket"}, "Connection": {input, "upgrade"}, "Sec-Websocket-Accept": {digest}, "Sec-Websocket-Extensions": {input},
		})
	},
	"lists": func(_ string, lines []string) {
		for _, line := range lines {
			for range handshake.Tokens(line) {
			}
		}
		r := opening()
		r.Connection = lines
		policy.Accept(r)
		r = opening()
		r.Upgrade = lines
		policy.Accept(r)
	},
	"subprotocols": func(_ string, lines []string) {
		r := opening()
		r.Protocol = lines
		policy.Accept(r)
	},
	"origin": func(input string, _ []string) {
		r := opening()
		r.Origin = []string{input}
		policy.Accept(r)
		r = opening()
		r.Host = input
		policy.Accept(r)
	},
	"head": func(input string, _ []string) {
		var r handshake.Request
		if n, _ := handshake.ParseRequest([]byte(input), limits, &r); n > 0 {
			policy.Accept(&r)
		}
	},
	"trickle": func(input string, _ []string) {
		data := []byte(input)
		p := handshake.RequestParser{Limits: limits}
		var r handshake.Request
		for i := range len(input) + 1 {
			if n, refusal := p.Parse(data[:i:i], &r); n > 0 || refusal != nil {
				return
			}
		}
	},
}

func main() {
	in, out := bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout)
	next := func() string {
		var size [4]byte
		if _, err := io.ReadFull(in, size[:]); err != nil {
			os.Exit(0)
		}
		data := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(in, data); err != nil {
			os.Exit(1)
		}
		return string(data)
	}
	for {
		work, input := works[next()], next()
		lines := strings.Split(input, "\n")
		before := handshake.StepCount()
		work(input, lines)
		_ = binary.Write(out, binary.BigEndian, handshake.StepCount()-before)
		if out.Flush() != nil {
			os.Exit(1)
		}
	}
}
