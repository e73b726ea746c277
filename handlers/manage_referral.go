package handlers

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

// clockView is one of the steps that must be taken in time.
type clockView struct {
	Step  string
	Words string
	Late  bool
}

type referralPage struct {
	base
	problems
	Reference string
	Done      string // what the reader has just done
	Stale     string // why what they asked for was not done
	Row       deskRow
	Received  string
	Version   int
	Copies    []string // teams that may read it too
	Clocks    []clockView
	Amended   int

	Mine  bool
	Owner string // "" while it has none
	// ReadsOnly says that another team works on it.
	ReadsOnly bool
	Screens   bool // may be screened next
	Decides   bool // may be decided next

	Newest    versionView
	Earlier   []versionView
	History   []historyLine
	Held      []stepView // the routing rules that held
	NotHeld   []stepView
	RuleSet   string
	Decisions []decisionView

	Note          Field
	Team          Field
	Reason        Field
	PresentTeam   Field
	Tests         []testFields
	Outcome       Field
	OutcomeReason Field
	// Kept is the action whose words must not be lost: its form is open.
	Kept string
}

// testFields ask for the answer to one of the three tests and its reason.
type testFields struct{ Answer, Reason Field }

// doneWords say what an action did, on the page that it leads back to.
var doneWords = map[string]string{
	"own":     "You own this referral now.",
	"note":    "Your note was added.",
	"reroute": "The referral was re-routed, and the team is being told.",
	"screen":  "You have started screening.",
	"decide":  "The decision is recorded.",
}

func (a *app) referralDetail(c *gin.Context) error {
	reference, err := referenceOf(c)
	if err != nil {
		return err
	}
	return a.showOpened(c, http.StatusOK, reference, attempt{faults: newProblems()})
}

var errReadOnly = &problem{status: http.StatusForbidden, title: "Another team works on this referral",
	words: "Your team may read it and add notes. To work on it, go back and have it sent to your team, with a reason."}

// referenceOf reads the reference in the address.
func referenceOf(c *gin.Context) (string, error) {
	reference, ok := store.ParseReference(c.Param("reference"))
	if !ok {
		return "", errPageNotFound
	}
	return reference, nil
}

// attempt is an action that was not done: which one, what was typed for it and
// what was wrong with that, or that it came too late.
type attempt struct {
	action string
	typed  map[string]string
	faults problems
	stale  bool
}

// showOpened opens the referral, which is recorded, and shows it with what
// the reader tried.
func (a *app) showOpened(c *gin.Context, status int, reference string, tried attempt) error {
	ctx, now := c.Request.Context(), a.Now()
	opened, err := a.Referrals.OpenReferral(ctx, currentUser(c), reference, now)
	if err != nil {
		return err
	}
	if opened.OpenedAt == nil {
		opened.OpenedAt = &now // by this very request
	}
	teams, err := a.Store.Teams(ctx)
	if err != nil {
		return err
	}
	names := namesOf(teams)
	page := referralPage{
		base: a.base(c, "Referral "+reference), problems: tried.faults, Reference: reference, Done: doneWords[c.Query("done")],
		Row: a.deskRow(&opened.DeskRow), Version: opened.Version, Clocks: clocks(opened, now), Amended: opened.Amendments,
		Received:  moment(opened.ReceivedAt),
		Mine:      opened.OwnerID != nil && *opened.OwnerID == currentUser(c).ID,
		ReadsOnly: !opened.Workable,
		Screens:   opened.Status == "received" && opened.Workable, Decides: opened.Status == "screening" && opened.Workable,
		History: history(opened.History, names), Decisions: decisions(opened.Decisions),
		Kept: tried.action,
	}
	page.Nav = "referrals"
	page.Demo = opened.Demo
	if opened.OwnerName != nil {
		page.Owner = *opened.OwnerName
	}
	for _, slug := range opened.CC {
		page.Copies = append(page.Copies, teamName(names, slug))
	}
	versions := versionViews(a.Referral, opened.Versions)
	page.Newest, page.Earlier = versions[0], versions[1:]
	page.Held, page.NotHeld = steps(opened.Trace, names)
	if opened.RuleSetHash != nil {
		page.RuleSet = *opened.RuleSetHash
	}
	if tried.stale {
		page.Stale = staleWords(opened.History, names)
	}
	page.fillFields(tried.typed, teamsToSend(teams, opened, currentUser(c)))
	return a.render(c, status, "referral", &page)
}

// teamsToSend are the teams that the reader may send the referral to: any
// other, or for one who only reads along, their own.
func teamsToSend(teams []store.Team, opened *store.Opened, reader *store.User) []option {
	var others []option
	for _, t := range teams {
		if (opened.Team == nil || t.Slug != *opened.Team) && (opened.Workable || slices.Contains(reader.Teams, t.Slug)) {
			others = append(others, option{t.Slug, t.Name})
		}
	}
	return others
}

func (p *referralPage) fillFields(typed map[string]string, others []option) {
	p.Note = p.lines("note", "Note", "Everyone who may read this referral can read it. It cannot be changed later.", typed["note"], maxNote)
	p.Team = p.oneOf("team", "Which team should have it?", "", typed["team"], others)
	p.Reason = p.lines("reason", "Why?", "The team that gets it can read this.", typed["reason"], maxReason)
	present := typed["present_team"]
	if present == "" {
		present = readsAlong
	}
	p.PresentTeam = p.oneOf("present_team", "What about the team that has it now?", "", present, presentTeamOptions)
	for _, test := range tests {
		p.Tests = append(p.Tests, testFields{
			Answer: p.oneOf(test.name, test.label, "", typed[test.name], yesNoOptions),
			Reason: p.lines(test.name+"_reason", "Reason", "", typed[test.name+"_reason"], maxReason),
		})
	}
	p.Outcome = p.oneOf("outcome", "What happens now?", "A section 42 enquiry needs all three tests to be met.", typed["outcome"], outcomes)
	p.OutcomeReason = p.lines("outcome_reason", "Reason for this outcome", "", typed["outcome_reason"], maxReason)
}

// desk runs one action of the desk: it reads what was typed, checks it, does
// it on the version that the reader saw, and leads back to the referral. Bad
// input and an action that came too late show the page again with what was
// typed.
func (a *app) desk(c *gin.Context, name string, fields []string, check func(typed map[string]string, faults *problems) error,
	do func(act store.Action, typed map[string]string) error) error {
	reference, err := referenceOf(c)
	if err != nil {
		return err
	}
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	tried := attempt{action: name, typed: map[string]string{}, faults: newProblems()}
	for _, field := range fields {
		if tried.typed[field], err = typedText(posted, field); err != nil {
			return err
		}
	}
	if check != nil {
		if err := check(tried.typed, &tried.faults); err != nil {
			return err
		}
	}
	if tried.faults.found() {
		return a.showOpened(c, http.StatusUnprocessableEntity, reference, tried)
	}
	err = do(store.Action{Actor: currentUser(c), Reference: reference, Version: versionOf(posted), At: a.Now()}, tried.typed)
	if errors.Is(err, store.ErrReadOnly) {
		return errReadOnly
	}
	if errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrWrongStatus) {
		tried.stale = true
		return a.showOpened(c, http.StatusConflict, reference, tried)
	} else if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, "/manage/referrals/"+reference+"?done="+name)
	return nil
}
