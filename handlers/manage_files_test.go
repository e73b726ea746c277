package handlers

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"intake/internal/store"
)

// readCSV gives the rows of a CSV file by their columns' names.
func (p *page) readCSV() []map[string]string {
	p.t.Helper()
	records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.Body, "\uFEFF"))).ReadAll()
	if err != nil {
		p.t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// TestResultsAsFiles compares the files of a view with the API, figure by
// figure.
func TestResultsAsFiles(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 300)
	b := app.signIn("Sara Mann", store.SurveyManager)
	const query = "?wave=spring&filter.service=home_care&by=contract"
	var api resultsAnswer
	answer := b.send(http.MethodGet, resultsPath+query, nil, http.Header{"Accept": {"application/json"}}).want(http.StatusOK)
	app.must(json.Unmarshal([]byte(answer.Body), &api))
	type place struct{ question, group, option string }
	want := map[place]*int{}
	shown := 0
	for _, q := range api.Questions {
		for _, o := range q.Options {
			want[place{q.ID, "", o.Value}] = o.Percent
		}
		for _, row := range q.Rows {
			for _, o := range row.Options {
				want[place{q.ID, row.Value, o.Value}] = o.Percent
			}
		}
	}

	p := b.get(resultsPath + ".csv" + query).want(http.StatusOK)
	if got := p.Header.Get("Content-Disposition"); got != `attachment; filename="results-care-worker-survey-spring.csv"` {
		t.Errorf("the file is called %s", got)
	}
	rows := p.readCSV()
	compared := 0
	for _, row := range rows {
		if row["wave"] != "spring" || row["filters"] != "Where you work: In people’s own homes" || row["broken_down_by"] != "Contract" || row["made_at"] != "2026-11-24T10:00:00Z" || row["responses"] != "300" {
			t.Fatalf("the file says %v", row)
		}
		if row["kind"] != "answer" {
			continue
		}
		percent, known := want[place{row["question"], row["group"], row["option"]}]
		if !known {
			t.Fatalf("the API does not have %v", row)
		}
		compared++
		said := ""
		if percent != nil {
			shown++
			said = strconv.Itoa(*percent)
		}
		if row["percent"] != said {
			t.Fatalf("the API says %q, the file %v", said, row)
		}
	}
	if compared != len(want) || shown < 50 {
		t.Errorf("%d of %d figures compared, %d of them shown", compared, len(want), shown)
	}

	book, err := excelize.OpenReader(bytes.NewReader([]byte(b.get(resultsPath + ".xlsx" + query).want(http.StatusOK).Body)))
	app.must(err)
	defer book.Close() //nolint:errcheck // it is in memory
	sheet, err := book.GetRows("Tables")
	app.must(err)
	if len(sheet) != len(rows)+1 {
		t.Errorf("the workbook has %d rows, the CSV file %d", len(sheet)-1, len(rows))
	}

	b.get(resultsPath + ".csv?by=worn_out").want(http.StatusUnprocessableEntity)
	b.get(resultsPath + ".xlsx?wave=nope").want(http.StatusNotFound)
	page := b.get(resultsPath + query)
	for _, ending := range []string{".csv", ".xlsx"} {
		link := page.Find(`#files a[href^="`+resultsPath+ending+`"]`).AttrOr("href", "")
		b.get(link).want(http.StatusOK)
		if !strings.Contains(link, "filter.service=home_care") || !strings.Contains(link, "by=contract") {
			t.Errorf("the page leads to %s", link)
		}
	}
}

func TestCodebookPages(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 10)
	b := app.signIn("Sara Mann", store.SurveyManager)
	const path = "/manage/surveys/care-worker-survey/codebook"
	p := b.get(path).want(http.StatusOK).says("pay_rating", "How good are your pay and benefits?", "very_good", "wave spring", "never in a file of rows")
	for _, link := range p.Find("main a").EachIter() {
		b.get(link.AttrOr("href", "")).want(http.StatusOK)
	}
	found := false
	for _, row := range b.get(path + ".csv?wave=spring").want(http.StatusOK).readCSV() {
		found = found || row["variable"] == "training_barriers_cost" && row["code"] == "1" && row["spss_number"] == "1" && row["wave"] == "spring"
	}
	if !found {
		t.Error("the codebook does not have the options of a question with several answers")
	}
	if syntax := b.get(path + ".sps").want(http.StatusOK).Body; !strings.Contains(syntax, "VALUE LABELS pay_rating") {
		t.Error("the syntax has no labels")
	}
	b.get(path + "?wave=nope").want(http.StatusNotFound)
}

// TestFilesAreForThoseWhoMaySeeResults asks for every file as each role.
func TestFilesAreForThoseWhoMaySeeResults(t *testing.T) {
	t.Parallel()
	app := newTestApp(t)
	app.fillWave("spring", 10)
	for _, role := range store.Roles {
		b := app.signIn("Somebody "+string(role), role)
		want := http.StatusForbidden
		if can(&store.User{Role: role}, viewResults) {
			want = http.StatusOK
		}
		for _, file := range []string{"results.csv", "results.xlsx", "codebook", "codebook.csv", "codebook.sps"} {
			b.get("/manage/surveys/care-worker-survey/" + file).want(want)
		}
	}
	app.browser().get(resultsPath + ".csv").redirects()
}
