package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/internal/redact"
	"intake/internal/store"
)

// textAct is what somebody does with a text.
type textAct string

const (
	actRelease  textAct = "release"
	actHold     textAct = "hold"
	actSkip     textAct = "skip"
	actTakeBack textAct = "take_back"
)

// maxReleasedText is in characters. What is taken out may be shorter than what
// is put in its place.
const maxReleasedText = 6000

// textForm is what a reader typed and ticked.
type textForm struct {
	words  string
	themes []string
	sure   bool // that what looks like a phone number is none
}

// decideText does with a text what the pressed button says, and leads on to
// the next one. The text is named in the form, not in the address.
func (a *app) decideText(c *gin.Context) error {
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	wave, err := a.managedWave(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	id, err := uuid.Parse(posted.Get("text"))
	if err != nil {
		return errPageNotFound
	}
	ref := store.TextRef{WaveID: wave.ID, ID: id, Version: versionOf(posted)}
	back := url.Values{}
	switch act := textAct(posted.Get("act")); act {
	case actSkip:
		if _, err := a.Store.TextByID(ctx, wave.ID, id); err != nil {
			return err
		}
		a.sessions.Put(ctx, skippedKey(wave), id.String())
	case actHold:
		back.Set("done", string(act))
		err = a.Store.HoldText(ctx, a.deed(c), ref)
	case actTakeBack:
		back.Set("done", string(act))
		if show := posted.Get("show"); show == "released" || show == "held" {
			back.Set("show", show)
		}
		err = a.Store.TakeBackText(ctx, a.deed(c), ref)
	case actRelease:
		back.Set("done", string(act))
		return a.releaseText(c, wave, ref, posted, back)
	default:
		return malformed(nil)
	}
	return a.afterText(c, wave, back, err)
}

// afterText leads on, or tells that somebody else was faster.
func (a *app) afterText(c *gin.Context, wave *store.Wave, back url.Values, err error) error {
	if errors.Is(err, store.ErrStale) {
		return a.showTexts(c, http.StatusConflict, wave, readText{faults: newProblems(), stale: true})
	} else if err != nil {
		return err
	}
	to := a.textsPath(wave)
	if len(back) > 0 {
		to += "?" + back.Encode()
	}
	c.Redirect(http.StatusSeeOther, to)
	return nil
}

func (a *app) releaseText(c *gin.Context, wave *store.Wave, ref store.TextRef, posted, back url.Values) error {
	ctx := c.Request.Context()
	read := readText{faults: newProblems(), typed: textForm{themes: knownThemes(posted["themes"]), sure: posted.Get("sure") == "yes"}}
	var err error
	if read.typed.words, err = typedText(posted, "words"); err != nil {
		return err
	}
	if read.doubtful = read.faults.checkText(read.typed); !read.faults.found() {
		err := a.Store.ReleaseText(ctx, a.deed(c), ref, read.typed.words, read.typed.themes)
		return a.afterText(c, wave, back, err)
	}
	if read.text, err = a.Store.TextByID(ctx, wave.ID, ref.ID); err != nil {
		return err
	}
	if read.text.State != store.TextWaiting || read.text.Version != ref.Version {
		return a.afterText(c, wave, back, store.ErrStale)
	}
	return a.showTexts(c, http.StatusUnprocessableEntity, wave, read)
}

// checkText says what keeps words from being released. That something looks
// like a phone number is said once, which makes them doubtful: whoever reads
// them decides.
func (p *problems) checkText(typed textForm) (doubtful bool) {
	switch length := utf8.RuneCountInString(typed.words); {
	case length == 0:
		p.add("words", "Enter the text to release, or hold it back")
		return false
	case length > maxReleasedText:
		p.add("words", "Shorten this by "+plural(length-maxReleasedText, "character")+": up to "+strconv.Itoa(maxReleasedText)+" fit")
		return false
	}
	var seen []string
	for _, span := range redact.Find(typed.words) {
		if span.Kind.Certain() {
			what := "what looks like " + spanWords[span.Kind]
			find(&seen, func(s string) bool { return s == what }, what)
		}
	}
	if len(seen) == 0 || typed.sure {
		return false
	}
	p.add("words", "The text still has "+listed(seen)+": take it out, or tick that it may be shown")
	return true
}
