//go:build race

package seeds

// checked is without what takes minutes under the race detector, which has nothing
// to find in it.
const checked = "1.*,2.*,3.*,4.*,5.*,6.[1-4].*,7.*,20.[1-8].*"
