// Package deflate is the conformance suite's own DEFLATE (RFC 1951) for permessage-deflate (RFC
// 7692). It has an inflater that checks every distance against the agreed window, a deflater
// for sending, and hand-made blocks that no honest compressor produces.
package deflate
