package front

import (
	"errors"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// forward is the proxy, for requests (RFC 3261 §16, stateless: §16.11).
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
			// It went away this moment. The request has our Via by now, to which the
			// answer is not to go.
			req.RemoveHeader("Via")
			err = &refusal{sip.StatusTemporarilyUnavailable, "Temporarily Unavailable", nil}
		}
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		f.respond(p, req, refused.status, refused.reason, refused.headers...)
	}
}

// validate is RFC 3261 §16.3.
func (f *Front) validate(req *sip.Request) error {
	if !slices.Contains([]string{"sip", "sips"}, strings.ToLower(req.Recipient.Scheme)) {
		return &refusal{416, "Unsupported URI Scheme", nil}
	}
	if h := req.MaxForwards(); h != nil && h.Val() == 0 {
		return &refusal{sip.StatusTooManyHops, "Too Many Hops", nil}
	}
	for _, h := range req.GetHeaders("Via") {
		// Nothing that has left us has a reason to come back.
		if via, ok := h.(*sip.ViaHeader); ok && strings.EqualFold(via.Host, f.host) {
			return &refusal{sip.StatusLoopDetected, "Loop Detected", nil}
		}
	}
	if unknown := unsupported(req, "Proxy-Require"); unknown != "" {
		return &refusal{sip.StatusBadExtension, "Bad Extension", []sip.Header{sip.NewHeader("Unsupported", unknown)}}
	}
	return nil
}

// target takes our own Route off a request (RFC 3261 §16.4) and returns where it is
// to go (§16.5), with the Request-URI set to that.
func (f *Front) target(req *sip.Request) (binding, error) {
	none := binding{}
	if route := req.Route(); route != nil && f.serves(route.Address.Host) {
		req.RemoveHeader("Route")
	}
	if req.Route() != nil {
		return none, &refusal{sip.StatusForbidden, "No Way Beyond This Domain", nil}
	}
	if b, ok := f.location.at(req.Recipient); ok {
		return b, nil // a contact, as in the later requests of a call
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

// prepare makes of a request received the one to send (RFC 3261 §16.6).
func (f *Front) prepare(p *peer, req *sip.Request) {
	if h := req.MaxForwards(); h != nil {
		h.Dec()
	} else {
		most := sip.MaxForwardsHeader(70)
		req.AppendHeader(&most)
	}
	f.removeCredentials(req)
	// Step 4. The methods that begin a dialog; the transport is how the clients get
	// here, by the connection that they have.
	if slices.Contains([]sip.RequestMethod{sip.INVITE, sip.SUBSCRIBE, sip.REFER}, req.Method) {
		req.PrependHeader(&sip.RecordRouteHeader{Address: sip.Uri{
			Scheme: "sip", Host: f.domain,
			UriParams: sip.HeaderParams{{K: "transport", V: "ws"}, {K: "lr"}},
		}})
	}
	// Step 8. RFC 7118 §5.2.3: "received" may be left out of the client's own Via, since
	// the answer goes over its connection anyway. It would tell the callee an address.
	// So does the answer to us: there is no need of a host that leads here, but of one
	// that nobody else has.
	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: "WS", Host: f.host}
	via.Params.Add("branch", f.branch(p.id, req))
	req.PrependHeader(via)
}

// removeCredentials takes away what was for us: the next hop has no use for it.
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

// response is the proxy, for responses (RFC 3261 §16.7, §16.11): it takes our Via
// off and goes where the request came from. What we have not asked for goes nowhere.
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
