package handlers

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

// wavePage is one wave: how it stands, what can be done with it, and the ways
// by which people come to it.
type wavePage struct {
	base
	problems
	Survey       string
	List         string // the address of all waves
	Path         string
	Done         string // what the reader has just done
	Wave         waveRow
	Address      string // the plain one of the survey, "" unless it leads to this wave
	ByInvitation bool
	Results      string // address of the published results, "" while they are not
	SeeResults   string // for the reader, "" where they may not
	Texts        string // where to read what people wrote, "" for who may not
	TextsWaiting int    // as of when somebody last looked
	Newer        int    // a published version that the wave does not accept yet, else 0
	Apart        *apart // why it cannot be counted with this wave, nil if it can
	Running      bool   // it has not closed
	Collectors   []collectorRow
	Open         []Field // of the form for an open collector
	Closed       []Field // of the form for a closed one
	Kept         string  // the form whose words must not be lost
}

// collectorRow is one collector in the list.
type collectorRow struct {
	Name, Href, Kind string
	Link             string
	Issued, Reissued string
	Returned, Rate   string
	State            tag
}

// waveDone say what was done, on the page that it leads back to.
var waveDone = map[string]string{
	"made":        "The wave is made.",
	"closed":      "The wave is closed.",
	"published":   "The results are published.",
	"unpublished": "The results are not published any more.",
	"accepted":    "The wave is given out in the new version.",
}

// managedWave is the wave that the address names.
func (a *app) managedWave(c *gin.Context) (*store.Wave, error) {
	code := c.Param("wave")
	if c.Param("slug") != a.Survey.ID || !store.ValidWaveCode(code) {
		return nil, errPageNotFound
	}
	return a.Store.WaveByCode(c.Request.Context(), a.Survey.ID, code)
}

func (a *app) waveDetail(c *gin.Context) error {
	wave, err := a.managedWave(c)
	if err != nil {
		return err
	}
	return a.showWave(c, http.StatusOK, wave, attempt{faults: newProblems()})
}

// showWave shows the wave with what the reader tried.
func (a *app) showWave(c *gin.Context, status int, wave *store.Wave, tried attempt) error {
	ctx, now := c.Request.Context(), a.Now()
	collectors, err := a.Store.Collectors(ctx, wave.ID)
	if err != nil {
		return err
	}
	live, err := a.Store.LiveTotal(ctx, wave.ID)
	if err != nil {
		return err
	}
	newest, err := a.Store.NewestVersion(ctx, a.Survey.ID)
	if err != nil {
		return err
	}
	current, err := a.currentWave(c)
	if err != nil {
		return err
	}
	page := wavePage{
		base: a.base(c, "Wave "+wave.Code), problems: tried.faults, Survey: a.Survey.Title.In("en"),
		List: a.wavesPath(), Path: a.wavesPath() + "/" + wave.Code, Done: waveDone[c.Query("done")], Wave: a.waveRow(wave, live, current),
		ByInvitation: wave.ByInvitation, Running: running(wave, now), Kept: tried.action,
	}
	page.Nav, page.Demo = "waves", a.Demo || wave.Demo
	if wave.Published {
		page.Results = a.BaseURL + "/survey/" + a.Survey.ID + "/results?wave=" + wave.Code
	}
	if page.Running && !wave.ByInvitation && current != nil && current.ID == wave.ID {
		page.Address = a.BaseURL + "/survey/" + a.Survey.ID
	}
	if can(currentUser(c), viewResults) {
		page.SeeResults = "/manage/surveys/" + a.Survey.ID + "/results?wave=" + wave.Code
		// The queue grows only as the figures do, so that its length tells of
		// nobody's coming.
		counts, err := a.Store.TextCounts(ctx, wave.ID)
		if err != nil {
			return err
		}
		page.Texts, page.TextsWaiting = a.textsPath(wave), counts[store.TextWaiting]
	}
	if page.Running && newest > wave.Version() {
		page.Newer = newest
		if page.Apart, err = a.versionsApart(ctx, wave, newest); err != nil {
			return err
		}
	}
	for i := range collectors {
		page.Collectors = append(page.Collectors, a.collectorRow(wave, &collectors[i]))
	}
	page.Open = []Field{
		page.line("open_name", "What is it for?", "Say where people will see it, like “Posters in care homes”. Only managers see this.", tried.typed["open_name"], ""),
	}
	page.Closed = []Field{
		page.line("closed_name", "Whom is it for?", "Like “Home care in Maldon”. Only managers see this. Do not name a person.", tried.typed["closed_name"], ""),
		page.number("number", "How many invitations?", "From 1 to 50,000. You can add more later.", tried.typed["number"]),
	}
	return a.render(c, status, "wave", &page)
}

func (a *app) collectorRow(wave *store.Wave, col *store.Collector) collectorRow {
	row := collectorRow{Name: col.Name, Href: a.collectorPath(wave, col), Returned: returnedWords(col), Issued: "–", Reissued: "–", Rate: "–"}
	if col.Kind == store.OpenCollector {
		row.Kind, row.Link = "Open link", a.collectorURL(col)
	} else {
		row.Kind = "Invitations"
		row.Issued, row.Reissued, row.Rate = strconv.Itoa(col.Issued), strconv.Itoa(col.Reissued), rateWords(col)
	}
	row.State = a.collectorState(wave, col)
	return row
}

// notShown stands in the place of a collector's number for whatever reason:
// the reason would tell what the number is near to.
const notShown = "Not shown"

func returnedWords(col *store.Collector) string {
	if col.Returned == nil {
		return notShown
	}
	return strconv.Itoa(*col.Returned)
}

func rateWords(col *store.Collector) string {
	percent, ok := col.Rate()
	if !ok {
		return notShown
	}
	return strconv.Itoa(percent) + "%"
}
