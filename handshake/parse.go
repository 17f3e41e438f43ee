package handshake

import (
	"strings"

	"github.com/hawser-ws/websocket/internal/hostport"
)

// Limits bound the head of a request: the request line, the header lines and
// the empty line after them.
type Limits struct {
	HeaderBytes int // of the whole head; 0 or less means DefaultHeaderBytes
	Fields      int // header lines; 0 or less means DefaultFields
}

// The limits that the zero [Limits] stands for.
const (
	DefaultHeaderBytes = 16 << 10 // a browser with an access token in the URL sends 3.3 KiB
	DefaultFields      = 100
)

// ParseRequest reads the head of an opening handshake from the bytes that have
// come in so far. When it returns 0 and no refusal, the head is not complete:
// call again with more. Otherwise the head is the first n bytes, and what comes
// after it belongs to the WebSocket.
//
// It is strict as RFC 9112 lets a server be: no line ends without CR, no folded
// lines, no space before a colon, one Host. What it accepts, net/http accepts
// with the same meaning. It fills r in place of what r held, except TLS.
//
// The strings in r are parts of head, and valid only as long as its bytes are
// neither moved nor overwritten.
//
// A caller that gets the head in many small pieces uses a [RequestParser].
func ParseRequest(head []byte, limits Limits, r *Request) (n int, refusal *Refusal) {
	p := RequestParser{Limits: limits}
	return p.Parse(head, r)
}

// parse takes apart a head whose lines are known to end properly.
func (r *Request) parse(head string) *Refusal {
	line, rest, _ := strings.Cut(head, "\r\n")
	authority, refusal := r.parseRequestLine(line)
	if refusal != nil {
		return refusal
	}
	hosts := 0
	for {
		end := strings.IndexByte(rest, '\r')
		line, rest = rest[:end], rest[end+2:]
		if line == "" {
			break
		}
		// RFC 9112 §5.1: no white space between the name and the colon; §5.2:
		// none before the name, which would continue the line before.
		colon := 0
		for colon < len(line) && tokenByte[line[colon]] {
			colon++
		}
		if colon == 0 || colon == len(line) || line[colon] != ':' {
			return badRequest("RFC 9112 §5", "malformed header line %s", quote(line))
		}
		f := Field{line[:colon], trimSpace(line[colon+1:])}
		hosts += r.add(f)
	}
	return r.checkHead(authority, hosts)
}

// checkHead judges the head as a whole: authority is that of its target, hosts how
// often Host comes.
func (r *Request) checkHead(authority string, hosts int) *Refusal {
	if hosts != 1 { // RFC 9112 §3.2
		return badRequest("RFC 9112 §3.2", "Host comes %d times", hosts)
	}
	host, ok := r.authority()
	if !ok {
		return badRequest("RFC 9112 §3.2", "Host %s is not a host and port", quote(r.Host))
	}
	if authority != "" {
		if refusal := r.useTarget(authority, host); refusal != nil {
			return refusal
		}
	}
	return r.checkBody()
}

// parseRequestLine reads method SP request-target SP HTTP-version; authority
// is that of a target in absolute-form.
func (r *Request) parseRequestLine(line string) (authority string, refusal *Refusal) {
	method, rest, ok1 := strings.Cut(line, " ")
	target, version, ok2 := strings.Cut(rest, " ")
	if !ok1 || !ok2 || !validToken(method) {
		return "", badRequest("RFC 9112 §3", "malformed request line %s", quote(line))
	}
	if len(version) != len("HTTP/1.1") || version[:5] != "HTTP/" || version[6] != '.' ||
		!isDigit(version[5]) || !isDigit(version[7]) {
		return "", badRequest("RFC 9112 §2.3", "malformed HTTP version %s", quote(version))
	}
	r.Method, r.Target = method, target
	r.ProtoMajor, r.ProtoMinor = int(version[5]-'0'), int(version[7]-'0')
	if refusal := checkVersion(r.ProtoMajor, r.ProtoMinor); refusal != nil {
		return "", refusal
	}
	if refusal := checkMethod(method); refusal != nil {
		return "", refusal
	}
	return parseTarget(target)
}

// parseTarget judges a request-target in origin-form or absolute-form, of which
// it returns the authority; the others do not go with GET (RFC 9112 §3.2).
func parseTarget(target string) (authority string, refusal *Refusal) {
	pathQuery := target
	if !strings.HasPrefix(target, "/") {
		scheme, rest, found := strings.Cut(target, "://")
		if !found || !equalFold(scheme, "http") && !equalFold(scheme, "https") {
			return "", badTarget(target)
		}
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		authority, pathQuery = rest[:end], rest[end:]
		if authority == "" {
			return "", badTarget(target)
		}
	}
	if !made(pathQuery, &targetByte) {
		return "", badTarget(target)
	}
	path, _, _ := strings.Cut(pathQuery, "?")
	for i := range len(path) {
		if path[i] == '%' && (i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2])) {
			return "", badTarget(target)
		}
	}
	return authority, nil
}

func badTarget(target string) *Refusal {
	return badRequest("RFC 9112 §3.2", "malformed request-target %s", quote(target))
}

// useTarget makes the authority of an absolute target the host of the request,
// as RFC 9112 §3.2.2 demands. A client has to send the same in Host (§3.2); one
// that does not would be taken for another site by a proxy than by us.
func (r *Request) useTarget(target string, host authority) *Refusal {
	scheme, _, _ := strings.Cut(r.Target, "://")
	own, ok := splitAuthority(target, &hostport.RegName)
	if !ok {
		return badTarget(r.Target)
	}
	if own.port == noPort {
		own.port = defaultPort(scheme)
	}
	if host.port == noPort {
		host.port = defaultPort(scheme)
	}
	if own.port != host.port || !own.sameHost(host) {
		return badRequest("RFC 9112 §3.2", "Host %s is not that of the request-target, %s", quote(r.Host), quote(target))
	}
	r.Host = target
	return nil
}

// RFC 3986 allows fewer, but browsers send all of these in a query. "#" would
// begin a fragment, which is never sent.
var targetByte = func() (set [256]bool) {
	for c := '!'; c <= '~'; c++ {
		set[c] = c != '#'
	}
	return set
}()

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'f' }
