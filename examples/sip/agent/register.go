package agent

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// DefaultExpires is the requested lifetime of a registration, in seconds.
const DefaultExpires = 600

// registration is what successive REGISTER requests share (RFC 3261 §10.2): Call-ID and tag
// stay the same, CSeq increases.
type registration struct {
	callID, tag string
	cseq        uint32
}

// Register registers the user over this connection and returns for how long. The agent must
// register again before that time is over.
func (s *Session) Register(ctx context.Context, expires int) (time.Duration, error) {
	res, err := s.register(ctx, expires)
	var refused *ResponseError
	if errors.As(err, &refused) && refused.Status == sip.StatusIntervalToBrief && res != nil {
		// RFC 3261 §10.2.8: use at least the registrar's minimum.
		if h := res.GetHeader("Min-Expires"); h != nil {
			if least, bad := strconv.ParseUint(h.Value(), 10, 31); bad == nil && int(least) > expires {
				res, err = s.register(ctx, int(least))
			}
		}
	}
	if err != nil {
		return 0, err
	}
	return s.granted(res)
}

// Unregister removes the registration.
func (s *Session) Unregister(ctx context.Context) error {
	_, err := s.register(ctx, 0)
	return err
}

func (s *Session) register(ctx context.Context, expires int) (*sip.Response, error) {
	a := s.agent
	a.mu.Lock()
	defer a.mu.Unlock()

	// RFC 3261 §10.2: the Request-URI names the domain, To and From the user.
	req := sip.NewRequest(sip.REGISTER, sip.Uri{Scheme: "sip", Host: a.Account.Domain})
	from := &sip.FromHeader{Address: a.aor()}
	from.Params.Add("tag", a.registration.tag)
	req.AppendHeader(from)
	req.AppendHeader(&sip.ToHeader{Address: a.aor()})
	callID := sip.CallIDHeader(a.registration.callID)
	req.AppendHeader(&callID)
	a.registration.cseq++
	req.AppendHeader(&sip.CSeqHeader{SeqNo: a.registration.cseq, MethodName: sip.REGISTER})

	// RFC 5626 §4.2: instance and reg-id tell the registrar that a new connection replaces the
	// previous one.
	contact := a.contact()
	contact.Params.Add("reg-id", "1")
	contact.Params.Add("+sip.instance", `"<`+a.instance+`>"`)
	contact.Params.Add("expires", strconv.Itoa(expires))
	req.AppendHeader(contact)
	req.AppendHeader(sip.NewHeader("Supported", "path, outbound"))
	req.AppendHeader(sip.NewHeader("User-Agent", "hawser-sip"))

	res, err := s.do(ctx, req)
	a.registration.cseq = req.CSeq().SeqNo // the answer to a challenge used the next one
	return res, err
}

// granted returns the lifetime granted by the registrar.
func (s *Session) granted(res *sip.Response) (time.Duration, error) {
	ours := s.agent.contact().Address
	for _, h := range res.GetHeaders("Contact") {
		contact, ok := h.(*sip.ContactHeader)
		if !ok || contact.Address.User != ours.User || !strings.EqualFold(contact.Address.Host, ours.Host) {
			continue
		}
		text, ok := contact.Params.Get("expires")
		if !ok {
			if h := res.GetHeader("Expires"); h != nil {
				text = h.Value()
			}
		}
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil || seconds == 0 {
			return 0, fmt.Errorf("the registrar's answer does not say for how long it registered: %s", contact.Value())
		}
		return time.Duration(seconds) * time.Second, nil
	}
	return 0, errors.New("the registrar's answer does not have our Contact")
}
