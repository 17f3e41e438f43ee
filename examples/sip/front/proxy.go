package front

import (
	"errors"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// forward is the proxy for requests (RFC 3261 §16, stateless: §16.11).
func (f *Front) forward(p *peer, req *sip.Request) {
	err := f.validate(req)
	if err == nil {
		err = f.admit(p, req)
	}
	var target binding
	if err == nil {
		target, err = f.target(req)
	}
	if err == nil {
		f.prepare(p, req)
		if !target.peer.write(req) {
			// The target has just disconnected. The request already has our Via, to which the
			// answer must not go.
			req.RemoveHeader("Via")
			err = &refusal{sip.StatusTemporarilyUnavailable, "Temporarily Unavailable", nil}
		}
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		f.respond(p, req, refused.status, refused.reason, refused.headers...)
	}
}

// validate does the checks of RFC 3261 §16.3.
func (f *Front) validate(req *sip.Request) error {
	if !slices.Contains([]string{"sip", "sips"}, strings.ToLower(req.Recipient.Scheme)) {
		return &refusal{416, "Unsupported URI Scheme", nil}
	}
	if h := req.MaxForwards(); h != nil && h.Val() == 0 {
		return &refusal{sip.StatusTooManyHops, "Too Many Hops", nil}
	}
	for _, h := range req.GetHeaders("Via") {
		// A request that has left us must not come back.
		if via, ok := h.(*sip.ViaHeader); ok && strings.EqualFold(via.Host, f.host) {
			return &refusal{sip.StatusLoopDetected, "Loop Detected", nil}
		}
	}
	if unknown := unsupported(req, "Proxy-Require"); unknown != "" {
		return &refusal{sip.StatusBadExtension, "Bad Extension", []sip.Header{sip.NewHeader("Unsupported", unknown)}}
	}
	return nil
}

// target removes our own Route from a request (RFC 3261 §16.4), sets the Request-URI, and
// returns the target (§16.5).
func (f *Front) target(req *sip.Request) (binding, error) {
	none := binding{}
	if route := req.Route(); route != nil && f.serves(route.Address.Host) {
		req.RemoveHeader("Route")
	}
	if req.Route() != nil {
		return none, &refusal{sip.StatusForbidden, "No Way Beyond This Domain", nil}
	}
	if b, ok := f.location.at(req.Recipient); ok {
		return b, nil // a contact, as in later requests of a call
	}
	user := req.Recipient.User
	if _, exists := f.digest.users[user]; !exists || !f.serves(req.Recipient.Host) {
		return none, &refusal{sip.StatusNotFound, "Not Found", nil}
	}
	bindings := f.location.of(user)
	if len(bindings) == 0 {
		return none, &refusal{sip.StatusTemporarilyUnavailable, "Temporarily Unavailable", nil}
	}
	last := bindings[len(bindings)-1]
	req.Recipient = *last.contact.Address.Clone()
	return last, nil
}

// prepare turns a received request into the one to send (RFC 3261 §16.6).
func (f *Front) prepare(p *peer, req *sip.Request) {
	if h := req.MaxForwards(); h != nil {
		h.Dec()
	} else {
		most := sip.MaxForwardsHeader(70)
		req.AppendHeader(&most)
	}
	f.removeCredentials(req)
	// Step 4, for methods that begin a dialog. The transport tells how clients reach us: over
	// their existing connection.
	if slices.Contains([]sip.RequestMethod{sip.INVITE, sip.SUBSCRIBE, sip.REFER}, req.Method) {
		req.PrependHeader(&sip.RecordRouteHeader{Address: sip.Uri{
			Scheme: "sip", Host: f.domain,
			UriParams: sip.HeaderParams{{K: "transport", V: "ws"}, {K: "lr"}},
		}})
	}
	// Step 8. RFC 7118 §5.2.3: "received" may be left out of the client's Via, since the answer
	// goes over its connection anyway. It would tell the callee an address. Answers to us also
	// use the connection, so our host need not be reachable, only unique.
	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: "WS", Host: f.host}
	via.Params.Add("branch", f.branch(p.id, req))
	req.PrependHeader(via)
}

// removeCredentials removes our credentials, because the next hop must not see them.
func (f *Front) removeCredentials(req *sip.Request) {
	headers := req.GetHeaders("Proxy-Authorization")
	if len(headers) == 0 {
		return
	}
	for _, h := range headers {
		req.RemoveHeader(h.Name())
	}
	for _, h := range headers {
		if cred, err := digest.ParseCredentials(h.Value()); err != nil || cred.Realm != f.domain {
			req.AppendHeader(h)
		}
	}
}

// response is the proxy for responses (RFC 3261 §16.7, §16.11). It removes our Via and sends
// the response where the request came from. It drops responses that we did not ask for.
func (f *Front) response(res *sip.Response) {
	via := res.Via()
	if !strings.EqualFold(via.Host, f.host) {
		return
	}
	branch := via.Params.GetOr("branch", "")
	res.RemoveHeader("Via")
	if res.Via() == nil {
		return
	}
	p := f.peer(f.wayBack(branch, res))
	if p == nil {
		f.log.Info("response for nobody", "line", res.StartLine())
		return
	}
	p.write(res)
}
