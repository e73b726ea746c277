package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
)

const resultsPage = "/manage/surveys/care-worker-survey/results"

// TestResultsInAMeeting looks at the results as a manager does: a group, a
// breakdown, the wave before, paper, and a group of which nothing is shown.
func TestResultsInAMeeting(t *testing.T) {
	onEachSize(t, func(t *testing.T, screen size) {
		d := theDev(t)
		b := newTab(t, d.base, screen).signIn(d.as(t, "survey_manager"))
		b.open(resultsPage).sees("How far these figures can be trusted", "What stands out", "By item of the delivery plan").accessible("results-everyone")
		b.pick("service", "home_care").pick("by", "years_in_care").press(earlierWave).press("Show")
		b.sees("Where you work: In people’s own homes", "By Time in care work", earlierWave).accessible("results-group")
		if address := ask[string](b, `location.search`); !strings.Contains(address, "filter.service=home_care") || !strings.Contains(address, "by=years_in_care") {
			t.Errorf("the address of the view is %s", address)
		}
		b.open(resultsPage + "?filter.district=maldon&filter.service=nursing_home&filter.contract=bank").sees("nothing can be shown").accessible("results-nothing")
		b.press("Contract: Bank").misses("nothing can be shown")
		b.open(resultsPage+"?by=worn_out").sees("There is no such view", "district").accessible("results-no-view")
		b.open(resultsPage+"?wave=1999-01").sees("There is no such wave", earlierWave)
		b.open(resultsPage).onPaper(t, "results")
	})
}

// earlierWave is the demo's closed one.
var earlierWave = func() string {
	now := time.Now()
	return time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, -6, 0).Format("2006-01")
}()

// pick chooses from a list by its field's name and the option's code.
func (b *tab) pick(name, code string) *tab {
	b.t.Helper()
	if !ask[bool](b, fmt.Sprintf(`(() => {
		const list = document.querySelector('select[name="' + %[1]q + '"], select[name="filter.' + %[1]q + '"]');
		list.value = %[2]q;
		return list.value === %[2]q;
	})()`, name, code)) {
		b.t.Fatalf("%s has no option %s", name, code)
	}
	return b
}

// onPaper prints the page on A4, and looks whether it is a handful of pages.
func (b *tab) onPaper(t *testing.T, name string) {
	t.Helper()
	printed, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.27, PaperHeight: 11.69})
	must(t, err)
	if pages := bytes.Count(printed.Data, []byte("/Type /Page\n")); !bytes.HasPrefix(printed.Data, []byte("%PDF")) || pages < 5 || pages > 60 {
		t.Errorf("on paper the page has %d pages", pages)
	}
	if *shots != "" {
		must(t, os.WriteFile(filepath.Join(*shots, name+".pdf"), printed.Data, 0o600))
	}
}

// TestResultsRefreshByThemselves releases responses while a manager looks.
func TestResultsRefreshByThemselves(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.run("", "wave", "open", "live")
	answer := func(n int) {
		for range n {
			s.respond(uuid.NewString(), 1)
		}
	}
	answer(30)
	released := func(n int) func() bool {
		return func() bool { return s.count(`SELECT released FROM waves`) >= n }
	}
	eventually(t, 20*time.Second, "the first responses are released", released(20))
	b := newTab(t, s.base, sizes[1]).signIn(s.addManager("live@example.org", "survey_manager"))
	b.open(resultsPage).sees("Counted in these results")
	counted := func() int {
		return ask[int](b, `parseInt([...document.querySelectorAll(".figures dd")].at(-1).textContent)`)
	}
	before := counted()
	answer(40)
	b.sees("New responses were released. These figures are from")
	if after := counted(); after < before+10 {
		t.Errorf("the page counts %d responses, after %d", after, before)
	}
}
