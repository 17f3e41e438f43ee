package front

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// branch returns the branch of our Via on a request from the client with the id. It is computed
// from the request, so that CANCEL and the ACK of a refusal get the same as their INVITE (RFC
// 3261 §16.11). It contains the id, for the return path.
func (f *Front) branch(id string, req *sip.Request) string {
	return sip.RFC3261BranchMagicCookie + "." + id + "." + f.signer.sign("branch", transaction(id, req)...)
}

// wayBack returns the id of the client that sent the request, from our branch and the Via
// below, which is now on top of m. It is empty if the branch is not ours.
func (f *Front) wayBack(branch string, m sip.Message) string {
	parts := strings.Split(branch, ".")
	if len(parts) != 3 || !f.signer.signed(parts[2], "branch", transaction(parts[1], m)...) {
		return ""
	}
	return parts[1]
}

// transaction returns what all messages of a client's transaction share, including its CANCEL
// and ACK. The client's Via is on top.
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
