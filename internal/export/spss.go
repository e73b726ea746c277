package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What SPSS takes, in bytes: of a line of syntax, of a variable's label and of
// a value's. A piece is how much of a text stands on one line.
const (
	maxSyntaxLine    = 250
	maxVariableLabel = 255
	maxValueLabel    = 120
	maxPiece         = 60
)

// Syntax writes SPSS syntax that reads the analyst's file and turns the codes
// of its answers into numbers with labels, those that are not answers being
// missing values. file is the name of the CSV file.
func Syntax(w io.Writer, about About, file string, variables []Variable) error {
	s := &syntax{out: bufio.NewWriter(w), raw: newNaming()}
	for _, v := range variables {
		if v.Name != "" {
			s.variables = append(s.variables, v)
			s.raw.used[v.Name] = true
		}
	}
	for range s.variables {
		s.texts = append(s.texts, s.raw.of("text"))
	}
	// Without the mark SPSS reads syntax in the machine's own character set.
	_, _ = s.out.WriteString(byteOrderMark)
	s.comment(about)
	s.read(file)
	s.recode()
	s.label()
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("write SPSS syntax: %w", err)
	}
	return nil
}

type syntax struct {
	out       *bufio.Writer
	variables []Variable
	raw       *naming
	texts     []string // the names of the columns as they are read, by variable
}

// line writes a line of syntax. A fault of the writer comes out at its end.
func (s *syntax) line(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, format+"\r\n", args...)
}

func (s *syntax) comment(about About) {
	for _, f := range about.origin() {
		for i, part := range pieces(oneLine(f.words), maxPiece) {
			if i == 0 {
				part = f.name + " " + part
			}
			// A comment ends with a full stop at the end of a line.
			s.line("* %s.", strings.TrimRight(part, ". "))
		}
	}
	s.line("")
}

// read reads every column as text, as wide as its longest code.
func (s *syntax) read(file string) {
	s.line("GET DATA")
	s.line("  /TYPE=TXT")
	s.line("  /FILE=%s", quoted(file))
	s.line("  /ENCODING='UTF8'")
	s.line("  /ARRANGEMENT=DELIMITED")
	s.line("  /FIRSTCASE=2")
	s.line("  /DELIMITERS=','")
	s.line("  /QUALIFIER='\"'")
	s.line("  /VARIABLES=")
	for i, v := range s.variables {
		width := 1
		for _, code := range v.Codes {
			width = max(width, len(code.Value))
		}
		end := ""
		if i == len(s.variables)-1 {
			end = "."
		}
		s.line("    %s A%d%s", s.texts[i], width, end)
	}
	s.line("")
}

func (s *syntax) recode() {
	for i, v := range s.variables {
		s.line("RECODE %s", s.texts[i])
		for _, code := range v.Codes {
			s.line("  (%s=%d)", quoted(code.Value), code.Number)
		}
		s.line("  (ELSE=SYSMIS)")
		s.line("  INTO %s.", v.Name)
	}
	s.line("EXECUTE.")
	s.line("DELETE VARIABLES")
	for _, name := range s.texts {
		s.line("  %s", name)
	}
	s.line("  .")
	s.line("")
}

func (s *syntax) label() {
	for _, v := range s.variables {
		s.line("VARIABLE LABELS %s", v.Name)
		s.words("  ", shortened(v.Label, maxVariableLabel), ".")
		s.line("VALUE LABELS %s", v.Name)
		for i, code := range v.Codes {
			end := ""
			if i == len(v.Codes)-1 {
				end = "."
			}
			s.line("  %d", code.Number)
			s.words("    ", shortened(code.Label, maxValueLabel), end)
		}
		s.line("FORMATS %s (F4.0).", v.Name)
		s.line("MISSING VALUES %s (LOWEST THRU -1).", v.Name)
	}
	s.line("EXECUTE.")
}

// words writes a text in pieces that are joined, so that no line is too long.
func (s *syntax) words(indent, words, end string) {
	parts := pieces(words, maxPiece)
	for i, part := range parts {
		join := " +"
		if i == len(parts)-1 {
			join = end
		}
		s.line("%s%s%s", indent, quoted(part), join)
	}
}

// quoted is a text as a string of SPSS syntax.
func quoted(words string) string { return "'" + strings.ReplaceAll(words, "'", "''") + "'" }

// oneLine makes white space and whatever cannot be seen single blanks.
func oneLine(words string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(words, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\uFEFF'
	}), " ")
}

// shortened is a text on one line of at most limit bytes.
func shortened(words string, limit int) string {
	const more = "…"
	words = oneLine(words)
	if len(words) <= limit {
		return words
	}
	return strings.TrimSpace(pieces(words, limit-len(more))[0]) + more
}

// pieces cuts a text into parts of at most limit bytes, between characters. An
// empty text is one part.
func pieces(words string, limit int) []string {
	var parts []string
	for len(words) > limit {
		cut := limit
		for cut > 0 && !utf8.RuneStart(words[cut]) {
			cut--
		}
		parts, words = append(parts, words[:cut]), words[cut:]
	}
	return append(parts, words)
}
