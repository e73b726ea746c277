package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

// maxCollectorName is in characters, as the ledger has it.
const maxCollectorName = 100

// collectorPage is one way by which people come to a wave.
type collectorPage struct {
	base
	problems
	Survey      string
	Wave        string
	WavePath    string
	Path        string
	Done        string // what the reader has just done
	Facts       collectorRow
	Usable      bool            // people can still come by it
	Poster      *posterView     // of an open collector
	Invitations *invitationDesk // of a closed one
}

// posterView is what people scan or type.
type posterView struct {
	QR   *qrView
	Text string // the link as people read it
}

// invitationDesk is what can be done with a collector's invitations.
type invitationDesk struct {
	Issued  int
	Renewed *labelView // the invitation that has just got a new code
	Add     []Field
	Reissue []Field
	Kept    string // the form whose words must not be lost
	Gone    bool   // the codes are not kept any more
}

// collectorDone say what was done, on the page that it leads back to.
var collectorDone = map[string]string{
	"made":     "The collector is made.",
	"closed":   "The collector is closed.",
	"added":    "The invitations are added.",
	"reissued": "The invitation has a new code.",
}

func (a *app) collectorPath(wave *store.Wave, col *store.Collector) string {
	return a.wavesPath() + "/" + wave.Code + "/collectors/" + col.Code
}

// collectorURL is what an open collector's poster carries.
func (a *app) collectorURL(col *store.Collector) string { return a.BaseURL + "/s/" + col.Code }

// invitationURL is what an invitation carries.
func (a *app) invitationURL(code string) string { return a.BaseURL + "/i/" + code }

// linkText is the link as people read and type it.
func linkText(link string) string {
	_, text, _ := strings.Cut(link, "://")
	return text
}

func (a *app) collectorState(wave *store.Wave, col *store.Collector) tag {
	if col.InUse(wave, a.Now()) {
		return tag{"In use", "govuk-tag--green"}
	}
	return tag{"Closed", "govuk-tag--grey"}
}

// codesGone reports whether nobody can use the invitations any more, not even
// late: then their codes are on their way out of the ledger.
func (a *app) codesGone(wave *store.Wave, col *store.Collector) bool {
	return !col.InUse(wave, a.Now().Add(-store.LateFor))
}

// managedCollector is the collector that the address names, and its wave.
func (a *app) managedCollector(c *gin.Context) (*store.Wave, *store.Collector, error) {
	wave, err := a.managedWave(c)
	if err != nil {
		return nil, nil, err
	}
	collectors, err := a.Store.Collectors(c.Request.Context(), wave.ID)
	if err != nil {
		return nil, nil, err
	}
	for i := range collectors {
		if collectors[i].Code == c.Param("collector") {
			return wave, &collectors[i], nil
		}
	}
	return nil, nil, errPageNotFound
}

// The page offers neither; somebody else changed the wave meanwhile.
var (
	errClosedForCollectors = &problem{status: http.StatusConflict, title: "This wave has closed",
		words: "Nobody could use a new collector. Make a new wave, and the collector there."}
	errOnlyInvitations = &problem{status: http.StatusConflict, title: "This wave is by invitation only",
		words: "A link for anyone would lead nowhere. Go back and make invitations instead."}
)

// newCollector adds a collector to the wave: an open link, or invitations.
func (a *app) newCollector(c *gin.Context) error {
	typed, err := typedFields(c, "kind", "open_name", "closed_name", "number")
	if err != nil {
		return err
	}
	wave, err := a.managedWave(c)
	if err != nil {
		return err
	}
	closed := typed["kind"] == string(store.ClosedCollector)
	tried := attempt{action: "open", typed: typed, faults: newProblems()}
	name := "open_name"
	if closed {
		tried.action, name = "closed", "closed_name"
	}
	switch {
	case !running(wave, a.Now()):
		return errClosedForCollectors
	case !closed && wave.ByInvitation:
		return errOnlyInvitations
	}
	tried.faults.checkLength(name, typed[name], maxCollectorName, "Enter a name for the collector")
	number := 0
	if closed {
		number = tried.faults.checkNumber("number", typed["number"], "Enter how many invitations you need, from 1 to 50,000", store.MaxInvitations)
	}
	if tried.faults.found() {
		return a.showWave(c, http.StatusUnprocessableEntity, wave, tried)
	}
	var col *store.Collector
	if closed {
		col, err = a.Store.AddClosedCollector(c.Request.Context(), a.deed(c), wave.ID, typed[name], number)
	} else {
		col, err = a.Store.AddOpenCollector(c.Request.Context(), a.deed(c), wave.ID, typed[name])
	}
	if errors.Is(err, store.ErrExists) {
		tried.faults.add(name, "This wave has a collector of that name already: choose another name")
		return a.showWave(c, http.StatusUnprocessableEntity, wave, tried)
	} else if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, a.collectorPath(wave, col)+"?done=made")
	return nil
}

