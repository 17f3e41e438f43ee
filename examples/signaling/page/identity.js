// Who this page is: a key that lives as long as the tab, a session for each load of
// the page, and the name that was typed.

// key returns 128 random bits as 22 characters of base64url (RFC 4648 §5). A tab that
// is loaded again is the same member.
export function key() {
  const kept = sessionStorage.getItem("signaling.key");
  if (/^[\w-]{22}$/.test(kept ?? "")) return kept;
  const bytes = String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16)));
  const made = btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  sessionStorage.setItem("signaling.key", made);
  return made;
}

// session returns a random integer from 1 to 2^53-1.
export function session() {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high >>> 11) * 2 ** 32 + low || 1;
}

// A name is remembered in the tab while its user is in the call, so that loading the
// page again leads back into it; and in the browser as a suggestion.
export const name = {
  inCall: () => sessionStorage.getItem("signaling.name"),
  suggested: () => localStorage.getItem("signaling.name") ?? "",
  entered(name) {
    sessionStorage.setItem("signaling.name", name);
    localStorage.setItem("signaling.name", name);
  },
  left: () => sessionStorage.removeItem("signaling.name"),
};
