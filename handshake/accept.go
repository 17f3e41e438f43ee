package handshake

// Policy is what a server demands of a request, and what it offers in return. The zero value
// accepts requests from pages of the server's own origin only, without subprotocol or
// extension.
type Policy struct {
	// Subprotocols are those that the server speaks, in its order of preference. The first
	// that the client also offers is selected; case matters. If none matches, the connection
	// has no subprotocol. Empty means none.
	Subprotocols []string

	// LooseSubprotocols accepts requests that name subprotocols which are not tokens; see
	// [CheckLooseSubprotocols]. The default is to refuse them.
	LooseSubprotocols bool

	// OriginPatterns are further origins whose pages may connect, besides the server's own.
	// Empty means none.
	//
	// A pattern is matched by [path.Match], ignoring case, against the host and port of the
	// origin. If it contains "://", it is matched against "scheme://host:port" instead. The
	// default port of the scheme is optional on both sides. "*.example.com" means every
	// subdomain of example.com at any depth, at the default port; "example.com:*" means any
	// port of example.com. An IPv6 address is written in brackets and means that address. A
	// trailing dot in a DNS name is ignored. "*" means every origin that has a host; prefer
	// AnyOrigin, which is more explicit.
	//
	// The origin "null", sent by sandboxed frames and files, is matched by the pattern "null"
	// only.
	OriginPatterns []string

	// AnyOrigin lets pages of any origin connect. The default is false. It is safe only if
	// nothing in a request authenticates the user: no cookies, no client certificate, no
	// private network.
	AnyOrigin bool

	// Deflate makes the server accept permessage-deflate (RFC 7692): the first valid offer of
	// the client. Nil accepts none.
	//
	// NoContextTakeover of either side demands it. If it is false, the client may still ask for
	// it. MaxWindowBits of either side is an upper limit; the client may ask for less. If a
	// client does not let the server limit the client's window, a Client.MaxWindowBits below 15
	// is replaced by a demand for Client.NoContextTakeover.
	Deflate *Deflate
}

// Acceptance is a server's answer to a request that it accepts.
type Acceptance struct {
	Key         string  // the client's Sec-WebSocket-Key; shares memory with the request
	Subprotocol string  // the selected one, a string of [Policy.Subprotocols]; empty for none
	Deflated    bool    // permessage-deflate is accepted
	Deflate     Deflate // its terms, which the answer states in full, with all bits from 8 to 15; zero unless Deflated

	serverWindow, clientWindow windowForm // of the answer
}

// Accept judges a request by RFC 6455 §4.2.1, in the order that gives the most useful answers:
// first whether it is a WebSocket handshake of our version at all, then whether it is well
// formed, then whether it is allowed.
func (p *Policy) Accept(r *Request) (a Acceptance, refusal *Refusal) {
	refusal = p.AcceptInto(&a, r)
	return a, refusal
}

// AcceptInto is Accept without copying the answer. a must be the zero value, and is valid only
// if the result is nil. The function and those it calls use little stack, because it may run on
// a small one.
func (p *Policy) AcceptInto(a *Acceptance, r *Request) *Refusal {
	if refusal := r.checkOpening(); refusal != nil {
		return refusal
	}
	if refusal := p.checkOrigin(r); refusal != nil {
		return refusal
	}
	subprotocol, refusal := p.selectSubprotocol(r.Protocol, &r.protocols)
	if refusal != nil {
		return refusal
	}
	// The grammar is checked even if we accept no extension: "any violations of the ABNF
	// grammar" (§4.2.1).
	if err := r.offers.parse(r.Extensions); err != nil {
		return badRequest("§9.1", "%v", err)
	}
	if r.ProtoMajor == 1 {
		a.Key = trimSpace(r.Key[0])
	}
	a.Subprotocol = subprotocol
	if p.Deflate != nil {
		a.agree(p.Deflate, r.offers.extensions)
	}
	return nil
}

// agree answers the offers of permessage-deflate.
func (a *Acceptance) agree(d *Deflate, offers []Extension) {
	var answer deflateHeader
	answer, a.Deflated = d.accept(offers)
	a.Deflate, a.serverWindow, a.clientWindow = answer.Deflate, answer.serverWindow, answer.clientWindow
}

