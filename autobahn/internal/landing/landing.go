// Package landing has the page of the fuzzing server that makes a browser the testee.
package landing

import _ "embed"

// Page is a single HTML file. Its script connects to the address that the page came from, and
// plays the cases one after the other. The query of its URL says what happens:
//
//	?play          begin at once
//	&agent=NAME    the browser's name in reports
//	&case=ID       only this case, such as 6.4.1
//	&stop          ask the fuzzing server to end after its report
//
//go:embed landing.html
var Page []byte
