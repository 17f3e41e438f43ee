// Command counted is the program that package steps runs. It builds with the overlay
// of that package and the tag steps only.
package main
