package handlers

import (
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

//go:embed openapi.yaml
var openAPIDescription []byte

func (a *app) openAPI(c *gin.Context) error {
	c.Data(http.StatusOK, "application/yaml; charset=utf-8", openAPIDescription)
	return nil
}

// apiSubmission is the body of both submissions.
type apiSubmission struct {
	Key     uuid.UUID       `json:"submission_key"`
	Lang    string          `json:"lang"`
	Answers json.RawMessage `json:"answers"`
	// Of survey responses alone, each optional: where the answers belong.
	Wave       string `json:"wave"`
	Version    int32  `json:"version"`
	Collector  string `json:"collector"`
	Invitation string `json:"invitation"`
}

// readSubmission reads a JSON body: 415 for another type, 400 for what is no
// JSON, 422 without a key.
func readSubmission(c *gin.Context, f *forms.Form) (apiSubmission, forms.Answers, error) {
	var in apiSubmission
	if err := requireType(c, "application/json"); err != nil {
		return in, nil, err
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return in, nil, unreadable(err, badJSON)
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return in, nil, badJSON(err)
	}
	if in.Key == uuid.Nil {
		return in, nil, errNoKey
	}
	if in.Answers == nil {
		return in, nil, badJSON(errors.New("no answers"))
	}
	answers, err := f.ParseJSON(in.Answers)
	if err != nil {
		return in, nil, badJSON(err)
	}
	return in, answers, nil
}

func badJSON(cause error) *problem {
	return &problem{status: http.StatusBadRequest, title: "The body is not what this address takes", cause: cause,
		words: "Send a JSON object with submission_key (a UUID) and answers (an object of question ids); see /api/v1/openapi.yaml."}
}

// apiResponse takes a survey response from a program. Anyone may send one.
func (a *app) apiResponse(c *gin.Context) error {
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	in, answers, err := readSubmission(c, a.Survey)
	if err != nil {
		return err
	}
	v := visit{form: a.Survey, lang: in.Lang, collector: in.Collector, invitation: in.Invitation}
	if code, ok := store.ParseInvitation(in.Invitation); ok {
		v.invitation = code
	}
	if v.wave, err = a.postedWave(c, in.Wave, v.invitation); err != nil {
		return err
	}
	version := v.wave.Version()
	if in.Version != 0 {
		version = int(in.Version)
	}
	if version != a.Survey.Version {
		if v.form, err = a.versions.Get(c.Request.Context(), a.Survey.ID, version); errors.Is(err, store.ErrNotFound) {
			return errNoVersion
		} else if err != nil {
			return err
		}
		if answers, err = v.form.ParseJSON(in.Answers); err != nil {
			return badJSON(err)
		}
	}
	if v.endTurn, err = a.surveyTurns.take(c.Request.Context()); err != nil {
		return err
	}
	defer v.endTurn()
	duplicate, err := a.takeResponse(c, v, in.Key, answers)
	if refused, _ := refusal(err, wordsIn(in.Lang)); refused != nil {
		return refused
	} else if err != nil {
		return err
	}
	return acknowledge(c, duplicate)
}

var errNoVersion = invalid([]forms.FieldError{{Field: "version", Name: "version",
	Message: "Send the version of the survey that the answers are to, or leave version out for the newest"}})

var errNoBearer = &problem{status: http.StatusUnauthorized, title: "A bearer key is needed",
	words: "Send the header Authorization: Bearer KEY, with a key that has the right to do this."}

// requireBearer lets partner organisations in whose key has the right.
func (a *app) requireBearer(c *gin.Context, right string) error {
	scheme, key, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		hash := sha256.Sum256([]byte(key))
		if allowed, err := a.Store.APIKeyHas(c.Request.Context(), hash[:], right); allowed || err != nil {
			return err
		}
	}
	return errNoBearer
}
