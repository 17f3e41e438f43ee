//go:build unix

package main

import (
	"strings"
	"testing"
)

// remember runs before the scripts of each page, and keeps the connections that
// the page makes: there is nothing that a user could click to have an agreement
// made anew, and a network that changes is not to be had here.
const remember = `{
	const connections = [];
	window.RTCPeerConnection = class extends RTCPeerConnection {
		constructor(...options) {
			super(...options);
			connections.push(this);
		}
	};
	const last = () => connections.at(-1);
	const fragment = description => /^a=ice-ufrag:(.*)$/m.exec(description?.sdp)?.[1].trim() ?? "";
	window.negotiation = {
		restart: () => last().restartIce(),
		read: () => ({
			connections: connections.length,
			state: last()?.signalingState ?? "",
			local: fragment(last()?.currentLocalDescription),
			remote: fragment(last()?.currentRemoteDescription),
		}),
	};
}`

// A negotiation is what a page and its last peer have agreed on.
type negotiation struct {
	Connections   int    `json:"connections"` // made since the page was loaded
	State         string `json:"state"`
	Local, Remote string // user name fragments of ICE, which a restart changes (RFC 8445 §9)
}

func (b *chromium) negotiation(t *testing.T) negotiation {
	t.Helper()
	return evaluate[negotiation](t, b, "negotiation.read()")
}

// renegotiate has one page ask for a restart of ICE, whose offer and answer
// take the way of all signals, and waits until both have agreed on it.
func (s *stage) renegotiate(t *testing.T, by *chromium) {
	t.Helper()
	ann, bob := s.ann.negotiation(t), s.bob.negotiation(t)
	evaluate[any](t, by, "negotiation.restart()")
	s.agree(t, ann, bob)
}

// agree waits until both pages have, in the connections that they had, agreed
// on other credentials than before.
func (s *stage) agree(t *testing.T, annBefore, bobBefore negotiation) {
	t.Helper()
	var ann, bob negotiation
	if !s.ann.until(t, func() bool {
		ann, bob = s.ann.negotiation(t), s.bob.negotiation(t)
		return ann.State == "stable" && bob.State == "stable" &&
			ann.Local == bob.Remote && bob.Local == ann.Remote &&
			ann.Local != annBefore.Local && bob.Local != bobBefore.Local
	}) {
		t.Fatalf("Ann and Bob do not agree on a restart of ICE:\nbefore %+v, %+v\nnow    %+v, %+v", annBefore, bobBefore, ann, bob)
	}
	if ann.Connections != annBefore.Connections || bob.Connections != bobBefore.Connections {
		t.Errorf("instead of a restart of ICE there are other connections:\nbefore %+v, %+v\nnow    %+v, %+v", annBefore, bobBefore, ann, bob)
	}
}

// offered waits until the page has sent an offer behind the first from messages.
func (b *chromium) offered(t *testing.T, from int) {
	t.Helper()
	if !b.until(t, func() bool {
		for _, m := range b.wire()[from:] {
			if m.sent && strings.Contains(m.text, "description") && strings.Contains(m.text, "offer") {
				return true
			}
		}
		return false
	}) {
		t.Fatalf("%s's page has sent no offer", b.name)
	}
}
