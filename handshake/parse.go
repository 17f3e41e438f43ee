package handshake

import (
	"strings"

	"github.com/hawser-ws/websocket/internal/hostport"
)

// Limits bound the head of a request: the request line, the header lines and the empty line
// after them.
type Limits struct {
	HeaderBytes int // size of the whole head; 0 or less means DefaultHeaderBytes
	Fields      int // number of header lines; 0 or less means DefaultFields
}

// The defaults of [Limits].
const (
	DefaultHeaderBytes = 16 << 10 // a browser with an access token in the URL sends 3.3 KiB
	DefaultFields      = 100
)

// ParseRequest parses the head of an opening handshake from the bytes received so far. If it
// returns 0 and no refusal, the head is incomplete: call again with more. Otherwise the head is
// the first n bytes, and the bytes after it belong to the WebSocket.
//
// It is as strict as RFC 9112 lets a server be: every line ends in CR LF, no line is folded, no
// space precedes a colon, and there is one Host. Whatever it accepts, net/http accepts with the
// same meaning. It overwrites all of r except TLS.
//
// The strings in r share memory with head. They are valid only until its bytes are moved or
// overwritten.
//
// To parse a head that arrives in many small pieces, use a [RequestParser].
func ParseRequest(head []byte, limits Limits, r *Request) (n int, refusal *Refusal) {
	p := RequestParser{Limits: limits}
	return p.Parse(head, r)
}

// parse parses a head whose lines are known to end properly.
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
		// RFC 9112 §5.1: no white space between the name and the colon. §5.2: none before the
		// name, which would continue the previous line.
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

// checkHead checks the head as a whole. authority is that of its target; hosts is the number of
// Host fields.
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

// parseRequestLine parses method SP request-target SP HTTP-version. authority is that of a
// target in absolute-form.
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

// parseTarget checks a request-target in origin-form or absolute-form, and returns the
// authority of the latter. The other forms are not valid with GET (RFC 9112 §3.2).
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
	if !validPathQuery(pathQuery) {
		return "", badTarget(target)
	}
	return authority, nil
}

// validPathQuery reports whether s has only what a path and a query may have, and its path only
// whole percent-encodings (RFC 3986 §3.3, §3.4; browsers send more bytes as they are).
func validPathQuery(s string) bool {
	if !made(s, &targetByte) {
		return false
	}
	path, _, _ := strings.Cut(s, "?")
	for i := range len(path) {
		if path[i] == '%' && (i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2])) {
			return false
		}
	}
	return true
}

func badTarget(target string) *Refusal {
	return badRequest("RFC 9112 §3.2", "malformed request-target %s", quote(target))
}

// useTarget makes the authority of an absolute target the host of the request, as RFC 9112
// §3.2.2 requires. A client must send the same in Host (§3.2); if it does not, a proxy could
// see another site than we do.
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

// RFC 3986 allows fewer, but browsers send all of these in a query. "#" would begin a fragment,
// which is never sent.
var targetByte = func() (set [256]bool) {
	for c := '!'; c <= '~'; c++ {
		set[c] = c != '#'
	}
	return set
}()

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'f' }
