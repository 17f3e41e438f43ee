package front

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// branch is the branch of our Via on a request from the client with the id. It is
// computed from the request, so that CANCEL and the ACK of a refusal get that of
// their INVITE (RFC 3261 §16.11), and has the id in it, the way back.
func (f *Front) branch(id string, req *sip.Request) string {
	return sip.RFC3261BranchMagicCookie + "." + id + "." + f.signer.sign("branch", transaction(id, req)...)
}

// wayBack returns the id of the client from which the request came, by our branch
// and the Via beneath, which is on top of m now; empty if the branch is not ours.
func (f *Front) wayBack(branch string, m sip.Message) string {
	parts := strings.Split(branch, ".")
	if len(parts) != 3 || !f.signer.signed(parts[2], "branch", transaction(parts[1], m)...) {
		return ""
	}
	return parts[1]
}

// transaction is what all messages of a client's transaction have in common, with
// its CANCEL and ACK; the client's Via is on top.
func transaction(id string, m sip.Message) []string {
	via := m.Via()
	return []string{
		id,
		strings.ToLower(via.SentBy()), via.Params.GetOr("branch", ""),
		m.CallID().Value(),
		strconv.FormatUint(uint64(m.CSeq().SeqNo), 10),
		m.From().Params.GetOr("tag", ""),
	}
}
