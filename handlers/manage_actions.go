package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

// actionsPage is where managers write what they do about what a survey showed:
// "You said, we did".
type actionsPage struct {
	base
	problems
	Survey  string
	List    string // the address of all waves
	Path    string
	Done    string // what the reader has just done
	Stale   bool   // somebody else changed the action before
	Shown   []actionView
	Ended   []actionView
	Editing int64 // the action that is in the form, 0 for a new one
	Version int
	Asking  bool // the form is open
	Form    *actionFields
}

// actionFields are the form for an action.
type actionFields struct {
	Question, Wave          choiceView
	Said, Did, Done, Public Field
}

// choiceView is a list to choose one of, where there are too many for buttons.
type choiceView struct {
	Name, Label, Hint, Error string
	Groups                   []choiceGroup
}

// DescribedBy are the ids of hint and error.
func (v choiceView) DescribedBy() string {
	var ids []string
	if v.Hint != "" {
		ids = append(ids, v.Name+"-hint")
	}
	if v.Error != "" {
		ids = append(ids, v.Name+"-error")
	}
	return strings.Join(ids, " ")
}

type choiceGroup struct {
	Label   string // "" for those that belong to no group
	Options []viewOption
}

// actionView is an action in words.
type actionView struct {
	ID        int64
	Version   int
	Question  string
	Said, Did string
	Label     string // of what was done
	State     tag
	Public    bool
	Wave      string
	By, At    string
	Ended     string // when, "" while it is shown
	Edit      string // address of the form for it
}

// How much may be written, in characters.
const (
	maxSaid = 500
	maxDid  = 1000
)

var actionsDone = map[string]string{
	"written": "The action is written.",
	"changed": "The action is changed.",
	"ended":   "The action has ended. It is not shown any more.",
}

var actionStates = []option{{"done", "Done"}, {"planned", "Planned"}}

var actionAudiences = []option{
	{"yes", "Anyone, where the results are published"},
	{"no", "Only managers"},
}

func (a *app) actionsPath() string { return "/manage/surveys/" + a.Survey.ID + "/actions" }

func (a *app) actionsPage(c *gin.Context) error {
	return a.showActions(c, http.StatusOK, writtenAction{faults: newProblems()})
}

// writtenAction is what somebody wrote of an action.
type writtenAction struct {
	id      int64 // 0 for a new one
	version int
	typed   map[string]string // nil for nothing yet
	faults  problems
	stale   bool
}

func (a *app) showActions(c *gin.Context, status int, written writtenAction) error {
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	ctx := c.Request.Context()
	actions, err := a.Store.SurveyActions(ctx, a.Survey.ID)
	if err != nil {
		return err
	}
	waves, err := a.Store.Waves(ctx, a.Survey.ID)
	if err != nil {
		return err
	}
	page := actionsPage{base: a.base(c, "You said, we did"), problems: written.faults, Survey: a.Survey.Title.In("en"),
		List: a.wavesPath(), Path: a.actionsPath(), Done: actionsDone[c.Query("done")], Stale: written.stale}
	page.Nav = "waves"
	edit, _ := strconv.ParseInt(c.Query("edit"), 10, 64) // anything else is none
	for i := range actions {
		action := &actions[i]
		view := a.actionView(action)
		if action.EndedAt != nil {
			page.Ended = append(page.Ended, view)
			continue
		}
		page.Shown = append(page.Shown, view)
		if action.ID == edit && written.typed == nil {
			written.id, written.typed = action.ID, typedAction(action)
		}
		if action.ID == written.id {
			written.version = action.Version // whoever is told of a change may put theirs over it
		}
	}
	if edit != 0 && written.id == 0 {
		return errPageNotFound
	}
	page.Editing, page.Version = written.id, written.version
	page.Asking = written.typed != nil || len(page.Shown) == 0
	if len(waves) > 0 {
		if written.typed == nil {
			written.typed = map[string]string{"wave": a.newestOpened(waves)}
		}
		page.Form = page.actionFields(a, waves, written.typed)
	}
	return a.render(c, status, "actions", &page)
}

// newestOpened is the code of the newest wave that somebody can have answered.
func (a *app) newestOpened(newestFirst []store.Wave) string {
	for _, wave := range newestFirst {
		if !wave.OpensAt.After(a.Now()) {
			return wave.Code
		}
	}
	return newestFirst[0].Code
}

func (a *app) actionView(action *store.SurveyAction) actionView {
	view := actionView{ID: action.ID, Version: action.Version, Question: a.actionQuestion(action.Question), Said: action.Said, Did: action.Did,
		Label: wordsIn("en")["we_plan"], State: tag{"Planned", "govuk-tag--yellow"}, Public: action.Public, Wave: action.Wave, By: cmp.Or(action.By, "Somebody by a command"), At: moment(action.WrittenAt),
		Edit: a.actionsPath() + "?edit=" + strconv.FormatInt(action.ID, 10) + "#write"}
	if action.Done {
		view.Label, view.State = wordsIn("en")["we_did"], tag{"Done", "govuk-tag--green"}
	}
	if action.EndedAt != nil {
		view.Ended = moment(*action.EndedAt)
	}
	return view
}

// actionQuestion names what an action is tied to.
func (a *app) actionQuestion(id string) string {
	if id == "" {
		return "The survey as a whole"
	}
	if q := a.Survey.Question(id); q != nil {
		return q.Label.In("en")
	}
	return id // only an older version asks it
}

