package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"intake/forms"
	"intake/internal/organisation"
	"intake/internal/results"
)

var comparedViews = flag.Int("views", 100, "how many random views are read back from files")

const smallSurvey = `
id: small
version: 1
kind: survey
title: {en: "=Small"}
languages: [en]
pages:
  - id: all
    title: {en: "+All"}
    questions:
      - {id: care_role, kind: choice, label: {en: "Paid?"}, options: [{code: "paid", label: {en: "-Yes"}}, {code: "no", label: {en: "No"}}]}
      - {id: district, kind: choice, label: {en: "Where?"}, options: [{code: a, label: {en: "=A, “1”"}}, {code: b, label: {en: B}}, {code: c, label: {en: C}}]}
      - {id: service, kind: choice, label: {en: "What?"}, when: {field: care_role, eq: paid}, options: [{code: a, label: {en: A}}, {code: b, label: {en: B}}]}
      - {id: pay, kind: choice, label: {en: "Pay?"}, headline: true, positive: [good], options: [{code: good, label: {en: Good}}, {code: fair, label: {en: Fair}}, {code: poor, label: {en: Poor}}, {code: unsure, label: {en: Unsure}, aside: true}]}
      - {id: worn_out, kind: choice, label: {en: "Worn out?"}, sensitive: true, reverse: true, positive: [never], options: [{code: never, label: {en: Never}}, {code: often, label: {en: Often}}]}
      - {id: barriers, kind: choices, label: {en: "Barriers?"}, options: [{code: cost, label: {en: Cost}}, {code: travel, label: {en: Travel}}, {code: none, label: {en: None}, excludes: true}]}
      - {id: gender, kind: choice, label: {en: "Gender?"}, sensitive: true, options: [{code: woman, label: {en: Woman}}, {code: man, label: {en: Man}}]}
      - {id: one_change, kind: long_text, max: 500, label: {en: "One change?"}}
`

func loadSurvey(t testing.TB, source string) *forms.Form {
	t.Helper()
	form, err := forms.Load([]byte(source), nil)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func builtInSurvey(t testing.TB) *forms.Form {
	t.Helper()
	source, _ := forms.BuiltIn("care-worker-survey")
	var districts []forms.Option
	for _, d := range organisation.Demo().Districts {
		districts = append(districts, forms.Option{Code: d.Slug, Label: forms.Text{"en": d.Name}})
	}
	form, err := forms.Load(source, forms.Lists{"districts": districts})
	if err != nil {
		t.Fatal(err)
	}
	return form
}

// randomAnswers answers most questions, the first options more often.
func randomAnswers(form *forms.Form, random *rand.Rand) forms.Answers {
	a := forms.Answers{}
	for _, page := range form.Pages {
		for _, q := range page.Questions {
			switch {
			case random.IntN(10) == 0:
			case !q.Kind.Closed():
				a[q.ID] = []string{"=HYPERLINK(1)"}
			default:
				at := int(float64(len(q.Options)) * random.Float64() * random.Float64())
				a[q.ID] = []string{q.Options[at].Code}
				if last := len(q.Options) - 1; q.Kind.Several() && at < last-1 && random.IntN(2) == 0 {
					a[q.ID] = append(a[q.ID], q.Options[at+1].Code)
				}
			}
		}
	}
	return form.Strip(a)
}

func publish(t testing.TB, form *forms.Form, random *rand.Rand, people int) *results.Published {
	t.Helper()
	indexer := results.NewIndexer(results.NewLayout(form))
	for range people {
		if err := indexer.Add(form.Version, randomAnswers(form, random)); err != nil {
			t.Fatal(err)
		}
	}
	published, err := indexer.Index().Publish([]int{people})
	if err != nil {
		t.Fatal(err)
	}
	return published
}

// randomView asks for up to two filters, and mostly a breakdown.
func randomView(form *forms.Form, random *rand.Rand) results.View {
	var v results.View
	for n, d := range random.Perm(len(results.Dimensions)) {
		q := form.Question(results.Dimensions[d])
		switch {
		case q == nil:
		case len(v.Filters) < 2 && random.IntN(3) == 0:
			v.Filters = append(v.Filters, results.Filter{Question: q.ID, Option: q.Options[random.IntN(len(q.Options))].Code})
		case v.By == "" && n > 2:
			v.By = q.ID
		}
	}
	return v
}

// TestFilesAgreeWithTheFigures reads CSV and workbook back, and compares them
// with what was disclosed, figure by figure.
func TestFilesAgreeWithTheFigures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form         *forms.Form
		waves, views int
	}{"a small survey": {loadSurvey(t, smallSurvey), max(*comparedViews/10, 1), 10}, "the built-in one": {builtInSurvey(t), 1, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 1))
			rows, withheld := 0, 0
			for range c.waves {
				published := publish(t, c.form, random, 20+random.IntN(400))
				for range c.views {
					view := randomView(c.form, random)
					figures, err := published.Disclose(view)
					if err != nil {
						t.Fatal(err)
					}
					if random.IntN(2) == 0 { // as in waves by invitation
						figures = figures.WithIntervals()
					}
					tables := &Tables{About: About{Survey: c.form, Wave: "spring", View: view, Released: figures.Released, Made: time.Unix(0, 0)}, Figures: figures}
					csvRows := readCSV(t, tables)
					compareTables(t, figures, readTables(t, csvRows, view))
					compareTables(t, figures, readTables(t, readWorkbook(t, tables), view))
					rows += len(csvRows)
					for _, row := range csvRows {
						if row["withheld"] != "" {
							withheld++
							if row["why"] == "" || row["count"] != "" && row["withheld"] != "free_text" {
								t.Fatalf("a withheld figure says %v", row)
							}
						}
					}
				}
			}
			if withheld == 0 || withheld == rows {
				t.Errorf("%d of %d rows are withheld: this proves little", withheld, rows)
			}
		})
	}
}

