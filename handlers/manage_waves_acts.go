package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"intake/internal/store"
)

// confirmPage asks whether something that cannot be undone is meant.
type confirmPage struct {
	base
	Question string
	Effects  []string // what will happen
	Action   string   // where the answer is posted
	Button   string
	Back     string
	Keep     string // the way back in words
}

// deed is what the signed-in manager does now.
func (a *app) deed(c *gin.Context) store.Deed { return store.Deed{By: currentUser(c), At: a.Now()} }

// running reports whether pages of the wave are or will be given out.
func running(w *store.Wave, now time.Time) bool {
	return w.ClosesAt == nil || w.ClosesAt.After(now)
}

// askCloseWave says what closing does before it is done.
func (a *app) askCloseWave(c *gin.Context) error {
	wave, err := a.managedWave(c)
	if err != nil {
		return err
	}
	path := a.wavesPath() + "/" + wave.Code
	if !running(wave, a.Now()) {
		c.Redirect(http.StatusSeeOther, path)
		return nil
	}
	page := confirmPage{
		base: a.base(c, "Close wave "+wave.Code), Question: "Do you want to close wave " + wave.Code + " now?",
		Effects: []string{
			"The survey stops being given out: its page says that it has closed.",
			"Phones may send what they already hold for 72 hours, until " + endWords(a.Now().Add(store.LateFor)) + ". Those answers count.",
			"Answers that wait because they are fewer than 10 are released after that, so the results may change once more.",
			"A closed wave cannot be opened again. You can make a new one.",
		},
		Action: path + "/close", Button: "Close the wave now", Back: path, Keep: "No, leave it open",
	}
	page.Nav = "waves"
	return a.render(c, http.StatusOK, "confirm", &page)
}

func (a *app) closeWave(c *gin.Context) error {
	return a.actOnWave(c, "closed", func(wave *store.Wave, _ url.Values) error {
		err := a.Store.CloseWave(c.Request.Context(), a.deed(c), wave.Survey, wave.Code)
		if errors.Is(err, store.ErrNotFound) {
			return nil // somebody closed it a moment before, which is what was asked for
		}
		return err
	})
}

func (a *app) publishWave(c *gin.Context) error {
	return a.actOnWave(c, "published", func(wave *store.Wave, _ url.Values) error {
		return a.Store.PublishResults(c.Request.Context(), a.deed(c), wave.Survey, wave.Code, true)
	})
}

func (a *app) unpublishWave(c *gin.Context) error {
	return a.actOnWave(c, "unpublished", func(wave *store.Wave, _ url.Values) error {
		return a.Store.PublishResults(c.Request.Context(), a.deed(c), wave.Survey, wave.Code, false)
	})
}

// actOnWave does something to the wave and leads back to it.
func (a *app) actOnWave(c *gin.Context, done string, do func(wave *store.Wave, posted url.Values) error) error {
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	wave, err := a.managedWave(c)
	if err != nil {
		return err
	}
	if err := do(wave, posted); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, a.wavesPath()+"/"+wave.Code+"?done="+done)
	return nil
}
