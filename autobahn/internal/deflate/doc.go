// Package deflate is the conformance suite's own DEFLATE (RFC 1951), as
// permessage-deflate (RFC 7692) uses it: an inflater that holds every distance
// against the window that was agreed, a deflater that sends, and blocks made by
// hand, which no honest compressor makes.
package deflate
