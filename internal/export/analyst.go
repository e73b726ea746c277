package export

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"

	"intake/forms"
	"intake/internal/results"
)

// Analyst is the analyst's file: a row for each released response.
type Analyst struct {
	About
	Variables []Variable // as Codebook gives them
	Rows      *results.Rows
}

const rowRules = "Each row is one response. Any combination of the dimensions that stands in the file stands in at least 10 rows: what fewer people said is grouped, or not told apart. " +
	"Answers are withheld where fewer than 10 people like this answered, fewer than 20 for a sensitive question, where nearly all of them gave the same answer to a sensitive question, " +
	"and where they would tell of few people together with the tables. What people wrote, and what colleagues may know of each other, is not in the file. " +
	"An empty cell was not answered, or not asked. The rows are in random order. " +
	"Do not try to find out who answered, and keep the file where only those who work with it can read it."

// Write writes the file, a ZIP archive of the rows as CSV, the codebook, syntax
// for SPSS, and a text that says what it is. responses must call its argument
// with each response that the rows are of, in an order that tells nothing.
// Nobody may see what was written if it fails.
func (a *Analyst) Write(w io.Writer, responses func(add func(version int, answers forms.Answers) error) error) error {
	archive := zip.NewWriter(w)
	file := func(name string, write func(io.Writer) error) error {
		out, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.Made})
		if err != nil {
			return fmt.Errorf("begin %s: %w", name, err)
		}
		return write(out)
	}
	if err := file("about.txt", a.writeAbout); err != nil {
		return err
	}
	if err := file("codebook.csv", func(w io.Writer) error { return CodebookCSV(w, a.About, a.Variables) }); err != nil {
		return err
	}
	if err := file("responses.sps", func(w io.Writer) error { return Syntax(w, a.About, RowsFile, a.Variables) }); err != nil {
		return err
	}
	if err := file(RowsFile, func(w io.Writer) error { return a.writeRows(w, responses) }); err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("end the archive: %w", err)
	}
	return nil
}

func (a *Analyst) writeAbout(w io.Writer) error {
	var text bytes.Buffer
	for _, f := range a.facts(rowRules) {
		fmt.Fprintf(&text, "%s: %s\r\n", f.name, oneLine(f.words))
	}
	if _, err := io.WriteString(w, byteOrderMark+text.String()); err != nil {
		return fmt.Errorf("write about.txt: %w", err)
	}
	return nil
}

func (a *Analyst) writeRows(w io.Writer, responses func(add func(version int, answers forms.Answers) error) error) error {
	columns := a.Rows.Columns()
	var header []string
	var from []int // by column of the file
	for _, v := range a.Variables {
		if v.Name == "" {
			continue
		}
		at := slices.Index(columns, results.RowColumn{Question: v.Question.ID, Option: v.Option})
		if at < 0 {
			return fmt.Errorf("write rows: nothing is counted of %s", v.Name)
		}
		header, from = append(header, v.Name), append(from, at)
	}
	out, err := newCSV(w)
	if err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	if err := out.Write(header); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	if err := responses(a.rowWriter(out, from)); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return a.Rows.Complete()
}

// rowWriter writes a response at a time. Its cells hold codes and nothing that
// somebody wrote.
func (a *Analyst) rowWriter(out *csv.Writer, from []int) func(version int, answers forms.Answers) error {
	cells, row := make([]string, len(a.Rows.Columns())), make([]string, len(from))
	return func(version int, answers forms.Answers) error {
		if err := a.Rows.Row(version, answers, cells); err != nil {
			return err
		}
		for i, at := range from {
			row[i] = Harmless(cells[at])
		}
		return out.Write(row)
	}
}
