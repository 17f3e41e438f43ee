package handshake

import "testing"

// browserRequest is what a browser sends.
const browserRequest = "GET /chat?room=42 HTTP/1.1\r\n" +
	"Host: chat.example.com\r\n" +
	"Connection: Upgrade\r\n" +
	"Pragma: no-cache\r\n" +
	"Cache-Control: no-cache\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n" +
	"Upgrade: websocket\r\n" +
	"Origin: http://chat.example.com\r\n" +
	"Sec-WebSocket-Version: 13\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-US,en;q=0.9\r\n" +
	"Cookie: session=0123456789abcdef0123456789abcdef\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"

func BenchmarkParse(b *testing.B) {
	head := []byte(browserRequest)
	for name, rulesOnly := range map[string]bool{"every line": false, "rules only": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(head)))
			var r Request
			for b.Loop() {
				p := RequestParser{RulesOnly: rulesOnly}
				if n, refusal := p.Parse(head, &r); n != len(head) || refusal != nil {
					b.Fatal(n, refusal)
				}
			}
		})
	}
}

func BenchmarkAppendSwitching(b *testing.B) {
	a := Acceptance{Key: "dGhlIHNhbXBsZSBub25jZQ=="}
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendSwitching(dst[:0], a, nil)
	}
}
