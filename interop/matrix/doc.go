// Command matrix judges WebSocket implementations of many languages with package
// autobahn, as servers and as clients, and writes one page that compares them:
//
//	make matrix                                   # sets up, judges and renders everything
//	go run ./matrix -only node-ws,gorilla         # some peers; the page keeps the others
//	go run ./matrix -only node-ws -cases '5.*'    # a try: only the terminal shows it
//	go run ./matrix -show node-ws/server/5.3      # one case with its wire log
//	go run ./matrix -render                       # the page again, without playing
//
// The commands run in the folder interop, with GOWORK=off.
//
// # A peer
//
// A peer is a folder peers/NAME with programs, which may be scripts:
//
//	manifest.json       its name, language, project, Debian packages, and a note
//	setup               optional: installs what it needs into $MATRIX_CACHE/NAME
//	version             prints the version of the library as installed
//	server HOST PORT    echoes every message at any path, until SIGTERM
//	client URL AGENT FROM TO   plays the cases FROM to TO of a fuzzing server
//
// A role that the library does not have has no program.
//
// # A finding
//
// findings/NAME.md explains every case of that peer whose verdict is neither OK,
// INFORMATIONAL nor UNIMPLEMENTED:
//
//	## Fault: answers a Ping that comes after the Close frame
//	- role: server
//	- cases: 20.4.1, 20.4.3
//	- sometimes: 20.4.2
//	- show: 20.4.3
//
//	We sent … It answered … RFC 6455, section 5.5.1: "…".
//
// A heading begins with its kind. A Fault is against the RFC. A Choice has
// "documented: URL", the place where the project says so. A Limit of size or time ends
// the case, and the RFC asks for neither. Lenient is milder: the peer takes what nobody
// may send, does less than a SHOULD asks, or refuses as it has to without saying why.
//
// The role is server, client or both. Patterns of cases are those of autobahn.Select.
// "sometimes" is for cases that do not fail in every run; "show" names the case whose
// wire log the page has, otherwise the first that fails. "security: a client can end
// the process" is for what its project is to hear before the page is published; the
// README lists these. The text is paragraphs with `code` and [links](https://…), no
// other Markdown.
//
// With "verdict: NON-STRICT", or another one as results.json has it, a finding covers
// only the cases with exactly that verdict. The first finding that covers a case
// explains it.
//
// findings/shared.md has what several peers do in the same way. Such a finding has a
// verdict, and covers cases of all peers or of those named in "peers: a, b". A peer's
// own findings go first.
//
// # How it is made
//
//	peer ── setup ── judge as server, as client ──▶ record   $MATRIX_CACHE/results/NAME.gob
//	                                                  │       all results, with wire logs
//	                                                  ▼
//	                       findings ──▶ results.json, wirelogs.json ──▶ README.md, index.html
//
// The four files are in docs/conformance. The last two are made from the first two,
// the manifests and the findings alone, so that a test can tell whether they agree.
package main
