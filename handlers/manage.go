package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

// problems is what a page of the managers says is wrong with what they typed.
// Page structs embed it; the error summary shows it.
type problems struct {
	Errors []errorLink
	byName map[string]string
}

func newProblems() problems {
	return problems{byName: map[string]string{}}
}

// add says what is wrong with the field of that name.
func (p *problems) add(name, message string) {
	p.Errors = append(p.Errors, errorLink{Href: "#" + name, Message: message})
	p.byName[name] = message
}

func (p *problems) found() bool { return len(p.Errors) > 0 }

// typedText reads what somebody typed in a box of several lines. Bytes that
// are no text are refused: the ledger could not keep them.
func typedText(posted url.Values, name string) (string, error) {
	text := strings.TrimSpace(strings.ReplaceAll(posted.Get(name), "\r\n", "\n"))
	if !readable(text) {
		return "", malformed(nil)
	}
	return text, nil
}

// typedLine reads what somebody typed in a box of one line.
func typedLine(posted url.Values, name string) (string, error) {
	text, err := typedText(posted, name)
	return strings.Join(strings.Fields(text), " "), err
}

func readable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsRune(text, 0)
}

// tile is a figure that leads to what it counts.
type tile struct {
	Name  string
	Count int
	Href  string
	Late  bool
}

// surveyTile says how a survey's current wave is doing.
type surveyTile struct {
	Title    string
	Wave     string
	Open     bool
	Demo     bool
	Live     store.Told // responses received
	Released store.Told // of them, those that the results count
	Href     string
}

type manageHomePage struct {
	base
	Desk    []tile
	Surveys []surveyTile
	NoWave  bool       // of the survey, whose results they may see
	Ways    []menuItem // to the pages of those who run the portal
}

// manageHome shows what is there to do for whoever signed in.
func (a *app) manageHome(c *gin.Context) error {
	user := currentUser(c)
	page := manageHomePage{base: a.base(c, "Your work")}
	page.Nav = "home"
	var err error
	if can(user, workReferrals) {
		if page.Desk, err = a.deskTiles(c, user); err != nil {
			return err
		}
	}
	if can(user, viewResults) {
		if page.Surveys, err = a.surveyTiles(c); err != nil {
			return err
		}
		page.NoWave = len(page.Surveys) == 0
	}
	for _, way := range []struct {
		what action
		item menuItem
	}{
		{viewRouting, menuItem{Text: "How referrals are routed", Href: "/manage/routing"}},
		{viewQueues, menuItem{Text: "Work that is due", Href: "/manage/queues"}},
		{viewAudit, menuItem{Text: "What was done, by whom", Href: "/manage/audit"}},
	} {
		if can(user, way.what) {
			page.Ways = append(page.Ways, way.item)
		}
	}
	return a.render(c, http.StatusOK, "manage", &page)
}

func (a *app) deskTiles(c *gin.Context, user *store.User) ([]tile, error) {
	counts, err := a.Store.DeskCounts(c.Request.Context(), user, a.Now())
	if err != nil {
		return nil, err
	}
	return []tile{
		{Name: "Yours", Count: counts.Mine, Href: "/manage/referrals?whose=mine"},
		{Name: "Nobody’s yet", Count: counts.Unowned, Href: "/manage/referrals?whose=unowned"},
		{Name: "All that are open", Count: counts.All, Href: "/manage/referrals?whose=all"},
		{Name: "Late", Count: counts.Late, Href: "/manage/referrals?whose=all", Late: counts.Late > 0},
	}, nil
}

func (a *app) surveyTiles(c *gin.Context) ([]surveyTile, error) {
	wave, err := a.currentWave(c)
	if err != nil || wave == nil {
		return nil, err
	}
	live, err := a.Store.LiveTotal(c.Request.Context(), wave.ID)
	if err != nil {
		return nil, err
	}
	return []surveyTile{{
		Title: a.Survey.Title.In("en"), Wave: wave.Code, Open: wave.Open(a.Now()), Demo: wave.Demo,
		Live: wave.ToldTotal(live), Released: wave.ToldReleased(), Href: "/manage/surveys/" + a.Survey.ID + "/results",
	}}, nil
}
