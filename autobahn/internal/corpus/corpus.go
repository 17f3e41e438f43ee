package corpus

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// A Corpus is the data that the messages of chapters 12 and 13 are cut from. The five corpora
// are generated, so that no one else's data is needed and they never change. They have the
// sizes of the original's files and compress about as well.
type Corpus struct {
	Name, Title string
	Binary      bool // else UTF-8
	Data        []byte
	characters  []uint32 // where each begins in bytes; nil for a binary corpus
}

// The corpora are generated when first used.
var (
	JSON     = sync.OnceValue(func() *Corpus { return textCorpus("json", "JSON records", jsonRecords(194056)) })
	Image    = sync.OnceValue(func() *Corpus { return binaryCorpus("image", "Gray bitmap of 512 by 512", bitmap()) })
	Prose    = sync.OnceValue(func() *Corpus { return binaryCorpus("prose", "Prose in ISO 8859-1", novel(222218)) })
	HTML     = sync.OnceValue(func() *Corpus { return textCorpus("html", "HTML tables", htmlTables(263647)) })
	Document = sync.OnceValue(func() *Corpus { return binaryCorpus("document", "PDF-like document", pdfObjects(1042328)) })
)

func binaryCorpus(name, title string, p []byte) *Corpus {
	return &Corpus{Name: name, Binary: true, Data: p, Title: fmt.Sprintf("%s (binary, %d bytes)", title, len(p))}
}

func textCorpus(name, title string, p []byte) *Corpus {
	c := &Corpus{Name: name, Data: p, Title: fmt.Sprintf("%s (UTF-8, %d bytes)", title, len(p))}
	for i := range string(p) {
		c.characters = append(c.characters, uint32(i))
	}
	return c
}

// length returns the number of characters, or of bytes in a binary corpus.
func (c *Corpus) length() int {
	if c.Binary {
		return len(c.Data)
	}
	return len(c.characters)
}

// offset returns where character i begins.
func (c *Corpus) offset(i int) int {
	switch {
	case c.Binary:
		return i
	case i == len(c.characters):
		return len(c.Data)
	}
	return int(c.characters[i])
}

// Cut appends piece i of n characters, or bytes of a binary corpus, to dst. The next piece
// begins where this one ends; after the end of the corpus comes its beginning.
func (c *Corpus) Cut(dst []byte, i, n int) []byte {
	at := i * n % c.length()
	for n > 0 {
		take := min(n, c.length()-at)
		dst = append(dst, c.Data[c.offset(at):c.offset(at+take)]...)
		at, n = 0, n-take
	}
	return dst
}

// splitmix is SplitMix64 of Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
// Generators" (2014). With it the data are the same in every version of Go.
type splitmix uint64

