//go:build race

package autobahn

// quick is the selection that TestExpected plays: under the race detector without
// the cases that move megabytes, which are about speed.
const quick = "1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.7.*,9.8.*,10.*,20.*,21.*"
