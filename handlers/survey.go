package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

// formPage is a page that holds a form.
type formPage struct {
	base
	Document *Document
	// Notice is said above the form, such as why it came back.
	Notice string
	// Hidden are further fields that travel with the form.
	Hidden []hiddenField
	// Invitation asks for another invitation, where the one that came with
	// the answers was refused.
	Invitation *invitationBox
}

// invitationBox is where the code of an invitation is typed.
type invitationBox struct{ Typed, Error string }

// showForm renders a form with what people typed.
func (a *app) showForm(c *gin.Context, status int, in documentInput, notice string, hidden []hiddenField) error {
	return a.render(c, status, "form", a.formPage(c, in, notice, hidden))
}

func (a *app) formPage(c *gin.Context, in documentInput, notice string, hidden []hiddenField) *formPage {
	in.Placeholders = a.Organisation.Placeholders()
	in.Languages = a.languages.options(in.Lang)
	in.LanguageNotes = a.languages.notes(in.Form, spokenIn{in.Lang, a.languages.choose(c.Request).unknown})
	in.Worker = a.workerState()
	if in.Today == "" {
		in.Today = a.today()
	}
	page := &formPage{
		base: a.spoken(c, in.Lang, in.Form.Title.In(in.Lang)), Document: newDocument(in), Notice: notice, Hidden: hidden,
	}
	page.Elsewhere, page.Unreviewed = nil, "" // a form says both in its own place
	return page
}

// today is the date in London, like 2026-11-22.
func (a *app) today() string { return a.Now().In(routing.London).Format("2006-01-02") }

// visit is how somebody comes to the survey: to which wave, in which version
// and language, and by which collector or invitation, if by any.
type visit struct {
	wave       *store.Wave
	form       *forms.Form // the version that pages are given out in, or that was posted
	lang       string
	collector  string
	invitation string
	uninvited  bool // the form is to be kept on a phone, and may lack its invitation
	endTurn    func()
}

func (v visit) words() words { return wordsIn(v.lang) }

// hidden are the fields by which the form finds its wave and version again,
// also when it is sent days later.
func (v visit) hidden() []hiddenField {
	return []hiddenField{
		{"wave", v.wave.Code}, {"version", strconv.Itoa(v.form.Version)},
		{"collector", v.collector}, {"invitation", v.invitation},
	}
}

