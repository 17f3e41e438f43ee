package seeds

import "fmt"

// oddRequests are heads of requests that two parsers may read differently. Most of them are
// invalid.
func oddRequests() (all []Head) {
	const opening = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
	for i, head := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n\x81\x80\x00\x00\x00\x00",
		"GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET HTTPS://A:443/ HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET http://[::1]:80/ HTTP/1.1\r\nHost: [::1]\r\n\r\n",
		"GET //b.com/%2f?%zz HTTP/1.1\r\nHost: a:1\r\n\r\n",
		"GET /a?b={c|d}&e=[f]\"` HTTP/1.2\r\nhOST: a\r\nX: \t b  c\t \r\nY:\r\nZ: \r\nX:::\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xff\r\nCookie: \"a\"=b; c\r\nAccept-Encoding: gzip\r\nPragma: no-cache\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 00\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nTrailer: X\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\n\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: a\r\n" + opening + "\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\n" + opening + "Content-Length: 5\r\n\r\nhello",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" + opening + "\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" + opening + "Origin: http://a\r\nSec-Fetch-Site: same-origin\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" + opening + "Origin: null\r\nSec-Fetch-Site: cross-site\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" + opening + "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Protocol: ,sip\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" + opening + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n" + opening + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nUPGRADE: a/1, WebSocket\r\nConnection: keep-alive ,, UPGRADE\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
	} {
		all = append(all, Head{fmt.Sprintf("odd request %d", i), []byte(head)})
	}
	return all
}

// oddResponses are such heads of responses. Their Accept matches the key of RFC 6455 §1.3.
func oddResponses() (all []Head) {
	const (
		accept  = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
		opening = "Upgrade: websocket\r\nConnection: Upgrade\r\n" + accept
		deflate = "Sec-WebSocket-Extensions: permessage-deflate"
	)
	for i, head := range []string{
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + "\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + "\r\n\x81\x05Hello",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + "\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n",
		"HTTP/1.1 101\r\n" + opening + "\r\n",
		"HTTP/1.1 101 \r\n" + opening + "\r\n",
		"HTTP/1.0 101 Switching Protocols\r\n" + opening + "\r\n",
		"HTTP/1.2 101 Switching Protocols\r\n" + opening + "\r\n",
		"HTTP/1.1 0101 Switching Protocols\r\n" + opening + "\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nupgrade:\tWEBSOCKET \r\nCONNECTION: close, , upgrade\r\n" + accept + "\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket, b\r\nConnection: Upgrade\r\n" + accept + "\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + accept + "\r\n",
		"HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n" + accept + "\n",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + "Content-Length: 5\r\n\r\n\x81\x03abc",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + "Transfer-Encoding: chunked\r\n\r\n5\r\n\x81\x03abc\r\n0\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + "X: a\r\n b\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + "Sec-WebSocket-Protocol: chat\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + "Sec-WebSocket-Protocol: chat, sip\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + deflate + "\r\n\r\n\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + deflate + "; server_max_window_bits=8; client_no_context_takeover\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + deflate + "; server_max_window_bits\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n" + opening + deflate + "\r\n" + deflate + "\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n" + opening + "\r\n",
		"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\nContent-Length: 3\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n" + opening + "\r\n\x89\x00",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 302 Found\r\nLocation: http://b/\r\n\r\n",
		"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
		"HTTP/2.0 101 Switching Protocols\r\n" + opening + "\r\n",
		"ICY 101 a\r\n" + opening + "\r\n",
	} {
		all = append(all, Head{fmt.Sprintf("odd response %d", i), []byte(head)})
	}
	return all
}
