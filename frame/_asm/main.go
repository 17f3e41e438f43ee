// Command asm writes the vector kernels of package frame: for amd64 with avo,
// for arm64 as text of the Go assembler.
//
// It is a module of its own so that nobody who uses the library gets avo.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: asm FOLDER-OF-PACKAGE-FRAME")
	}
	folder := os.Args[1]

	for name, kernels := range map[string]func(*asm){
		"mask_amd64.s":         masks,
		"utf8_amd64.s":         func(c *asm) { validators(c, false) },
		"unmask_valid_amd64.s": func(c *asm) { validators(c, true) },
	} {
		c := &asm{Context: build.NewContext()}
		c.ConstraintExpr("!purego")
		kernels(c)
		write(filepath.Join(folder, name), c.text())
	}
	for name, text := range map[string]func() []byte{
		"mask_arm64.s":         maskNEON,
		"utf8_arm64.s":         func() []byte { return validatorNEON(false) },
		"unmask_valid_arm64.s": func() []byte { return validatorNEON(true) },
	} {
		write(filepath.Join(folder, name), text())
	}
}

func write(file string, text []byte) {
	if len(text) == 0 {
		return
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		log.Fatal(err)
	}
}

// asm is one file for amd64.
type asm struct {
	*build.Context
}

// function begins one. The stub is written by hand; go vet compares the two.
func (c *asm) function(name, signature string) {
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr(signature)
}

func (c *asm) text() []byte {
	file, err := c.Result()
	if err != nil {
		log.Fatal(err)
	}
	if err := pass.Compile.Execute(file); err != nil {
		log.Fatal(err)
	}
	text, err := printer.NewGoAsm(printer.Config{Argv: []string{"go", "generate"}, Pkg: "frame"}).Print(file)
	if err != nil {
		log.Fatal(err)
	}
	return text
}
