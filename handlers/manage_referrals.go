package handlers

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

const deskPageSize = 50

// deskRow is a referral in the list: plain facts and the state of the work.
type deskRow struct {
	Reference, Href string
	Priority        tag
	Status          tag
	Kind, Place     string
	Team, Owner     string
	Received        string // how long ago
	Clock           string // the next step, and by when
	Late            bool
	Amended         bool
	Demo            bool
}

func (a *app) deskRow(row *store.DeskRow) deskRow {
	now := a.Now()
	view := deskRow{
		Reference: row.Reference, Href: "/manage/referrals/" + row.Reference,
		Priority: priorityTags[row.Priority], Status: statusTags[row.Status],
		Kind: labelOf(kinds, row.Facts.Kind), Place: a.placeName(row.Facts.AdultDistrict),
		Team: "Not routed yet", Owner: "Nobody yet",
		Received: span(now.Sub(row.ReceivedAt)) + " ago", Clock: "Nothing is due",
		Amended: row.Amendments > 0, Demo: row.Demo,
	}
	if row.TeamName != nil {
		view.Team = *row.TeamName
	}
	if row.OwnerName != nil {
		view.Owner = *row.OwnerName
	}
	if step, by := nextClock(row); by != nil {
		words, late := due(*by, now)
		view.Clock, view.Late = step+": "+words, late
	} else if row.Status != "decided" {
		view.Clock = "Set when it is routed"
	}
	return view
}

func (a *app) placeName(slug string) string {
	switch slug {
	case "":
		return "Place not asked"
	case "unknown":
		return "Place not known"
	}
	return a.Organisation.PlaceName(slug)
}

// choice is an option of a filter.
type choice struct {
	Value, Text string
	Chosen      bool
}

func choices(chosen string, options []option) []choice {
	out := make([]choice, len(options))
	for i, o := range options {
		out[i] = choice{o.code, o.label, o.code == chosen}
	}
	return out
}

var (
	whoseOptions    = []option{{"mine", "Yours"}, {"unowned", "Nobody’s yet"}, {"all", "All"}}
	statusOptions   = []option{{"", "Any status"}, {"received", "Received"}, {"screening", "Being screened"}, {"decided", "Decided"}}
	priorityOptions = []option{{"", "Any priority"}, {"P1", "Priority 1"}, {"P2", "Priority 2"}, {"P3", "Priority 3"}}
)

type referralsPage struct {
	base
	problems
	Whose          []menuItem
	WhoseCode      string
	Status         []choice
	Priority       []choice
	Reference      string // as typed, where it could not be one
	Rows           []deskRow
	Total          int
	From, To       int // of the rows shown, counted from 1
	Previous, Next string
}

// referralList shows the referrals that the reader may read, or leads to the
// one whose reference they typed.
func (a *app) referralList(c *gin.Context) error {
	typed := c.Query("reference")
	reference, found := store.ParseReference(typed)
	if typed != "" && found {
		c.Redirect(http.StatusSeeOther, "/manage/referrals/"+reference)
		return nil
	}
	filter, number := deskFilter(c)
	rows, total, err := a.Referrals.Desk(c.Request.Context(), currentUser(c), filter)
	if err != nil {
		return err
	}
	page := referralsPage{base: a.base(c, "Referrals"), problems: newProblems(), Total: total}
	page.Nav = "referrals"
	page.fillFilters(c, filter)
	for i := range rows {
		page.Rows = append(page.Rows, a.deskRow(&rows[i]))
	}
	if len(rows) > 0 {
		page.From, page.To = filter.Offset+1, filter.Offset+len(rows)
	}
	if number > 1 {
		page.Previous = deskURL(c, "page", strconv.Itoa(number-1))
	}
	if page.To < total && len(rows) > 0 {
		page.Next = deskURL(c, "page", strconv.Itoa(number+1))
	}
	status := http.StatusOK
	if typed != "" {
		status = http.StatusUnprocessableEntity
		page.Reference = typed
		page.add("reference", "Check the reference: it looks like SG-7K3M-92QF, and one character of this one is not right")
	}
	return a.render(c, status, "referrals", &page)
}

// deskFilter reads the list's filter; what is not one of its codes does not
// narrow the list.
func deskFilter(c *gin.Context) (store.DeskFilter, int) {
	known := func(name string, options []option) string {
		for _, o := range options {
			if o.code == c.Query(name) {
				return o.code
			}
		}
		return ""
	}
	filter := store.DeskFilter{
		Whose: known("whose", whoseOptions), Status: known("status", statusOptions),
		Priority: known("priority", priorityOptions), Limit: deskPageSize,
	}
	if filter.Whose == "all" {
		filter.Whose = ""
	}
	number, err := strconv.Atoi(c.Query("page"))
	if err != nil || number < 1 || number > 1_000_000 {
		number = 1
	}
	filter.Offset = (number - 1) * deskPageSize
	return filter, number
}

func (p *referralsPage) fillFilters(c *gin.Context, f store.DeskFilter) {
	p.WhoseCode = f.Whose
	if p.WhoseCode == "" {
		p.WhoseCode = "all"
	}
	for _, o := range whoseOptions {
		p.Whose = append(p.Whose, menuItem{Text: o.label, Href: deskURL(c, "whose", o.code), Current: o.code == p.WhoseCode})
	}
	p.Status, p.Priority = choices(f.Status, statusOptions), choices(f.Priority, priorityOptions)
}

// deskURL is the list as it is with one part of its filter changed; all parts
// but the page start again at the first one.
func deskURL(c *gin.Context, name, value string) string {
	query := url.Values{}
	for _, part := range []string{"whose", "status", "priority"} {
		if kept := c.Query(part); kept != "" {
			query.Set(part, kept)
		}
	}
	query.Set(name, value)
	return "/manage/referrals?" + query.Encode()
}
