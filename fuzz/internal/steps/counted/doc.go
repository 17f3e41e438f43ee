// Command counted is the program that package steps runs. It only builds with the overlay of
// that package and the tag steps.
package main
