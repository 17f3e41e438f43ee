package front

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// binding is where a user can be reached (RFC 3261 §10.1): a contact, and the connection that
// registered it.
type binding struct {
	user    string
	contact *sip.ContactHeader
	peer    *peer
	callID  string
	cseq    uint32
	expires time.Time
}

// instance identifies a client across reconnections (RFC 5626 §6): its instance and reg-id. It
// is empty unless it has both.
func instance(contact *sip.ContactHeader) string {
	id, _ := contact.Params.Get("+sip.instance")
	reg, _ := contact.Params.Get("reg-id")
	if id == "" || reg == "" {
		return ""
	}
	return id + " " + reg
}

// address returns the part of a contact's URI that identifies it. Parameters may differ from
// request to request: JsSIP adds ;ob in calls.
func address(uri sip.Uri) string {
	return uri.User + "@" + strings.ToLower(uri.Host) + ":" + strconv.Itoa(uri.Port)
}

// same reports whether contact would replace b.
func (b *binding) same(contact *sip.ContactHeader) bool {
	if id := instance(contact); id != "" && id == instance(b.contact) {
		return true
	}
	return address(b.contact.Address) == address(contact.Address)
}
