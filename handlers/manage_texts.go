package handlers

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

// textsPage is where a person reads what people wrote, one text at a time, and
// decides what may be shown; and the lists of what was decided.
type textsPage struct {
	base
	problems
	Survey   string
	Wave     string
	WavePath string
	Path     string
	Tabs     []menuItem
	Done     string // what the reader has just done
	Stale    bool   // somebody else had dealt with the text before
	Heading  string
	Reading  *readingView // nil if none waits, or in a list
	List     *textList    // nil while reading
}

// textList are texts that were released or held back.
type textList struct {
	Released       bool
	Texts          []decidedText
	Newer, Earlier string // addresses of the pages before and after, "" for none
}

// decidedText is a text in the list. The original is shown of one that was
// held back: of a released one only what was let through.
type decidedText struct {
	ID       string
	Version  int
	Question string
	Words    string
	Themes   []string
	By, At   string
}

// listedTexts is how many the page shows of a list.
const listedTexts = 25

// textsDone say what was done, on the page that it leads back to.
var textsDone = map[string]string{
	string(actRelease):  "The text is released.",
	string(actHold):     "The text is held back.",
	string(actTakeBack): "The text waits to be read again.",
}

// textTabs are the parts of the page; show is what stands in the address.
var textTabs = []struct {
	show  string
	state store.TextState
	words string
}{
	{"", store.TextWaiting, "To read"},
	{"released", store.TextReleased, "Released"},
	{"held", store.TextHeld, "Held back"},
}

func (a *app) textsPath(wave *store.Wave) string { return a.wavesPath() + "/" + wave.Code + "/texts" }

func (a *app) textsPage(c *gin.Context) error {
	wave, err := a.managedWave(c)
	if err != nil {
		return err
	}
	return a.showTexts(c, http.StatusOK, wave, readText{faults: newProblems()})
}

// readText is a text that somebody has read, with what they tried to do.
type readText struct {
	text     *store.Text
	typed    textForm
	faults   problems
	doubtful bool // something seems to be left that should go
	stale    bool
}

// showTexts shows a part of the page: what is to be read, or a list.
func (a *app) showTexts(c *gin.Context, status int, wave *store.Wave, read readText) error {
	ctx := c.Request.Context()
	more, err := a.queueTexts(ctx, wave)
	if err != nil {
		return err
	}
	counts, err := a.Store.TextCounts(ctx, wave.ID)
	if err != nil {
		return err
	}
	page := textsPage{
		base: a.base(c, "What people wrote"), problems: read.faults, Survey: a.Survey.Title.In("en"), Wave: wave.Code,
		WavePath: a.wavesPath() + "/" + wave.Code, Path: a.textsPath(wave), Done: textsDone[c.Query("done")], Stale: read.stale,
	}
	page.Nav, page.Demo = "waves", a.Demo || wave.Demo
	state := store.TextWaiting
	for _, tab := range textTabs {
		shown := c.Query("show") == tab.show && read.text == nil
		href := page.Path
		if tab.show != "" {
			href += "?show=" + tab.show
		}
		count := store.Told{Number: counts[tab.state], Exact: tab.state != store.TextWaiting || !more}
		page.Tabs = append(page.Tabs, menuItem{Text: tab.words + " (" + count.String() + ")", Href: href, Current: shown || read.text != nil && tab.show == ""})
		if shown {
			state = tab.state
		}
	}
	versions, err := a.versions.Of(ctx, wave)
	if err != nil {
		return err
	}
	if state != store.TextWaiting {
		if page.List, err = a.textList(c, wave, state, versions); err != nil {
			return err
		}
		return a.render(c, status, "texts", &page)
	}
	if read.text == nil {
		read.text, err = a.Store.NextText(ctx, wave.ID, a.lastSkipped(ctx, wave))
		if errors.Is(err, store.ErrNotFound) {
			return a.render(c, status, "texts", &page)
		} else if err != nil {
			return err
		}
		read.typed = a.suggested(read.text)
	}
	page.Reading = page.reading(a.ordinaryNames(), read, questionLabel(versions, read.text.Question))
	return a.render(c, status, "texts", &page)
}

// queueTexts puts into the queue what may be read: the texts of those who may
// be told from the others. So the queue grows as the figures do, and its
// numbers tell nothing of single people.
func (a *app) queueTexts(ctx context.Context, wave *store.Wave) (more bool, err error) {
	published, err := a.published(ctx, wave)
	if err != nil {
		return false, err
	}
	versions, err := a.versions.Of(ctx, wave)
	if err != nil {
		return false, err
	}
	for _, question := range textQuestions(versions) {
		below, err := published.Writers(question, nil)
		if err != nil {
			return false, err
		}
		if below == 0 {
			continue
		}
		left, err := a.Store.QueueTexts(ctx, wave.ID, question, below)
		if err != nil {
			return false, err
		}
		more = more || left
	}
	return more, nil
}

// textQuestions are the questions of these versions that people answer in
// their own words.
func textQuestions(versions []*forms.Form) []string {
	var ids []string
	for _, form := range versions {
		for i := range form.Pages {
			for j := range form.Pages[i].Questions {
				if q := &form.Pages[i].Questions[j]; !q.Kind.Closed() {
					find(&ids, func(id string) bool { return id == q.ID }, q.ID)
				}
			}
		}
	}
	return ids
}

// questionLabel says what a question asks, in the newest version that has it.
func questionLabel(versions []*forms.Form, id string) string {
	label, newest := id, 0
	for _, form := range versions {
		if q := form.Question(id); q != nil && form.Version > newest {
			label, newest = q.Label.In("en"), form.Version
		}
	}
	return label
}

// textList reads one page of a list.
func (a *app) textList(c *gin.Context, wave *store.Wave, state store.TextState, versions []*forms.Form) (*textList, error) {
	number, err := strconv.Atoi(c.DefaultQuery("page", "1"))
	if err != nil || number < 1 || number > 1_000_000 {
		return nil, errPageNotFound
	}
	// One more than is shown tells whether there are more.
	texts, err := a.Store.Texts(c.Request.Context(), wave.ID, state, listedTexts+1, (number-1)*listedTexts)
	if err != nil {
		return nil, err
	}
	list := &textList{Released: state == store.TextReleased}
	address := func(page int) string {
		return a.textsPath(wave) + "?show=" + c.Query("show") + "&page=" + strconv.Itoa(page)
	}
	if number > 1 {
		list.Newer = address(number - 1)
	}
	if len(texts) > listedTexts {
		texts, list.Earlier = texts[:listedTexts], address(number+1)
	}
	for _, text := range texts {
		view := decidedText{ID: text.ID.String(), Version: text.Version, Question: questionLabel(versions, text.Question),
			Words: text.Words, Themes: themeWords(text.Themes), By: text.By, At: moment(*text.At)}
		if !list.Released {
			view.Words = text.Original
		}
		if view.By == "" {
			view.By = "Somebody by a command"
		}
		list.Texts = append(list.Texts, view)
	}
	return list, nil
}

// skippedKey is where the session keeps the text that was skipped last: the
// next one follows on it.
func skippedKey(wave *store.Wave) string { return "skipped_text_" + strconv.FormatInt(wave.ID, 10) }

func (a *app) lastSkipped(ctx context.Context, wave *store.Wave) uuid.UUID {
	id, err := uuid.Parse(a.sessions.GetString(ctx, skippedKey(wave)))
	if err != nil {
		return uuid.Nil // they have skipped none
	}
	return id
}