// checkOpening checks that r is a WebSocket handshake of its version of HTTP.
func (r *Request) checkOpening() *Refusal {
	if r.ProtoMajor > 1 {
		return r.checkConnect()
	}
	if refusal := r.checkHTTP(); refusal != nil {
		return refusal
	}
	return r.checkUpgrade()
}

// checkHTTP checks that the request is a GET of HTTP/1.1 without a body.
func (r *Request) checkHTTP() *Refusal {
	if refusal := checkVersion(r.ProtoMajor, r.ProtoMinor); refusal != nil {
		return refusal
	}
	if refusal := checkMethod(r.Method); refusal != nil {
		return refusal
	}
	// §4.2.1, item 2.
	if _, ok := r.authority(); !ok {
		return badRequest("§4.2.1", "Host %s is not a host and port", quote(r.Host))
	}
	return r.checkBody()
}

func checkVersion(major, minor int) *Refusal {
	switch {
	case major == 1 && minor >= 1: // §4.2.1, item 1
		return nil
	case major > 1:
		return refuse(statusVersion, "RFC 9113 §3.4", "HTTP/%d does not begin with a request line", major)
	}
	return refuse(statusVersion, "§4.2.1", "HTTP/%d.%d is older than HTTP/1.1", major, minor)
}

func checkMethod(method string) *Refusal {
	if method != "GET" { // §4.2.1, item 1
		return refuse(statusMethodNotAllowed, "§4.2.1", "method is %s, not GET", quote(method))
	}
	return nil
}

// checkBody refuses a request with a body. If one hop reads the bytes after the head as a body
// and another as frames, requests can be smuggled (RFC 9112 §11.2).
func (r *Request) checkBody() *Refusal {
	if len(r.TransferEncoding) > 0 {
		return badRequest("RFC 9112 §11.2", "a handshake has no body: Transfer-Encoding is %s", quoteLines(r.TransferEncoding))
	}
	if n := len(r.ContentLength); n > 1 || n == 1 && r.ContentLength[0] != "0" {
		return badRequest("RFC 9112 §11.2", "a handshake has no body: Content-Length is %s", quoteLines(r.ContentLength))
	}
	return nil
}

// checkUpgrade checks the header fields that make it a WebSocket request.
func (r *Request) checkUpgrade() *Refusal {
	upgrade, valid := listHas(r.Upgrade, "websocket", true)
	switch { // §4.2.1, item 3
	case !valid:
		return badRequest("§4.2.1", "Upgrade %s is not a list of protocols", quoteLines(r.Upgrade))
	case !upgrade:
		return refuse(statusUpgradeRequired, "§4.2.1", "Upgrade is %s, not websocket", quoteLines(r.Upgrade))
	}
	connection, valid := listHas(r.Connection, "upgrade", false)
	switch { // §4.2.1, item 4
	case !valid:
		return badRequest("§4.2.1", "Connection %s is not a list of tokens", quoteLines(r.Connection))
	case !connection:
		return refuse(statusUpgradeRequired, "§4.2.1", "Connection is %s, without Upgrade", quoteLines(r.Connection))
	}
	if refusal := r.checkVersionField(statusUpgradeRequired); refusal != nil {
		return refusal
	}
	switch { // §4.2.1, item 5
	case len(r.Key) == 0:
		return badRequest("§4.2.1", "Sec-WebSocket-Key is missing")
	case len(r.Key) > 1:
		return badRequest("§11.3.1", "Sec-WebSocket-Key comes %d times", len(r.Key))
	case !ValidKey(trimSpace(r.Key[0])):
		return badRequest("§4.2.1", "Sec-WebSocket-Key %s is not base64 of 16 bytes", quote(r.Key[0]))
	}
	return nil
}

// checkVersionField checks Sec-WebSocket-Version: §4.2.1, item 6, and §4.4. A version that we do
// not speak is refused with status.
func (r *Request) checkVersionField(status int) *Refusal {
	switch {
	case len(r.Version) > 1:
		return badRequest("§11.3.5", "Sec-WebSocket-Version comes %d times", len(r.Version))
	case len(r.Version) == 0 || trimSpace(r.Version[0]) != Version:
		refusal := refuse(status, "§4.2.2", "Sec-WebSocket-Version is %s, not %s", quoteLines(r.Version), Version)
		refusal.Version = true
		return refusal
	}
	return nil
}
