package export

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"intake/forms"
	"intake/internal/results"
)

func TestCodebook(t *testing.T) {
	t.Parallel()
	form := loadSurvey(t, smallSurvey)
	var file bytes.Buffer
	if err := CodebookCSV(&file, About{Survey: form, Wave: "spring", Made: time.Unix(0, 0)}, Codebook(form)); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.String(), byteOrderMark))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{ // variable or question, and code
		"district a": "1 '=A, “1”", "district (grouped)": "-97 Grouped: another answer, or none", "pay unsure": "-1 Unsure",
		"barriers_cost 1": "1 Ticked", "worn_out (withheld)": "-99 Withheld", "gender man": "2 Man",
	}
	for _, row := range named(records) {
		name := row["variable"]
		if name == "" {
			if name = row["question"]; row["note"] == "" {
				t.Errorf("%s is in no row, and nothing says why", name)
			}
		}
		at := name + " " + row["code"]
		if words, known := want[at]; known && words != row["spss_number"]+" "+row["code_label"] {
			t.Errorf("%s is %s %s, want %s", at, row["spss_number"], row["code_label"], words)
		}
		delete(want, at)
	}
	if len(want) > 0 {
		t.Errorf("the codebook lacks %v", want)
	}
	for _, v := range Codebook(form) {
		if (v.Question.ID == "gender" || v.Question.ID == "one_change") == (v.Name != "") {
			t.Errorf("%s is the variable %q", v.Question.ID, v.Name)
		}
	}
}

// Every question that older versions ask is described, once.
func TestCodebookOfVersions(t *testing.T) {
	t.Parallel()
	older := loadSurvey(t, smallSurvey)
	newer := loadSurvey(t, strings.NewReplacer("version: 1", "version: 2", "id: pay,", "id: salary,").Replace(smallSurvey))
	var names []string
	for _, v := range Codebook(older, newer) {
		names = append(names, v.Question.ID)
	}
	names = slices.Compact(names)
	if last := names[len(names)-1]; last != "pay" || len(names) != 9 {
		t.Errorf("the codebook has %v", names)
	}
}