func (s *splitmix) next() uint64 {
	*s += 0x9E3779B97F4A7C15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// below returns a number from 0 to n-1.
func (s *splitmix) below(n int) int { return int(s.next() >> 33 % uint64(n)) }

// rare returns a number from 0 to n-1, the small ones more often.
func (s *splitmix) rare(n int) int { return s.below(1 + s.below(1+s.below(n))) }

// pick returns one of words.
func (s *splitmix) pick(words []string) string { return words[s.below(len(words))] }

// fit cuts text to size bytes, at a character boundary, and pads it with spaces.
func fit(b *strings.Builder, size int) []byte {
	p := []byte(b.String())[:size]
	for i := size - 1; ; i-- {
		if utf8.RuneStart(p[i]) {
			if !utf8.FullRune(p[i:]) {
				for j := i; j < size; j++ {
					p[j] = ' '
				}
			}
			return p
		}
	}
}

// people have letters of two, three and four bytes in UTF-8.
var people = []string{
	"Ana Šimić", "Bjørn Ångström", "Chloë Façade", "Dimitra Ελληνίδου", "Ewa Żółć", "Fyodor Ивановский",
	"Gül Çiçek", "Hana 花子", "Ismail", "Jürgen Groß", "Kim 민준", "Lina", "Mira 𝒜𝓁𝓅𝒽𝒶", "Noor", "Olaf", "Priya प्रिया",
}

// jsonRecords returns JSON: short records, so that similar ones are within a window of 9 bits,
// as in the original's.
func jsonRecords(size int) []byte {
	r := splitmix(12)
	var b strings.Builder
	b.WriteString("{\n    \"records\": [")
	cities := []string{"Århus", "Łódź", "東京", "Reykjavík", "Αθήνα", "Oslo", "Lyon", "São Paulo"}
	name, city := people[0], cities[0]
	for i := 0; b.Len() < size; i++ {
		if i%8 == 0 {
			name, city = r.pick(people), r.pick(cities)
		}
		fmt.Fprintf(&b, `
        {
            "id": %d,
            "active": %t,
            "currency": "EUR",
            "balance": %d,
            "name": "%s",
            "city": "%s",
            "mood": "%s"
        },`, i, r.below(4) > 0, 100*r.below(8), name, city, r.pick([]string{"quiet", "🎈", "busy", "🚲"}))
	}
	return fit(&b, size)
}

// htmlTables returns HTML: tables of a few different words.
func htmlTables(size int) []byte {
	r := splitmix(13)
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Tables — 表</title></head>\n<body>\n")
	kinds := []string{"even", "odd", "even last", "odd first"}
	for i := 0; b.Len() < size; i++ {
		if i%24 == 0 {
			fmt.Fprintf(&b, "<h2 id=\"s%d\">%s</h2>\n<table class=\"data sortable\">\n", i/24, r.pick(people))
		}
		fmt.Fprintf(&b, "  <tr class=\"%s\" onmouseover=\"highlight(this)\">\n    <td class=\"number\" style=\"text-align: right\">%d</td>\n    <td class=\"name\"><a href=\"/people/%d.html\">%s</a></td>\n    <td class=\"flag\">&nbsp;%s&nbsp;</td>\n  </tr>\n",
			r.pick(kinds), i, r.below(500), people[r.rare(len(people))], r.pick([]string{"yes", "no", "–"}))
		if i%24 == 23 {
			b.WriteString("</table>\n<p><a href=\"#top\">Back to the top</a></p>\n")
		}
	}
	return fit(&b, size)
}

// novel returns prose in an invented language, in ISO 8859-1.
func novel(size int) []byte {
	r := splitmix(14)
	onsets := strings.Fields("b br d dr f g gl h j k kr l m n p r s sch st t tr v w z")
	vowels := strings.Fields("a e e e i i o u au ei \xE4 \xF6 \xFC \xE9")
	codas := append(strings.Fields("n n r r s t ch l m nd ng rt st"), "", "", "")
	words := make([]string, 6000)
	for i := range words {
		for range 1 + r.below(1+min(3, i/40+1)) {
			words[i] += r.pick(onsets) + r.pick(vowels) + r.pick(codas)
		}
	}
	p := make([]byte, 0, size+256)
	for len(p) < size {
		for line := range 2 + r.below(30) {
			for word := range 4 + r.below(7) {
				w := words[r.rare(len(words))]
				if word == 0 || r.below(9) == 0 {
					w = strings.ToUpper(w[:1]) + w[1:]
				}
				p = append(append(p, w...), ' ')
			}
			p[len(p)-1] = ",.;!,.?:"[(line+r.below(4))%8]
			p = append(p, "\r\n"...)
		}
		p = append(p, "\r\n"...)
	}
	return p[:size]
}

// bitmap returns a BMP file of 512 by 512 pixels in 256 grays: waves with noise.
func bitmap() []byte {
	const side, head = 512, 54 + 4*256
	r := splitmix(15)
	p := append(make([]byte, 0, head+side*side), "BM"...)
	for _, v := range []uint32{head + side*side, 0, head, 40, side, side, 1 | 8<<16, 0, side * side, 2835, 2835, 256, 0} {
		p = binary.LittleEndian.AppendUint32(p, v)
	}
	for i := range 256 {
		p = append(p, byte(i), byte(i), byte(i), 0)
	}
	for y := range side {
		for x := range side {
			// Parabolas instead of sines: integers are the same on every machine.
			wave := func(v, period int) int { v %= period; return 4 * v * (period - v) * 60 / (period * period) }
			noise := r.below(13) + r.below(13)
			p = append(p, byte(40+wave(x+y/3, 340)+wave(y, 410)+wave(x+2*y, 700)+noise))
		}
	}
	return p
}

// pdfObjects returns data like a PDF file: compressed streams or pictures, with objects in
// between.
func pdfObjects(size int) []byte {
	r := splitmix(16)
	p := append(make([]byte, 0, size+1<<16), "%PDF-1.4\n%\xE2\xE3\xCF\xD3\n"...)
	for i := 1; len(p) < size; i++ {
		n := 2000 + r.below(14000)
		switch i % 3 {
		case 0:
			p = fmt.Appendf(p, "%d 0 obj\n<< /Type /XObject /Subtype /Image /Filter /FlateDecode /Length %d >>\nstream\n", i, n)
			for range n / 8 {
				p = binary.LittleEndian.AppendUint64(p, r.next())
			}
		case 1:
			p = fmt.Appendf(p, "%d 0 obj\n<< /Length %d >>\nstream\nBT\n", i, n/3)
			for range n / 100 {
				p = fmt.Appendf(p, "/F%d 9.96 Tf %d.%02d 0 Td [(", 1+r.below(4), r.below(400), r.below(100))
				p = fmt.Appendf(p, "%s)-%d(%s)]TJ\n", r.pick(pdfWords), 200+r.below(200), r.pick(pdfWords))
			}
			p = append(p, "ET"...)
		default:
			p = fmt.Appendf(p, "%d 0 obj\n<< /Type /Page /Parent 1 0 R /Contents %d 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 7 0 R >> >> >>", i, i-1)
			p = append(p, "\nendobj\n"...)
			continue
		}
		p = append(p, "\nendstream\nendobj\n"...)
	}
	return p[:size]
}

var pdfWords = strings.Fields("of the and to message frame payload connection client server close mask length data")