// checkNumber reads a number from 1 to most, as people write large ones too.
func (p *problems) checkNumber(name, typed, message string, most int) int {
	n, err := strconv.Atoi(strings.NewReplacer(" ", "", ",", "").Replace(typed))
	if err != nil || n < 1 || n > most {
		p.add(name, message)
	}
	return n
}

func (a *app) collectorDetail(c *gin.Context) error {
	wave, col, err := a.managedCollector(c)
	if err != nil {
		return err
	}
	return a.showCollector(c, http.StatusOK, wave, col, attempt{faults: newProblems()})
}

func (a *app) showCollector(c *gin.Context, status int, wave *store.Wave, col *store.Collector, tried attempt) error {
	page := collectorPage{
		base: a.base(c, col.Name), problems: tried.faults, Survey: a.Survey.Title.In("en"),
		Wave: wave.Code, WavePath: a.wavesPath() + "/" + wave.Code, Path: a.collectorPath(wave, col),
		Done: collectorDone[c.Query("done")], Facts: a.collectorRow(wave, col), Usable: col.InUse(wave, a.Now()),
	}
	page.Nav, page.Demo = "waves", a.Demo || wave.Demo
	if col.Kind == store.OpenCollector {
		link := a.collectorURL(col)
		code, err := newQR("qr", "QR code for "+col.Name, link)
		if err != nil {
			return err
		}
		page.Poster = &posterView{QR: code, Text: linkText(link)}
		return a.render(c, status, "collector", &page)
	}
	desk := &invitationDesk{Issued: col.Issued, Kept: tried.action, Gone: a.codesGone(wave, col)}
	desk.Add = []Field{page.number("more", "How many more invitations?", "From 1 to 50,000.", tried.typed["more"])}
	desk.Reissue = []Field{page.number("invitation", "Number of the invitation", "It stands on the sheet and in the CSV file.", tried.typed["invitation"])}
	page.Invitations = desk
	if c.Query("done") == "reissued" && !desk.Gone {
		var err error
		if desk.Renewed, err = a.renewed(c, col); err != nil {
			return err
		}
	}
	return a.render(c, status, "collector", &page)
}

func (a *app) askCloseCollector(c *gin.Context) error {
	wave, col, err := a.managedCollector(c)
	if err != nil {
		return err
	}
	path := a.collectorPath(wave, col)
	if !col.InUse(wave, a.Now()) {
		c.Redirect(http.StatusSeeOther, path)
		return nil
	}
	late := "until " + endWords(a.Now().Add(store.LateFor))
	page := confirmPage{
		base: a.base(c, "Close "+col.Name), Question: "Do you want to close “" + col.Name + "” now?",
		Effects: []string{
			"Its link stops working: whoever opens it is told so.",
			"What was answered by it already counts, and so does what phones still hold, " + late + ".",
			"A closed collector cannot be opened again. You can make a new one.",
		},
		Action: path + "/close", Button: "Close it now", Back: path, Keep: "No, leave it open",
	}
	if col.Kind == store.ClosedCollector {
		page.Effects[0] = "Its invitations stop working, used or not: whoever opens one is told so."
	}
	page.Nav = "waves"
	return a.render(c, http.StatusOK, "confirm", &page)
}

func (a *app) closeCollector(c *gin.Context) error {
	return a.actOnCollector(c, func(_ *store.Wave, col *store.Collector, _ url.Values) (string, error) {
		err := a.Store.CloseCollector(c.Request.Context(), a.deed(c), col.ID)
		if errors.Is(err, store.ErrNotFound) {
			err = nil // somebody closed it a moment before, which is what was asked for
		}
		return "?done=closed", err
	})
}

// actOnCollector does something to the collector and leads back to it. do
// gives the query of the address that it leads to, "" if it has answered.
func (a *app) actOnCollector(c *gin.Context, do func(wave *store.Wave, col *store.Collector, posted url.Values) (string, error)) error {
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	wave, col, err := a.managedCollector(c)
	if err != nil {
		return err
	}
	query, err := do(wave, col, posted)
	if err != nil || query == "" {
		return err
	}
	c.Redirect(http.StatusSeeOther, a.collectorPath(wave, col)+query)
	return nil
}
