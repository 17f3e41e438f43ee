package front

import (
	"errors"

	"github.com/emiago/sipgo/sip"

	"github.com/hawser-ws/websocket/examples/sip/transport"
)

// respond answers a request ourselves, without a transaction (RFC 3261 §8.2.7): the
// tag is computed from the request, so that its ACK is known again.
func (f *Front) respond(p *peer, req *sip.Request, status int, reason string, headers ...sip.Header) {
	if req.IsAck() {
		return // RFC 3261 §17: nothing answers an ACK
	}
	tagged := req.To() != nil && req.To().Params.Has("tag")
	res := sip.NewResponseFromRequest(req, status, reason, nil)
	res.SipVersion = "SIP/2.0" // whatever the request has
	if to := res.To(); to != nil && !tagged {
		to.Params.Add("tag", f.tag(req))
	}
	for _, h := range headers {
		res.AppendHeader(h)
	}
	f.log.Debug("answered", "peer", p, "line", res.StartLine())
	p.write(res)
}

// tag is the tag that our answer to a request puts into To.
func (f *Front) tag(req *sip.Request) string {
	callID, from := "", ""
	if h := req.CallID(); h != nil {
		callID = h.Value()
	}
	if h := req.From(); h != nil {
		from = h.Params.GetOr("tag", "")
	}
	return f.signer.sign("tag", callID, from)
}

// answeredByUs reports whether an ACK is for an answer of respond.
func (f *Front) answeredByUs(ack *sip.Request) bool {
	tag, ok := ack.To().Params.Get("tag")
	return ok && tag == f.tag(ack)
}

// refuseMalformed answers what Decode could not take, if that can be answered.
func (f *Front) refuseMalformed(p *peer, err error) {
	malformed, ok := errors.AsType[*transport.MalformedError](err)
	if !ok || malformed.Request == nil {
		return
	}
	reason := "Bad Request"
	if malformed.Status == sip.StatusVersionNotSupported {
		reason = "Version Not Supported"
	}
	f.respond(p, malformed.Request, malformed.Status, reason)
}