func compareTables(t *testing.T, want, got results.Results) {
	t.Helper()
	want.Questions = slices.Clone(want.Questions)
	for i := range want.Questions {
		want.Questions[i].Headline = false // it is on the page only
	}
	if got, want := asJSON(t, got), asJSON(t, want); got != want {
		t.Fatalf("the file says %s, disclosed was %s", got, want)
	}
}

func asJSON(t *testing.T, figures results.Results) string {
	t.Helper()
	out, err := json.Marshal(figures)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func readCSV(t *testing.T, tables *Tables) []map[string]string {
	t.Helper()
	var file bytes.Buffer
	if err := tables.CSV(&file); err != nil {
		t.Fatal(err)
	}
	body, marked := strings.CutPrefix(file.String(), byteOrderMark)
	if !marked {
		t.Fatal("the file does not say that it is in UTF-8")
	}
	in := csv.NewReader(strings.NewReader(body))
	records, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return named(records)
}

func named(records [][]string) []map[string]string {
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			if i < len(record) { // a workbook ends a row at its last cell
				row[name] = record[i]
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func readWorkbook(t *testing.T, tables *Tables) []map[string]string {
	t.Helper()
	var file bytes.Buffer
	if err := tables.XLSX(&file); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close() //nolint:errcheck // it is in memory
	records, err := book.GetRows(sheetTables)
	if err != nil {
		t.Fatal(err)
	}
	about, err := book.GetRows(sheetAbout)
	if err != nil {
		t.Fatal(err)
	}
	rows := named(records)
	for _, row := range rows {
		for _, line := range about {
			row[line[0]] = line[1]
		}
	}
	return rows
}

// readTables makes figures of rows again.
func readTables(t *testing.T, rows []map[string]string, view results.View) results.Results {
	t.Helper()
	var out results.Results
	number := func(cell string) *int {
		if cell == "" {
			return nil
		}
		n, err := strconv.Atoi(cell)
		if err != nil {
			t.Fatal(err)
		}
		return &n
	}
	for _, row := range rows {
		out.Released, out.People = *number(row["responses"]), number(row["people_in_view"])
		if last := len(out.Questions) - 1; last < 0 || out.Questions[last].ID != row["question"] {
			out.Questions = append(out.Questions, results.QuestionResult{
				ID: row["question"], Sensitive: row["sensitive"] == "yes", Reverse: row["lower_is_better"] == "yes", Several: row["several_answers"] == "yes",
			})
		}
		q := &out.Questions[len(out.Questions)-1]
		figures := &q.Figures
		if row["group_by"] != "" {
			if row["group_by"] != view.By {
				t.Fatalf("a row is by %s", row["group_by"])
			}
			if last := len(q.Rows) - 1; last < 0 || q.Rows[last].Value != row["group"] {
				q.Rows = append(q.Rows, results.Row{Value: row["group"]})
			}
			figures = &q.Rows[len(q.Rows)-1].Figures
		}
		if figures.Options == nil {
			figures.Options, figures.Aside = []results.OptionResult{}, []results.OptionResult{}
		}
		figures.Base, figures.Positive, figures.AsOf = number(row["base"]), number(row["percent_good"]), number(row["of_first_responses"])
		figures.Caution = results.Caution(row["caution"])
		if from := number(row["percent_good_from"]); from != nil {
			figures.Interval = &[2]int{*from, *number(row["percent_good_to"])}
		}
		cell := results.OptionResult{Value: row["option"], Count: number(row["count"]), Percent: number(row["percent"]), Withheld: results.Reason(row["withheld"])}
		if cell.NearlyAll = row["withheld"] == nearlyAll; cell.NearlyAll {
			cell.Withheld = ""
		}
		switch row["kind"] {
		case kindAnswer:
			figures.Options = append(figures.Options, cell)
		case kindAside:
			figures.Aside = append(figures.Aside, cell)
		default:
			figures.Withheld = cell.Withheld
		}
	}
	return out
}

func TestFilesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	form := loadSurvey(t, smallSurvey)
	random := rand.New(rand.NewPCG(2, 2))
	view := results.View{Filters: []results.Filter{{Question: "district", Option: "a"}}, By: "care_role"}
	figures, err := publish(t, form, random, 200).Disclose(view)
	if err != nil {
		t.Fatal(err)
	}
	made := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	tables := &Tables{About: About{Survey: form, Wave: "spring", View: view, Released: 200, Made: made}, Figures: figures}
	for name, rows := range map[string][]map[string]string{"CSV": readCSV(t, tables), "workbook": readWorkbook(t, tables)} {
		for column, want := range map[string]string{
			"survey": "'=Small", "wave": "spring", "filters": "Where?: =A, “1”", "broken_down_by": "Paid?",
			"responses": "200", "made_at": "2026-11-24T10:00:00Z", "rules": tableRules,
		} {
			if got := rows[len(rows)-1][column]; got != want {
				t.Errorf("%s: %s is %q, want %q", name, column, got, want)
			}
		}
		labels := fmt.Sprint(rows)
		for _, formula := range []string{"section:+", "group_label:-", "option_label:="} {
			if strings.Contains(labels, formula) {
				t.Errorf("%s: a cell begins like a formula: %s", name, formula)
			}
		}
	}
}