func typedAction(action *store.SurveyAction) map[string]string {
	typed := map[string]string{"question": cmp.Or(action.Question, wholeSurvey), "wave": action.Wave, "said": action.Said, "did": action.Did, "state": "planned", "public": "no"}
	if action.Done {
		typed["state"] = "done"
	}
	if action.Public {
		typed["public"] = "yes"
	}
	return typed
}

// wholeSurvey is the choice of no question.
const wholeSurvey = "survey"

func (p *problems) actionFields(a *app, waves []store.Wave, typed map[string]string) *actionFields {
	f := &actionFields{
		Question: choiceView{Name: "question", Label: "What is it about?", Error: p.byName["question"],
			Groups: []choiceGroup{{Options: []viewOption{{wholeSurvey, "The survey as a whole", typed["question"] == wholeSurvey}}}}},
		Wave: choiceView{Name: "wave", Label: "Which wave does it answer?", Error: p.byName["wave"],
			Hint: "It is shown with the results of this wave and of all that come after it, until you end it."},
		Said:   p.lines("said", "You said", "What the results showed, in a sentence or two. Do not quote a text that is not released, and tell of nobody in particular.", typed["said"], maxSaid),
		Did:    p.lines("did", "We did", "What you have done about it, or what you are going to do and when.", typed["did"], maxDid),
		Done:   p.oneOf("state", "How far is it?", "", typed["state"], actionStates),
		Public: p.oneOf("public", "Who may see it?", "", typed["public"], actionAudiences),
	}
	for i := range a.Survey.Pages {
		page := &a.Survey.Pages[i]
		group := choiceGroup{Label: page.Title.In("en")}
		for j := range page.Questions {
			q := &page.Questions[j]
			group.Options = append(group.Options, viewOption{q.ID, shortLabel(q), typed["question"] == q.ID})
		}
		if len(group.Options) > 0 {
			f.Question.Groups = append(f.Question.Groups, group)
		}
	}
	var codes choiceGroup
	for _, wave := range waves {
		codes.Options = append(codes.Options, viewOption{wave.Code, wave.Code, typed["wave"] == wave.Code})
	}
	f.Wave.Groups = []choiceGroup{codes}
	return f
}

// writeAction adds, changes or ends an action, by the button that was pressed.
func (a *app) writeAction(c *gin.Context) error {
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	written := writtenAction{version: versionOf(posted), faults: newProblems()}
	if id := posted.Get("id"); id != "" {
		if written.id, err = strconv.ParseInt(id, 10, 64); err != nil {
			return malformed(err)
		}
	}
	ctx := c.Request.Context()
	if posted.Get("act") == "end" {
		err := a.Store.EndAction(ctx, a.deed(c), store.SurveyAction{ID: written.id, Survey: a.Survey.ID, Version: written.version})
		written.id = 0 // there is nothing to put into the form
		return a.afterAction(c, "ended", written, err)
	}
	action, err := a.checkAction(c, posted, &written)
	if err != nil {
		return err
	}
	if written.faults.found() {
		return a.showActions(c, http.StatusUnprocessableEntity, written)
	}
	if written.id == 0 {
		return a.afterAction(c, "written", written, a.Store.AddAction(ctx, a.deed(c), action))
	}
	return a.afterAction(c, "changed", written, a.Store.ChangeAction(ctx, a.deed(c), action))
}

// afterAction leads back, or tells that somebody else was faster.
func (a *app) afterAction(c *gin.Context, done string, written writtenAction, err error) error {
	if errors.Is(err, store.ErrStale) {
		written.stale = true
		return a.showActions(c, http.StatusConflict, written)
	} else if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, a.actionsPath()+"?done="+done)
	return nil
}

// checkAction reads the form.
func (a *app) checkAction(c *gin.Context, posted url.Values, written *writtenAction) (store.SurveyAction, error) {
	written.typed = map[string]string{}
	for _, name := range []string{"question", "wave", "said", "did", "state", "public"} {
		var err error
		if written.typed[name], err = typedText(posted, name); err != nil {
			return store.SurveyAction{}, err
		}
	}
	typed, faults := written.typed, &written.faults
	action := store.SurveyAction{ID: written.id, Version: written.version, Survey: a.Survey.ID, Question: typed["question"], Wave: typed["wave"],
		Said: typed["said"], Did: typed["did"], Done: typed["state"] == "done", Public: typed["public"] == "yes"}
	if action.Question == wholeSurvey {
		action.Question = ""
	} else if a.Survey.Question(action.Question) == nil {
		faults.add("question", "Choose what it is about")
	}
	if !store.ValidWaveCode(action.Wave) {
		faults.add("wave", "Choose the wave that it answers")
	} else if _, err := a.Store.WaveByCode(c.Request.Context(), a.Survey.ID, action.Wave); errors.Is(err, store.ErrNotFound) {
		faults.add("wave", "Choose the wave that it answers")
	} else if err != nil {
		return action, err
	}
	faults.checkLength("said", action.Said, maxSaid, "Enter what people said")
	faults.checkLength("did", action.Did, maxDid, "Enter what you did, or are going to do")
	if labelOf(actionStates, typed["state"]) == typed["state"] {
		faults.add("state", "Choose whether it is done or planned")
	}
	if labelOf(actionAudiences, typed["public"]) == typed["public"] {
		faults.add("public", "Choose who may see it")
	}
	return action, nil
}
