package front

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Lifetime of a binding in seconds: default, minimum and maximum (RFC 3261 §10.3 steps 6 and
// 7).
const (
	defaultExpires = 600
	minExpires     = 60
	maxExpires     = 3600
)

// refusal is a final response that refuses a request.
type refusal struct {
	status  int
	reason  string
	headers []sip.Header
}

// Error formats it like a status line.
func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.reason) }

// register is the registrar (RFC 3261 §10.3).
func (f *Front) register(p *peer, req *sip.Request) {
	bindings, err := f.bind(p, req)
	if err != nil {
		refused, ok := errors.AsType[*refusal](err)
		if !ok {
			refused = &refusal{status: sip.StatusInternalServerError, reason: "Server Internal Error"}
		}
		f.respond(p, req, refused.status, refused.reason, refused.headers...)
		return
	}
	var headers []sip.Header
	outbound := false
	for _, b := range bindings {
		contact := b.contact.Clone()
		left := time.Until(b.expires).Round(time.Second)
		contact.Params.Add("expires", strconv.Itoa(int(left/time.Second)))
		outbound = outbound || b.peer == p && instance(contact) != ""
		headers = append(headers, contact)
	}
	if outbound && lists(req, "Supported", "outbound") {
		headers = append(headers, sip.NewHeader("Require", "outbound")) // RFC 5626 §6
	}
	headers = append(headers, sip.NewHeader("Date", time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")))
	f.respond(p, req, sip.StatusOK, "OK", headers...)
	f.log.Info("registered", "peer", p, "user", req.To().Address.User, "bindings", len(bindings))
}

// bind executes a REGISTER, in the order of RFC 3261 §10.3.
func (f *Front) bind(p *peer, req *sip.Request) ([]binding, error) {
	if !f.serves(req.Recipient.Host) {
		return nil, &refusal{sip.StatusNotFound, "Not Found", nil} // step 1: there is no other domain to forward to
	}
	if unknown := unsupported(req, "Require", "outbound", "path"); unknown != "" {
		return nil, &refusal{sip.StatusBadExtension, "Bad Extension", []sip.Header{sip.NewHeader("Unsupported", unknown)}}
	}
	user, err := f.authenticate(p, req, "WWW-Authenticate", "Authorization", sip.StatusUnauthorized, "Unauthorized")
	if err != nil {
		return nil, err
	}
	if !f.serves(req.To().Address.Host) {
		return nil, &refusal{sip.StatusNotFound, "Not Found", nil}
	}
	if req.To().Address.User != user {
		return nil, &refusal{sip.StatusForbidden, "Forbidden", nil}
	}
	changes, err := f.changes(req, user)
	if err != nil {
		return nil, err
	}
	bindings, err := f.location.register(p, user, req.CallID().Value(), req.CSeq().SeqNo, changes)
	switch err {
	case errOutOfOrder:
		return nil, &refusal{sip.StatusInternalServerError, "CSeq Is Not Higher", nil}
	case errTaken, errTooMany:
		return nil, &refusal{sip.StatusForbidden, "Forbidden", []sip.Header{sip.NewHeader("Warning", `399 `+f.domain+` "`+err.Error()+`"`)}}
	}
	return bindings, err
}

// changes returns the changes requested by the Contacts of a REGISTER.
func (f *Front) changes(req *sip.Request, user string) ([]change, error) {
	badRequest := &refusal{sip.StatusBadRequest, "Bad Request", nil}
	general := defaultExpires
	if h := req.GetHeader("Expires"); h != nil {
		var ok bool
		if general, ok = seconds(h.Value()); !ok {
			return nil, badRequest
		}
	}
	var changes []change
	contacts := req.GetHeaders("Contact")
	for _, h := range contacts {
		contact, ok := h.(*sip.ContactHeader)
		if !ok {
			return nil, badRequest
		}
		if contact.Address.Wildcard {
			// Step 6: * stands alone, to remove all.
			if len(contacts) > 1 || req.GetHeader("Expires") == nil || general != 0 {
				return nil, badRequest
			}
			for _, b := range f.location.of(user) {
				changes = append(changes, change{contact: b.contact})
			}
			return changes, nil
		}
		if contact.Address.Host == "" || !slices.Contains([]string{"sip", "sips"}, contact.Address.Scheme) {
			return nil, badRequest
		}
		expires := general
		if text, there := contact.Params.Get("expires"); there {
			if expires, ok = seconds(text); !ok {
				expires = defaultExpires // step 7: as if it were not there
			}
		}
		if expires > 0 && expires < minExpires {
			return nil, &refusal{sip.StatusIntervalToBrief, "Interval Too Brief", []sip.Header{sip.NewHeader("Min-Expires", strconv.Itoa(minExpires))}}
		}
		changes = append(changes, change{kept(contact), time.Duration(min(expires, maxExpires)) * time.Second})
	}
	return changes, nil
}

// kept is of a contact what stays: expires passes.
func kept(contact *sip.ContactHeader) *sip.ContactHeader {
	contact = contact.Clone()
	contact.Params.Remove("expires")
	return contact
}

// seconds reads a delta-seconds (RFC 3261 §25.1), which may be as large as 2**32-1.
func seconds(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return int(min(n, 1<<31-1)), err == nil
}

// options are the option-tags in the headers called name.
func options(req *sip.Request, name string) []string {
	var tags []string
	for _, h := range req.GetHeaders(name) {
		for tag := range strings.SplitSeq(h.Value(), ",") {
			tags = append(tags, strings.ToLower(strings.TrimSpace(tag)))
		}
	}
	return tags
}

// lists reports whether a header lists an option-tag.
func lists(req *sip.Request, name, tag string) bool { return slices.Contains(options(req, name), tag) }

// unsupported lists the option-tags of a header that are not among those known.
func unsupported(req *sip.Request, name string, known ...string) string {
	unknown := slices.DeleteFunc(options(req, name), func(tag string) bool { return slices.Contains(known, tag) })
	return strings.Join(unknown, ", ")
}
