package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"intake/internal/organisation"
)

type surveyThanksPage struct {
	base
	Arrived string
	Results string // where the results so far are, "" where they are not published
	Stored  string
	Support []organisation.HelpLink
}

// surveyThanks says that the answers arrived, and whom to turn to.
func (a *app) surveyThanks(c *gin.Context) error {
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	lang := a.languages.choose(c.Request).code
	w := wordsIn(lang)
	page := surveyThanksPage{
		base: a.spoken(c, lang, w["thanks"]), Arrived: w["thanks_arrived"],
		Stored: a.storedPath() + "?lang=" + lang, Support: a.Organisation.Help,
	}
	if c.Query("already") == "yes" {
		page.Arrived = w["thanks_already"]
	}
	// Whoever has sent their answers gets this page also without the ledger.
	wave, err := a.currentWave(c)
	if err != nil {
		a.Log.Error("thanks without the wave", "error", err)
	} else if wave != nil && wave.Published {
		page.Results = "/survey/" + a.Survey.ID + "/results?wave=" + wave.Code + "&lang=" + lang
	}
	return a.render(c, http.StatusOK, "survey_thanks", &page)
}
