// Package report writes results: as JSON in the layout of Autobahn|Testsuite, and as one HTML
// page that loads nothing else.
//
//	Page ──▶ pageMatrix    cases by agents; the template makes HTML of it
//	  └────▶ pageData      the details of every case, for the scripts in page/
package report
