package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/sdp/v3"
)

// session shortens an offer or an answer to one line for each media section, or shows all of
// it.
func session(d *livekit.SessionDescription, all bool) []string {
	text := strings.TrimSpace(strings.ReplaceAll(d.Sdp, "\r\n", "\n"))
	lines := strings.Split(text, "\n")
	head := fmt.Sprintf("id %d, %s", d.Id, count(len(lines), "line"))
	if all {
		return append([]string{head}, lines...)
	}
	var parsed sdp.SessionDescription
	if err := parsed.UnmarshalString(d.Sdp); err != nil {
		return []string{head, "not SDP: " + err.Error()}
	}
	folded := []string{head}
	for _, m := range parsed.MediaDescriptions {
		folded = append(folded, media(m))
	}
	return folded
}

// media describes a media section in one line: "audio, mid 0, sendrecv, opus red".
func media(m *sdp.MediaDescription) string {
	parts := []string{m.MediaName.Media}
	if mid, ok := m.Attribute("mid"); ok {
		parts = append(parts, "mid "+mid)
	}
	for _, direction := range []string{"sendrecv", "sendonly", "recvonly", "inactive"} {
		if _, ok := m.Attribute(direction); ok {
			parts = append(parts, direction)
		}
	}
	var codecs []string
	candidates := 0
	for _, a := range m.Attributes {
		switch a.Key {
		case "rtpmap": // RFC 8866 §6.6: payload type, then name/rate
			_, codec, _ := strings.Cut(a.Value, " ")
			name, _, _ := strings.Cut(codec, "/")
			if !slices.Contains(codecs, name) {
				codecs = append(codecs, name)
			}
		case "candidate":
			candidates++
		}
	}
	if len(codecs) > 0 {
		parts = append(parts, strings.Join(codecs, " "))
	}
	if candidates > 0 {
		parts = append(parts, count(candidates, "candidate"))
	}
	return strings.Join(parts, ", ")
}
