package agent

import (
	"context"
	"errors"
	"strings"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// do sends a request, answers a challenge (RFC 3261 §22.2, §22.3), and returns the final
// response. If that is not a success, the error is a *ResponseError.
func (s *Session) do(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ended, func() { cancel(s.Err()) })()

	req.SetTransport(s.network)
	res, err := s.client.Do(ctx, req, sipgo.ClientRequestBuild)
	challenged := false
	for err == nil && s.answerable(res, challenged) {
		challenged = true
		auth := sipgo.DigestAuth{Username: s.agent.Account.User, Password: s.agent.Account.Password}
		res, err = s.client.DoDigestAuth(ctx, req, res, auth)
	}
	switch {
	case err == nil && res.IsSuccess():
		return res, nil
	case err == nil:
		return res, &ResponseError{Method: req.Method, Status: res.StatusCode, Reason: res.Reason, Challenged: challenged}
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, sip.ErrTransactionTimeout):
		// RFC 3261 §8.1.3.1: a timeout is treated as a 408.
		return nil, &ResponseError{Method: req.Method, Status: sip.StatusRequestTimeout, Reason: "Request Timeout", Challenged: challenged}
	}
	return nil, err
}

// answerable reports whether to answer a challenge: the first one, and a further one if only
// the nonce was too old (RFC 3261 §22.4, stale).
func (s *Session) answerable(res *sip.Response, challenged bool) bool {
	if s.agent.Account.Password == "" {
		return false
	}
	name := "WWW-Authenticate"
	switch res.StatusCode {
	case sip.StatusUnauthorized:
	case sip.StatusProxyAuthRequired:
		name = "Proxy-Authenticate"
	default:
		return false
	}
	header := res.GetHeader(name)
	if header == nil {
		return false
	}
	challenge, err := digest.ParseChallenge(header.Value())
	return err == nil && (!challenged || challenge.Stale)
}

// request returns a new request from the user.
func (s *Session) request(method sip.RequestMethod, target sip.Uri) *sip.Request {
	req := sip.NewRequest(method, target)
	from := &sip.FromHeader{Address: s.agent.aor()}
	from.Params.Add("tag", sip.GenerateTagN(16))
	req.AppendHeader(from)
	req.AppendHeader(sip.NewHeader("User-Agent", "hawser-sip"))
	return req
}

// Options asks for the target's capabilities (RFC 3261 §11) and returns its Allow field.
func (s *Session) Options(ctx context.Context, target sip.Uri) (string, error) {
	req := s.request(sip.OPTIONS, target)
	req.AppendHeader(sip.NewHeader("Accept", "text/plain"))
	res, err := s.do(ctx, req)
	if err != nil {
		return "", err
	}
	var allowed []string
	for _, h := range res.GetHeaders("Allow") {
		allowed = append(allowed, h.Value())
	}
	return strings.Join(allowed, ", "), nil
}

// Message sends a text (RFC 3428).
func (s *Session) Message(ctx context.Context, target sip.Uri, text string) error {
	req := s.request(sip.MESSAGE, target)
	req.AppendHeader(sip.NewHeader("Content-Type", "text/plain;charset=utf-8"))
	req.SetBody([]byte(text))
	_, err := s.do(ctx, req)
	return err
}
