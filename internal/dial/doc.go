// Package dial leads from a URL to a stream on which frames may go: the client's part
// of the opening handshake, with all that is around it.
//
//	URL  (target.go, host.go)           RFC 6455 §3, RFC 3986 §3.2.2, UTS #46
//	 │   what to dial, what to ask for, whom certificates have to name
//	 ▼
//	target ◄──────────────────────────────────────────────────┐
//	 │                                                        │
//	 │   connect (route.go)                                   │
//	 │   → connectOrTunnel (route.go)   RFC 9110 §9.3.6, RFC 1928, RFC 1929
//	 │     → reachThrough (proxy.go) if a proxy is on the way
//	 │   → dial, dialTLS (route.go)     RFC 8446, RFC 7301: ALPN, h2 only for a Pool
//	 ▼                                                        │
//	route: the stream, which the end of the context closes    │
//	 │                                                        │
//	 │   exchange (attempt.go)                                │
//	 │     request (request.go, fields.go)  RFC 6455 §4.1     │
//	 │     response (response.go)       RFC 9112, RFC 9110 §15.2
//	 ▼                                                        │
//	judge (response.go), by handshake   RFC 6455 §4.1         │
//	 │        │                                               │
//	 │        └─ redirect (redirect.go) RFC 9110 §15.4 ───────┘
//	 ▼
//	Result: the stream, released from the context; what came behind the response;
//	the response; what was agreed on
//
// attempt (attempt.go) is one way down, follow (redirect.go) the loop. With an
// HTTPClient (httpclient.go) net/http does everything between target and judge.
//
// Over HTTP/2 and HTTP/3 (RFC 8441, RFC 9220) the stream is one of a connection that others use,
// and the request is extended CONNECT. judgeConnect (http2_answer.go) judges the answer to it.
//
//	target
//	 ├─ Options.HTTP2: attemptHTTP2 (http2.go)
//	 │    a session of the Pool, which draws how it finds one (pool.go), or a route for HTTP/1.1
//	 │    request, await (http2.go): again on another session if no server has looked at it
//	 └─ Options.HTTP3: attemptStream (stream.go)
//	      all of it by the StreamDialer
//
// [Dial] knows nothing of connections as the root has them. Its errors have no prefix,
// and its callers turn them into their own: [Misuse] before anything is sent, [Error]
// and in it [ProxyError] and [StepError] afterwards.
package dial
