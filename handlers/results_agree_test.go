package handlers

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/xuri/excelize/v2"

	"intake/internal/results"
	"intake/internal/store"
)

var agreeViews = flag.Int("views", 4, "how many random views TestAllDoorsAgree compares")

// figure is what one door says of one answer of some people.
type figure struct{ base, positive, share, people string }

// answerOf names one answer to one question by the people of one row, "" for
// all; and of a question that is withheld the answer "".
type answerOf struct{ question, group, answer string }

// TestAllDoorsAgree compares what the page, the API, the CSV file and the
// workbook say of random views, answer by answer.
func TestAllDoorsAgree(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 400)
	b := app.signIn("Sara Mann", store.SurveyManager)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's own views
	compared, shown := 0, 0
	for range *agreeViews {
		query := app.randomView(random)
		var api resultsAnswer
		answer := b.send(http.MethodGet, resultsPath+query, nil, http.Header{"Accept": {"application/json"}}).want(http.StatusOK)
		app.must(json.Unmarshal([]byte(answer.Body), &api))
		want := app.figuresOfAPI(api)
		for door, got := range map[string]map[answerOf]figure{
			"page":     app.figuresOfPage(b.get(resultsPath+query).want(http.StatusOK), api.By),
			"CSV":      app.figuresOfRows(b.get(resultsPath + ".csv" + query).want(http.StatusOK).readCSV()),
			"workbook": app.figuresOfRows(b.get(resultsPath + ".xlsx" + query).want(http.StatusOK).readWorkbook()),
		} {
			for place, said := range want {
				if got[place] != said {
					t.Fatalf("%s: of %v the API says %q, the %s %q", query, place, said, door, got[place])
				}
			}
			if len(got) != len(want) {
				extra := slices.DeleteFunc(slices.Collect(maps.Keys(got)), func(a answerOf) bool { _, ok := want[a]; return ok })
				t.Fatalf("%s: the %s has %d figures, the API %d: %v", query, door, len(got), len(want), extra[:min(3, len(extra))])
			}
		}
		compared += len(want)
		for _, said := range want {
			if said.share != "" {
				shown++
			}
		}
	}
	t.Logf("%d views, %d figures, %d of them shares", *agreeViews, compared, shown)
	if shown < 20**agreeViews {
		t.Error("hardly anything was shown: this proves little")
	}
}

func (app *testApp) randomView(random *rand.Rand) string {
	query := "?wave=spring"
	order := random.Perm(len(results.Dimensions))
	filters := random.IntN(3)
	for _, d := range order[:filters] {
		q := app.cfg.Survey.Question(results.Dimensions[d])
		query += "&filter." + q.ID + "=" + q.Options[random.IntN(len(q.Options))].Code
	}
	if random.IntN(2) == 0 {
		query += "&by=" + results.Dimensions[order[filters]]
	}
	return query
}

func (app *testApp) figuresOfAPI(api resultsAnswer) map[answerOf]figure {
	out := map[answerOf]figure{}
	number := func(n *int) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(*n)
	}
	add := func(question, group string, f results.Figures) {
		if f.Withheld != "" {
			out[answerOf{question, group, ""}] = figure{}
			return
		}
		for i, o := range append(slices.Clone(f.Options), f.Aside...) {
			people := number(o.Count)
			switch {
			case o.NearlyAll:
				people = "nearly all"
			case o.Withheld == results.FewerThan5:
				people = "fewer than 5"
			case o.Withheld != "":
				people = "not shown"
			}
			if group != "" && i >= len(f.Options) {
				continue // the page does not say who else there is in a group
			}
			if group != "" && o.Percent != nil {
				people = ""
			}
			out[answerOf{question, group, o.Value}] = figure{number(f.Base), number(f.Positive), number(o.Percent), people}
		}
	}
	for _, q := range api.Questions {
		add(q.ID, "", q.Figures)
		for _, row := range q.Rows {
			if app.cfg.Survey.Question(q.ID).Kind.Closed() || row.Withheld != results.FreeText {
				add(q.ID, row.Value, row.Figures)
			} else {
				out[answerOf{q.ID, row.Value, ""}] = figure{}
			}
		}
	}
	return out
}

