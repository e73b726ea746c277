package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/forms"
)

const referURL = "/refer"

// referForm is an empty referral. Its key makes sending it twice harmless.
func (a *app) referForm(c *gin.Context) error {
	return a.showForm(c, http.StatusOK, documentInput{
		Form: a.Referral, Lang: a.languages.choose(c.Request).code, Action: referURL,
		SubmissionKey: uuid.NewString(), Fresh: true,
	}, "", nil)
}

// referralPost is a posted referral form: what was typed, kept as it is until
// it is sent, and what travels with it.
type referralPost struct {
	action  formAction
	answers forms.Answers // not stripped and not validated
	key     uuid.UUID
	newKey  bool // the posted key could not be read, so key is a fresh one
	lang    string
	draft   savedDraft
	// members counts the members of each group that were on the page, the
	// empty ones too.
	members map[string]int
	start   string // where a "Change" button leads
}

// readReferral reads what was posted, with the member gone that a "Remove"
// button names.
func (a *app) readReferral(c *gin.Context) (*referralPost, error) {
	posted, err := requireForm(c)
	if err != nil {
		return nil, err
	}
	p := &referralPost{
		action: parseAction(posted.Get("action")), lang: a.languages.choose(c.Request).code,
		draft: a.openDraftToken(posted.Get("draft")), start: c.Query("start"),
	}
	if p.action.Verb == "remove" {
		removeMember(posted, p.action.Group, p.action.Member)
	}
	p.members = postedMembers(a.Referral, posted)
	if p.answers, err = a.Referral.Parse(posted); err != nil {
		return nil, err
	}
	key, ok := submissionKey(posted)
	if p.key, p.newKey = key, !ok; p.newKey {
		p.key = uuid.New()
	}
	return p, nil
}

// postedMembers counts the members of each group that a page posted. Parsing
// drops the empty ones, but whoever added one wants to find it again.
func postedMembers(f *forms.Form, posted url.Values) map[string]int {
	seen := map[string]map[int]bool{}
	for name := range posted {
		group, rest, _ := strings.Cut(name, ".")
		number, _, _ := strings.Cut(rest, ".")
		member, err := strconv.Atoi(number)
		if err != nil || member < 0 || groupPage(f, group) == nil {
			continue
		}
		if seen[group] == nil {
			seen[group] = map[int]bool{}
		}
		seen[group][member] = true
	}
	counts := map[string]int{}
	for group, members := range seen {
		counts[group] = len(members)
	}
	return counts
}

// groupPage is the page that repeats as that group, or nil.
func groupPage(f *forms.Form, group string) *forms.Page {
	i := slices.IndexFunc(f.Pages, func(p forms.Page) bool { return p.Repeats != nil && p.Repeats.Group == group })
	if i < 0 {
		return nil
	}
	return &f.Pages[i]
}

// document is the form with everything that was posted still in it.
func (a *app) document(p *referralPost) documentInput {
	return documentInput{
		Form: a.Referral, Answers: p.answers, Lang: p.lang, Action: referURL,
		SubmissionKey: p.key.String(), Members: p.members, Start: p.start,
	}
}

// showReferral renders the form again.
func (a *app) showReferral(c *gin.Context, status int, p *referralPost, in documentInput, notice string) error {
	return a.showForm(c, status, in, notice, p.draft.hidden())
}

// referPost does what the button that was pressed asks for.
func (a *app) referPost(c *gin.Context) error {
	p, err := a.readReferral(c)
	if err != nil {
		return err
	}
	switch p.action.Verb {
	case "send":
		return a.sendReferral(c, p)
	case "check":
		return a.checkReferral(c, p)
	case "save":
		return a.saveReferral(c, p)
	case "change":
		in := a.document(p)
		in.Review = true
		return a.showReferral(c, http.StatusOK, p, in, "")
	case "add", "remove":
		if page := groupPage(a.Referral, p.action.Group); page != nil {
			return a.changeMembers(c, p, page)
		}
	}
	return a.refuse(c, p, errUnknownButton)
}

var errUnknownButton = &problem{status: http.StatusUnprocessableEntity, title: "We do not know that button",
	words: "We did not understand which button was pressed, so nothing was sent. Your answers are still here: please choose a button again."}

// refuse shows the form again with the sentence of a problem; a program gets
// the problem itself.
func (a *app) refuse(c *gin.Context, p *referralPost, because *problem) error {
	if wantsJSON(c) {
		return because
	}
	if because.retryAfter != "" {
		c.Header("Retry-After", because.retryAfter)
	}
	return a.showReferral(c, because.status, p, a.document(p), because.words)
}

// changeMembers shows one member of a group more, or what is left after one
// was removed.
func (a *app) changeMembers(c *gin.Context, p *referralPost, page *forms.Page) error {
	group := page.Repeats.Group
	count := max(p.members[group], p.answers.Members(group), page.Repeats.Min)
	notice := ""
	if p.action.Verb == "add" {
		if count < page.Repeats.Max {
			count++
		} else {
			notice = fmt.Sprintf("You can fill this in up to %d times. If there is more, write it under “What happened”.", page.Repeats.Max)
		}
	}
	p.members[group] = count
	in := a.document(p)
	in.Start = group + "." + strconv.Itoa(max(count-1, 0))
	if p.action.Verb == "remove" {
		in.Start = page.ID
	}
	return a.showReferral(c, http.StatusOK, p, in, notice)
}

// checkReferral shows the answers in words before they are sent.
func (a *app) checkReferral(c *gin.Context, p *referralPost) error {
	if ending := a.Referral.Ending(p.answers); ending != nil {
		return a.showEnding(c, p, ending)
	}
	in := a.document(p)
	if in.Errors = a.Referral.Validate(p.answers, p.lang, a.Now()); len(in.Errors) > 0 {
		return a.showReferral(c, http.StatusUnprocessableEntity, p, in, "")
	}
	in.Placeholders = a.Organisation.Placeholders()
	in.Answers = a.Referral.Strip(p.answers)
	// All that was typed goes along, so that whoever goes back and takes
	// another branch finds it again.
	page := checkPage{base: a.spoken(c, p.lang, wordsIn(p.lang)["check"]), Check: newCheck(in, p.hidden())}
	return a.render(c, http.StatusOK, "check", &page)
}

// hidden are the fields with which a page without inputs carries the form.
func (p *referralPost) hidden() []hiddenField {
	fields := append([]hiddenField{{"submission_key", p.key.String()}, {"lang", p.lang}}, p.draft.hidden()...)
	return append(fields, hiddenAnswers(p.answers)...)
}

func hiddenAnswers(answers forms.Answers) []hiddenField {
	var fields []hiddenField
	for name, values := range answers {
		for _, value := range values {
			fields = append(fields, hiddenField{name, value})
		}
	}
	slices.SortStableFunc(fields, func(x, y hiddenField) int { return strings.Compare(x.Name, y.Name) })
	return fields
}
