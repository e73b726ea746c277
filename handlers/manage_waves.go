package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"intake/internal/routing"
	"intake/internal/store"
)

// wavesPage lists the waves of the survey and has the form for a new one.
type wavesPage struct {
	base
	problems
	Survey  string
	Path    string
	Actions string // the address of "You said, we did"
	Waves   []waveRow
	Fields  []Field // of the form
	Asking  bool    // the form is open
}

// waveRow is one wave in the list.
type waveRow struct {
	Code, Href     string
	State          tag
	StateWords     string
	Who            string
	Versions       string
	Live, Released store.Told
	Published      bool
	Demo           bool
}

func (a *app) wavesPath() string { return "/manage/surveys/" + a.Survey.ID + "/waves" }

func (a *app) waveList(c *gin.Context) error {
	return a.showWaves(c, http.StatusOK, map[string]string{}, newProblems())
}

func (a *app) showWaves(c *gin.Context, status int, typed map[string]string, faults problems) error {
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	ctx := c.Request.Context()
	waves, err := a.Store.Waves(ctx, a.Survey.ID)
	if err != nil {
		return err
	}
	page := wavesPage{base: a.base(c, "Survey waves"), problems: faults, Survey: a.Survey.Title.In("en"),
		Path: a.wavesPath(), Actions: a.actionsPath(), Asking: faults.found() || len(waves) == 0}
	page.Nav = "waves"
	current, err := a.currentWave(c)
	if err != nil {
		return err
	}
	for i := range waves {
		live, err := a.Store.LiveTotal(ctx, waves[i].ID)
		if err != nil {
			return err
		}
		page.Waves = append(page.Waves, a.waveRow(&waves[i], live, current))
	}
	page.Fields = page.newWaveFields(typed)
	return a.render(c, status, "waves", &page)
}

// waveRow is the wave w, of which live responses have come. current is the
// wave that the survey's plain address leads to, nil if there is none.
func (a *app) waveRow(w *store.Wave, live int, current *store.Wave) waveRow {
	row := waveRow{
		Code: w.Code, Href: a.wavesPath() + "/" + w.Code, Who: whoAnswers(w, current), Versions: versionsWords(w),
		Live: w.ToldTotal(live), Released: w.ToldReleased(), Published: w.Published, Demo: w.Demo,
	}
	row.State, row.StateWords = waveState(w, a.Now())
	return row
}

// waveState says how a wave stands, in one word and in a sentence.
func waveState(w *store.Wave, now time.Time) (tag, string) {
	switch {
	case w.ClosesAt != nil && !w.ClosesAt.After(now) && w.Takes(now):
		return tag{"Closed", "govuk-tag--yellow"}, fmt.Sprintf("Closed at %s. Late answers are taken until %s.",
			endWords(*w.ClosesAt), endWords(w.ClosesAt.Add(store.LateFor)))
	case w.ClosesAt != nil && !w.ClosesAt.After(now):
		return tag{"Ended", "govuk-tag--grey"}, "Closed at " + endWords(*w.ClosesAt) + ". No more answers are taken."
	case w.OpensAt.After(now):
		words := "Opens on " + moment(w.OpensAt)
		if w.ClosesAt != nil {
			words += " and closes at " + endWords(*w.ClosesAt)
		}
		return tag{"Not yet open", "govuk-tag--blue"}, words + "."
	}
	if w.ClosesAt == nil {
		return tag{"Open", "govuk-tag--green"}, "Open until somebody closes it."
	}
	return tag{"Open", "govuk-tag--green"}, "Open until " + endWords(*w.ClosesAt) + "."
}

// endWords says when something ends. Midnight belongs to the day before it:
// few people know which day begins "on 1 December at 00:00".
func endWords(at time.Time) string {
	local := at.In(routing.London)
	if local.Hour() == 0 && local.Minute() == 0 && local.Second() == 0 {
		return "the end of " + local.AddDate(0, 0, -1).Format("2 January 2006")
	}
	return local.Format("15:04 on 2 January 2006")
}

// whoAnswers says who may answer w. Only one wave has the survey's plain
// address, current's; an invitation or a collector's link leads to the others.
func whoAnswers(w, current *store.Wave) string {
	switch {
	case w.ByInvitation:
		return "People with an invitation"
	case current != nil && current.ID == w.ID:
		return "Anyone with the address"
	}
	return "Anyone with one of its links"
}

// versionsWords lists the versions of the form that the wave counts.
func versionsWords(w *store.Wave) string {
	words := make([]string, len(w.Versions))
	for i, v := range w.Versions {
		words[i] = fmt.Sprint(v)
	}
	return listed(words)
}

// listed joins words as people do: "1, 2 and 3".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// newWave makes a wave of the newest published version.
func (a *app) newWave(c *gin.Context) error {
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	typed, err := typedFields(c, "code", "opens.day", "opens.month", "opens.year",
		"closes.day", "closes.month", "closes.year", "who", "results")
	if err != nil {
		return err
	}
	faults := newProblems()
	wave := faults.checkWave(typed, a.Now())
	if faults.found() {
		return a.showWaves(c, http.StatusUnprocessableEntity, typed, faults)
	}
	ctx := c.Request.Context()
	version, err := a.Store.NewestVersion(ctx, a.Survey.ID)
	if err != nil {
		return err
	}
	wave.Survey, wave.Versions = a.Survey.ID, []int64{int64(version)}
	err = a.Store.OpenWave(ctx, a.deed(c), wave)
	if errors.Is(err, store.ErrExists) {
		faults.add("code", "There is a wave of that name already: choose another name")
		return a.showWaves(c, http.StatusUnprocessableEntity, typed, faults)
	} else if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, a.wavesPath()+"/"+wave.Code+"?done=made")
	return nil
}

// typedFields reads the boxes of one line that a form has.
func typedFields(c *gin.Context, names ...string) (map[string]string, error) {
	posted, err := requireForm(c)
	if err != nil {
		return nil, err
	}
	typed := make(map[string]string, len(names))
	for _, name := range names {
		if typed[name], err = typedLine(posted, name); err != nil {
			return nil, err
		}
	}
	return typed, nil
}