// codeOf finds an answer by the words of the page.
func (app *testApp) codeOf(question, label string) string {
	switch label {
	case "Did not answer":
		return results.Skipped
	case "Were not asked":
		return results.NotAsked
	}
	for _, o := range app.cfg.Survey.Question(question).Options {
		if o.Label.In("en") == label {
			return o.Code
		}
	}
	app.t.Fatalf("%s has no answer %q", question, label)
	return ""
}

func (app *testApp) figuresOfPage(p *page, by string) map[answerOf]figure {
	out := map[answerOf]figure{}
	words := func(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }
	// "45 answers, of which 61% good"
	figures := func(text string) (base, positive string) {
		base, _, _ = strings.Cut(text, " answer")
		if before, _, found := strings.Cut(text, "% good"); found {
			positive = before[strings.LastIndex(before, " ")+1:]
		}
		return base, positive
	}
	for _, section := range p.Find("section.result").EachIter() {
		question := section.AttrOr("id", "")
		table := section.Find(".result__table")
		if table.Length() == 0 {
			out[answerOf{question, "", ""}] = figure{}
		}
		base, positive := figures(words(section.Find("p.govuk-body").First()))
		for _, row := range table.Find("tbody tr").EachIter() {
			share := strings.TrimSuffix(strings.TrimSuffix(words(row.Find("td").First()), "%"), "–")
			out[answerOf{question, "", app.codeOf(question, words(row.Find("th")))}] = figure{base, positive, share, words(row.Find("td").Last())}
		}
		for _, row := range section.Find(".result__groups tbody tr").EachIter() {
			group := app.codeOf(by, words(row.Find("th")))
			if row.Find(".withheld").Length() == 1 {
				out[answerOf{question, group, ""}] = figure{}
				continue
			}
			cell := row.Find("td").Clone()
			cell.Find(".govuk-hint").Remove()
			before, summary, _ := strings.Cut(words(cell), ". ")
			positive, found := "", false
			if positive, before, found = strings.Cut(before, "% good, "); !found {
				positive, before = "", positive
			}
			base, _, _ := strings.Cut(before, " answer")
			for _, said := range strings.Split(summary, " · ") {
				f := figure{base: base, positive: positive}
				label := ""
				for _, hidden := range []string{" nearly all", " fewer than 5", " not shown"} {
					if cut, found := strings.CutSuffix(said, hidden); found {
						label, f.people = cut, hidden[1:]
					}
				}
				if label == "" {
					at := strings.LastIndex(said, " ")
					label, f.share = said[:at], strings.TrimSuffix(said[at+1:], "%")
				}
				out[answerOf{question, group, app.codeOf(question, label)}] = f
			}
		}
	}
	return out
}

func (app *testApp) figuresOfRows(rows []map[string]string) map[answerOf]figure {
	out := map[answerOf]figure{}
	for _, row := range rows {
		people := row["count"]
		switch row["withheld"] {
		case "":
		case "nearly_all":
			people = "nearly all"
		case string(results.FewerThan5):
			people = "fewer than 5"
		default:
			people = "not shown"
		}
		if row["group"] != "" {
			switch {
			case row["kind"] == "not in base":
				continue
			case row["percent"] != "":
				people = ""
			}
		}
		f := figure{row["base"], row["percent_good"], row["percent"], people}
		if row["kind"] == "" {
			f = figure{}
		}
		out[answerOf{row["question"], row["group"], row["option"]}] = f
	}
	return out
}

// readWorkbook gives the rows of a workbook's tables by their columns' names.
func (p *page) readWorkbook() []map[string]string {
	p.t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader([]byte(p.Body)))
	if err != nil {
		p.t.Fatal(err)
	}
	defer book.Close() //nolint:errcheck // it is in memory
	sheet, err := book.GetRows("Tables")
	if err != nil {
		p.t.Fatal(fmt.Errorf("read the workbook: %w", err))
	}
	var rows []map[string]string
	for _, cells := range sheet[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[sheet[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}