// currentWave is the newest wave of the survey, nil if there is none yet.
func (a *app) currentWave(c *gin.Context) (*store.Wave, error) {
	wave, err := a.Store.CurrentWave(c.Request.Context(), a.Survey.ID, a.Now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return wave, err
}

// surveyWave finds the wave that the URL's survey is in; 404 for another survey.
func (a *app) surveyWave(c *gin.Context) (*store.Wave, error) {
	if c.Param("slug") != a.Survey.ID {
		return nil, errPageNotFound
	}
	wave, err := a.currentWave(c)
	if err == nil && wave == nil {
		return nil, errNotOpenYet
	}
	return wave, err
}

var errNotOpenYet = &problem{status: http.StatusNotFound, notice: "not_open", title: "This survey has not opened yet",
	words: "Come back later, or ask whoever sent you here when it opens."}

// surveyForm gives out the survey, or says why it does not.
func (a *app) surveyForm(c *gin.Context) error {
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	spoken := a.languages.choose(c.Request)
	lang := spoken.code
	w := wordsIn(lang)
	v, refused, err := a.visit(c)
	if err != nil {
		return err
	}
	v.lang = lang
	switch {
	case refused != "":
		return a.askInvitation(c, lang, http.StatusUnprocessableEntity, c.Query("invitation"), w[refused])
	case v.wave == nil || a.Now().Before(v.wave.OpensAt):
		return a.showNotice(c, http.StatusNotFound, lang, "not_open", "not_open_text")
	case !v.wave.Open(a.Now()):
		return a.showNotice(c, http.StatusOK, lang, "closed", "closed_text")
	case v.wave.ByInvitation && v.invitation == "" && !v.uninvited:
		return a.askInvitation(c, lang, http.StatusOK, "", "")
	}
	if v.form, err = a.versions.Get(c.Request.Context(), a.Survey.ID, v.wave.Version()); err != nil {
		return err
	}
	in := documentInput{Form: v.form, Lang: lang, Action: c.Request.URL.Path, SubmissionKey: uuid.NewString(), Fresh: true}
	endTurn, err := a.surveyTurns.take(c.Request.Context())
	if err != nil {
		return err
	}
	defer endTurn()
	if v.collector == "" && v.invitation == "" && !spoken.unknown {
		return a.showFirstPage(c, v, in)
	}
	return a.showForm(c, http.StatusOK, in, "", v.hidden())
}

type noticePage struct {
	base
	Heading, Text string
	Waiting       waiting
}

// showNotice is a page that says one thing, in a language, and how to report
// a concern.
func (a *app) showNotice(c *gin.Context, status int, lang, heading, text string) error {
	w := wordsIn(lang)
	return a.render(c, status, "survey_notice", &noticePage{a.spoken(c, lang, w[heading]), w[heading], w[text], a.waiting(lang)})
}

// surveyPost takes answers, or shows them again with what is wrong.
func (a *app) surveyPost(c *gin.Context) error {
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	// The answers are read first: whatever goes wrong then, people get them back.
	posted, err := requirePosted(c)
	if err != nil {
		return err
	}
	p := surveyPost{app: a, c: c, posted: posted, visit: visit{form: a.Survey, lang: a.languages.choose(c.Request).code}}
	if err := p.read(); err != nil {
		return err
	}
	key, keyOK := submissionKey(posted)
	if p.key = key; !keyOK {
		p.key = uuid.New()
	}
	allowed := a.limiter.allow(c, "survey", a.RateLimit)
	if p.endTurn, err = a.surveyTurns.take(c.Request.Context()); err != nil {
		return err
	}
	defer p.endTurn()
	if !allowed {
		return p.refuse(errTooMany, "too_many_posts")
	}
	if err := p.find(); err != nil {
		return p.explain(err)
	}
	if a.Now().Before(p.wave.OpensAt) {
		return p.refuse(errNotOpenYet, "not_open_text")
	}
	switch verb := parseAction(posted.Get("action")).Verb; {
	case verb == "send":
	case wantsJSON(c):
		return errUnknownButton
	case verb == "check":
		return p.check()
	case verb == "":
		return p.again(http.StatusUnprocessableEntity, "unknown_button")
	default:
		return p.again(http.StatusOK, "")
	}
	if !keyOK && p.wave.Takes(a.Now()) {
		if wantsJSON(c) {
			return errNoKey
		}
		return p.again(http.StatusUnprocessableEntity, "stale")
	}
	duplicate, err := p.take()
	if err != nil {
		return p.explain(err)
	}
	return p.acknowledge(duplicate)
}

func (p *surveyPost) acknowledge(duplicate bool) error {
	if wantsJSON(p.c) {
		return acknowledge(p.c, duplicate)
	}
	thanks := url.URL{Path: p.c.Request.URL.Path + "/thanks"}
	query := url.Values{}
	if p.lang != p.app.languages.unasked(p.c.Request) {
		query.Set("lang", p.lang)
	}
	if duplicate {
		query.Set("already", "yes")
	}
	thanks.RawQuery = query.Encode()
	p.c.Redirect(http.StatusSeeOther, thanks.String())
	return nil
}

// surveyPost is a posted survey on its way.
type surveyPost struct {
	visit
	app     *app
	c       *gin.Context
	posted  forms.Posted
	key     uuid.UUID
	answers forms.Answers // not stripped and not validated; nil if encoded is set
	encoded forms.Encoded // of answers with which nothing is wrong
}

// read reads the answers as the form of this version does.
func (p *surveyPost) read() (err error) {
	var right bool
	if p.encoded, right = p.form.Take(p.posted, p.app.Now()); !right {
		p.answers, err = p.form.Parse(p.posted.Values())
	}
	return err
}

// given are the answers as they were given, to be shown again.
func (p *surveyPost) given() forms.Answers {
	if p.encoded != nil {
		// What could be taken can be read.
		p.answers, _ = p.form.Parse(p.posted.Values())
		p.encoded = nil
	}
	return p.answers
}

func (p *surveyPost) take() (duplicate bool, err error) {
	if p.encoded != nil {
		return p.app.keepResponse(p.c, p.visit, p.key, p.encoded, p.app.Now())
	}
	return p.app.takeResponse(p.c, p.visit, p.key, p.answers)
}

// find fills in where the answers belong. Answers to another version are read
// again as that version reads them.
func (p *surveyPost) find() error {
	p.collector, p.invitation = p.posted.Get("collector"), p.posted.Get("invitation")
	if code, ok := store.ParseInvitation(p.invitation); ok {
		p.invitation = code // no invitation has any other code, and Append says so
	}
	wave, err := p.app.postedWave(p.c, p.posted.Get("wave"), p.invitation)
	if err != nil {
		return err
	}
	p.wave = wave
	version := wave.Version()
	if asked := p.posted.Get("version"); asked != "" {
		number, err := strconv.ParseInt(asked, 10, 32)
		if err != nil {
			return store.ErrVersion
		}
		version = int(number)
	}
	if p.form, err = p.app.versions.Get(p.c.Request.Context(), p.app.Survey.ID, version); errors.Is(err, store.ErrNotFound) {
		p.form = p.app.Survey
		return store.ErrVersion
	} else if err != nil {
		p.form = p.app.Survey
		return err
	}
	if p.form != p.app.Survey {
		err = p.read()
	}
	return err
}

// hidden are the fields by which the form finds its wave and version again.
// Where these have not been found out they stay what they were.
func (p *surveyPost) hidden() []hiddenField {
	if p.wave != nil {
		return p.visit.hidden()
	}
	var fields []hiddenField
	for _, name := range []string{"wave", "version", "collector", "invitation"} {
		fields = append(fields, hiddenField{name, p.posted.Get(name)})
	}
	return fields
}

// again shows the form with what was typed, and says why it comes back.
func (p *surveyPost) again(status int, notice string, faults ...forms.FieldError) error {
	page := p.page(notice, faults...)
	return p.app.render(p.c, status, "form", page)
}

func (p *surveyPost) page(notice string, faults ...forms.FieldError) *formPage {
	return p.app.formPage(p.c, documentInput{
		Form: p.form, Answers: p.given(), Errors: faults, Lang: p.lang,
		Action: p.c.Request.URL.Path, SubmissionKey: p.key.String(), Start: p.c.Query("start"), Review: notice == "" && len(faults) == 0,
	}, p.words()[notice], p.hidden())
}

// askAgain shows the form with what was typed and a box for another
// invitation, since the one that came with it was refused.
func (p *surveyPost) askAgain(status int, fault string) error {
	page := p.page("")
	page.Notice = fault
	page.Hidden = slices.DeleteFunc(page.Hidden, func(f hiddenField) bool { return f.Name == "invitation" })
	page.Invitation = &invitationBox{Typed: p.posted.Get("invitation"), Error: fault}
	return p.app.render(p.c, status, "form", page)
}

// check shows the answers in words before they are sent.
func (p *surveyPost) check() error {
	if faults := p.form.Validate(p.given(), p.lang, p.app.Now()); len(faults) > 0 {
		return p.again(http.StatusUnprocessableEntity, "", faults...)
	}
	in := documentInput{
		Form: p.form, Answers: p.form.Strip(p.given()), Lang: p.lang, Placeholders: p.app.Organisation.Placeholders(),
		Action: p.c.Request.URL.Path,
	}
	hidden := append([]hiddenField{{"submission_key", p.key.String()}, {"lang", p.lang}}, p.hidden()...)
	page := checkPage{base: p.app.spoken(p.c, p.lang, p.words()["check"]), Check: newCheck(in, append(hidden, hiddenAnswers(p.given())...))}
	return p.app.render(p.c, http.StatusOK, "check", &page)
}

// refuse answers with a problem that has nothing to do with the answers: a
// program gets it, people get their form back with the words of that key.
func (p *surveyPost) refuse(because *problem, words string) error {
	if wantsJSON(p.c) {
		inWords := *because
		inWords.words = p.words()[words]
		return &inWords
	}
	if because.retryAfter != "" {
		p.c.Header("Retry-After", because.retryAfter)
	}
	return p.again(because.status, words)
}
