package handlers

import (
	"context"

	"intake/internal/store"
)

// saidAndDone is "You said, we did" beside the figures of a wave, in the
// language of the page: the component "said-and-done" shows it.
type saidAndDone struct {
	Words   words
	Actions []saidAction
}

// saidAction is an action as managers wrote it, in English.
type saidAction struct {
	Question string // in the page's language
	ID       string // of the question, "" for the survey as a whole
	Said     string
	Label    string // "We did" or "We are going to", in the page's language
	Did      string
}

// saidAndDone gives the actions that are shown with the results of a wave, nil
// if there are none.
func (a *app) saidAndDone(ctx context.Context, wave *store.Wave, onlyPublic bool, lang string) (*saidAndDone, error) {
	actions, err := a.Store.ActionsBeside(ctx, wave, onlyPublic)
	if err != nil || len(actions) == 0 {
		return nil, err
	}
	view := &saidAndDone{Words: wordsIn(lang)}
	for _, action := range actions {
		said := saidAction{Question: a.Survey.Title.In(lang), Said: action.Said, Did: action.Did, Label: view.Words["we_plan"]}
		if action.Done {
			said.Label = view.Words["we_did"]
		}
		if q := a.Survey.Question(action.Question); q != nil {
			said.Question, said.ID = q.Label.In(lang), q.ID
		}
		view.Actions = append(view.Actions, said)
	}
	return view, nil
}