// drawSurvey draws questions with any words and ids.
func drawSurvey(t *rapid.T) *forms.Form {
	words := rapid.OneOf(rapid.String(), rapid.StringMatching(`['".\r\n =+é字😀]{0,400}`))
	form := &forms.Form{ID: "drawn", Version: 1, Title: forms.Text{"en": words.Draw(t, "title")}}
	page := forms.Page{ID: "page", Title: forms.Text{"en": words.Draw(t, "section")}}
	ids := rapid.SliceOfNDistinct(rapid.OneOf(rapid.StringMatching(`[a-z][a-z0-9_]{0,90}`), rapid.SampledFrom([]string{"by", "to", "and", "text", "text_2", "Q1"})), 1, 8, rapid.ID)
	for i, id := range ids.Draw(t, "ids") {
		q := forms.Question{ID: id, Kind: forms.KindChoice, Label: forms.Text{"en": words.Draw(t, "label")}}
		if i > 0 {
			q.Kind = rapid.SampledFrom([]forms.Kind{forms.KindChoice, forms.KindChoices, forms.KindLongText}).Draw(t, "kind")
		}
		if q.Kind.Closed() {
			for _, code := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9_]{1,70}`), 1, 6, rapid.ID).Draw(t, "codes") {
				q.Options = append(q.Options, forms.Option{Code: code, Label: forms.Text{"en": words.Draw(t, "option")}, Aside: rapid.Bool().Draw(t, "aside")})
			}
		}
		page.Questions = append(page.Questions, q)
	}
	form.Pages = []forms.Page{page}
	return form
}

var validName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

func TestNamesAndNumbersOfAnySurvey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		used := map[string]bool{}
		for _, v := range Codebook(drawSurvey(t)) {
			if v.Name == "" {
				continue
			}
			if !validName.MatchString(v.Name) || used[v.Name] || slices.Contains([]string{"by", "to", "and"}, v.Name) {
				t.Fatalf("%q is no name, or is there twice", v.Name)
			}
			used[v.Name] = true
			numbers, values := map[int]bool{}, map[string]bool{}
			for _, c := range v.Codes {
				if numbers[c.Number] || values[c.Value] {
					t.Fatalf("%s: %v is there twice", v.Name, c)
				}
				numbers[c.Number], values[c.Value] = true, true
			}
		}
	})
}

// TestSyntaxOfAnySurvey reads the syntax as SPSS does: commands end with a
// full stop at the end of a line, strings are in single quotes.
func TestSyntaxOfAnySurvey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		form := drawSurvey(t)
		variables := Codebook(form)
		var out bytes.Buffer
		if err := Syntax(&out, About{Survey: form, Wave: "spring", Made: time.Unix(0, 0)}, "it’s a file's.csv", variables); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(out.Bytes()) {
			t.Fatal("the syntax is not in UTF-8")
		}
		labels := map[string]int{}
		for _, command := range commands(t, strings.TrimPrefix(out.String(), byteOrderMark)) {
			words := strings.Fields(command)
			if len(words) > 3 && words[1] == "LABELS" {
				labels[words[0]+" "+words[2]]++
				for _, text := range stringsIn(t, command) {
					if limit := map[string]int{"VARIABLE": 256, "VALUE": 120}[words[0]]; len(text) > limit {
						t.Fatalf("a label has %d bytes: %s", len(text), command)
					}
				}
			}
		}
		for _, v := range variables {
			if v.Name != "" && (labels["VARIABLE "+v.Name] != 1 || labels["VALUE "+v.Name] != 1) {
				t.Fatalf("%s has no labels, or several: %v", v.Name, labels)
			}
		}
	})
}

var knownCommand = regexp.MustCompile(`^(GET DATA|RECODE|EXECUTE|DELETE VARIABLES|VARIABLE LABELS|VALUE LABELS|FORMATS|MISSING VALUES)\b`)

// commands splits syntax.
func commands(t *rapid.T, syntax string) []string {
	var out []string
	var command []string
	for _, line := range strings.Split(strings.TrimSuffix(syntax, "\r\n"), "\r\n") {
		switch {
		case len(line) > 256:
			t.Fatalf("a line has %d bytes", len(line))
		case strings.ContainsAny(line, "\r\n\t"):
			t.Fatalf("%q is no one line", line)
		case len(command) == 0 && strings.HasPrefix(line, "*"):
			if !strings.HasSuffix(line, ".") {
				t.Fatalf("the comment %q does not end", line)
			}
			continue
		case line == "":
			if len(command) > 0 {
				t.Fatalf("an empty line ends %v", command)
			}
			continue
		}
		command = append(command, strings.TrimSpace(line))
		if strings.HasSuffix(line, ".") {
			out = append(out, strings.Join(command, " "))
			command = nil
		}
	}
	if len(command) > 0 {
		t.Fatalf("%v does not end", command)
	}
	for _, c := range out {
		if !knownCommand.MatchString(c) {
			t.Fatalf("%q is no command that was meant", c)
		}
		stringsIn(t, c)
	}
	return out
}

// stringsIn gives the strings of a command, those that are joined as one.
func stringsIn(t *rapid.T, command string) []string {
	var out []string
	joined := false
	for rest := command; ; {
		before, after, found := strings.Cut(rest, "'")
		if !found {
			return out
		}
		joined = strings.TrimSpace(before) == "+"
		text := ""
		for {
			part, more, closed := strings.Cut(after, "'")
			if !closed {
				t.Fatalf("a string does not end: %s", command)
			}
			text, after = text+part, more
			if !strings.HasPrefix(more, "'") {
				break
			}
			text, after = text+"'", more[1:]
		}
		if joined {
			out[len(out)-1] += text
		} else {
			out = append(out, text)
		}
		rest = after
	}
}

func TestSyntaxOfTheBuiltInSurvey(t *testing.T) {
	t.Parallel()
	form := builtInSurvey(t)
	var out bytes.Buffer
	if err := Syntax(&out, About{Survey: form, Wave: "spring", Made: time.Unix(0, 0)}, "responses.csv", Codebook(form)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"/FILE='responses.csv'", "  ('home_care'=1)\r\n", "INTO service.", "VALUE LABELS pay_rating\r\n  1\r\n    'Very good'\r\n",
		"MISSING VALUES can_raise_concerns (LOWEST THRU -1).", "'What stops you training: I am not paid for the time'.",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the syntax lacks %q", want)
		}
	}
	for _, id := range append([]string{"one_change"}, results.LeftOut...) {
		if strings.Contains(out.String(), "INTO "+id+".") {
			t.Errorf("the syntax expects %s in the file", id)
		}
	}
}
