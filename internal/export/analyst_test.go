package export

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"intake/forms"
	"intake/internal/results"
)

// analystOf makes the file of people who answer at random.
func analystOf(t *testing.T, form *forms.Form, people []forms.Answers) *Analyst {
	t.Helper()
	indexer := results.NewIndexer(results.NewLayout(form))
	for _, a := range people {
		if err := indexer.Add(form.Version, a); err != nil {
			t.Fatal(err)
		}
	}
	published, err := indexer.Index().Publish([]int{len(people)})
	if err != nil {
		t.Fatal(err)
	}
	a := &Analyst{Variables: Codebook(form), Rows: published.Rows()}
	a.Survey, a.Wave, a.Released, a.Made = form, "spring", len(people), time.Unix(0, 0)
	return a
}

// TestAnalystsFile reads the file back: each row holds what one response said,
// or says that it is withheld.
func TestAnalystsFile(t *testing.T) {
	t.Parallel()
	form := loadSurvey(t, smallSurvey)
	random := rand.New(rand.NewPCG(3, 3))
	var people []forms.Answers
	for range 500 {
		people = append(people, randomAnswers(form, random))
	}
	a := analystOf(t, form, people)
	var file bytes.Buffer
	err := a.Write(&file, func(add func(int, forms.Answers) error) error {
		for _, answers := range people {
			if err := add(1, answers); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range archive.File {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"about.txt", "codebook.csv", "responses.sps", "responses.csv"}) {
		t.Errorf("the archive holds %v", names)
	}
	in, err := archive.Open(RowsFile)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), byteOrderMark))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var columns []Variable
	for _, v := range a.Variables {
		if v.Name != "" {
			columns = append(columns, v)
		}
	}
	given := 0
	for n, row := range records[1:] {
		for i, v := range columns {
			if records[0][i] != v.Name || row[i] != "" && !slices.ContainsFunc(v.Codes, func(c Code) bool { return c.Value == row[i] }) {
				t.Fatalf("%s is %q, which the codebook does not have", records[0][i], row[i])
			}
			said, want := people[n][v.Question.ID], ""
			switch {
			case v.Option != "" && len(said) > 0 && slices.Contains(said, v.Option):
				want = results.Ticked
			case v.Option != "" && len(said) > 0:
				want = results.NotTicked
			case v.Option == "" && len(said) > 0:
				want = said[0]
			}
			if row[i] == want {
				given++
			} else if row[i] != results.Grouped && row[i] != results.Undivided && row[i] != results.WithheldCell {
				t.Fatalf("row %d says %q to %s, the response %q", n, row[i], v.Name, want)
			}
		}
	}
	if len(records) != 501 || given < 2_000 {
		t.Errorf("%d rows with %d answers", len(records)-1, given)
	}
}

// A file whose responses are not those that were counted is no file.
func TestAnalystsFileOfOtherResponses(t *testing.T) {
	t.Parallel()
	form := loadSurvey(t, smallSurvey)
	random := rand.New(rand.NewPCG(4, 4))
	var people []forms.Answers
	for range 60 {
		people = append(people, randomAnswers(form, random))
	}
	for what, given := range map[string][]forms.Answers{"fewer": people[:59], "more": append(slices.Clone(people), people[0])} {
		err := analystOf(t, form, people).Write(io.Discard, func(add func(int, forms.Answers) error) error {
			for _, answers := range given {
				if err := add(1, answers); err != nil {
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, results.ErrOtherResponses) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestAnalystsFileIsStreamed looks at the memory in use after a few rows and
// after many. Not parallel: it is that of the whole process.
func TestAnalystsFileIsStreamed(t *testing.T) {
	form := loadSurvey(t, smallSurvey)
	random := rand.New(rand.NewPCG(5, 5))
	const kinds = 100
	var people []forms.Answers
	for range kinds {
		people = append(people, randomAnswers(form, random))
	}
	people = slices.Repeat(people, 100)
	inUse := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var early, late int64
	err := analystOf(t, form, people).Write(io.Discard, func(add func(int, forms.Answers) error) error {
		for n, answers := range people {
			if err := add(1, answers); err != nil {
				return err
			}
			if n == 1_000 {
				early = inUse()
			}
		}
		late = inUse()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if grown := late - early; grown > 256<<10 {
		t.Errorf("9,000 rows more take %d kB", grown>>10)
	}
}
