package e2e

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

// asks are what a client may ask; each knows the answer.
func (c *pooledClient) asks() []func(context.Context) error {
	return []func(context.Context) error{c.askAppend, c.askInvited, c.askReferral, c.askSession, c.askDraft, c.askPeople, c.askWave,
		c.askResults, c.askSweep, c.askFile, c.askFailures}
}

func (c *pooledClient) answers(words string) forms.Answers {
	return forms.Answers{"overall": {"good"}, "one_change": {words}}
}

func (c *pooledClient) askAppend(ctx context.Context) error {
	key := uuid.New()
	r := store.Response{Key: key, WaveID: c.wave.ID, FormVersion: 1, Answers: c.answers(c.name)}
	first, err1 := c.Append(ctx, r, c.now)
	again, err2 := c.Append(ctx, r, c.now)
	known, err3 := c.Received(ctx, key)
	other, err4 := c.Received(ctx, uuid.New())
	return errors.Join(err1, err2, err3, err4, same("new, again, known and unknown", [4]bool{first, again, known, other}, [4]bool{false, true, true, false}))
}

func (c *pooledClient) askInvited(ctx context.Context) error {
	if len(c.codes) == 0 {
		return nil
	}
	code := c.codes[0]
	c.codes = c.codes[1:]
	found, wave, err := c.FindInvitation(ctx, code)
	if err != nil {
		return err
	}
	r := store.Response{Key: uuid.New(), WaveID: c.wave.ID, FormVersion: 1, Answers: c.answers(c.name), Invitation: code}
	_, err = c.Append(ctx, r, c.now)
	r.Key = uuid.New()
	_, spent := c.Append(ctx, r, c.now)
	return errors.Join(err, same("an invitation's collector", [2]int64{found.ID, wave.ID}, [2]int64{c.closed.ID, c.wave.ID}),
		same("a spent invitation", errors.Is(spent, store.ErrInvitationSpent), true))
}

func (c *pooledClient) askReferral(ctx context.Context) error {
	words := uuid.NewString()
	answers := forms.Answers{
		"immediate_danger": {"no"}, "adult_age": {"adult"}, "referral_kind": {"safeguarding"}, "referrer_role": {"neighbour_public"},
		"anonymous": {"yes"}, "adult_name": {"Ada Example"}, "adult_district": {"maldon"}, "what_happened": {words},
	}
	sub := store.Submission{Key: uuid.New(), Form: c.form, Answers: answers, ReceivedAt: c.now, Facts: routing.FactsOf(answers, c.now, demoCouncil.Calendar())}
	receipt, err := c.Submit(ctx, sub)
	if err != nil {
		return err
	}
	again, err := c.Submit(ctx, sub)
	if err != nil {
		return err
	}
	sub.Answers = forms.Answers{}
	for name, values := range answers {
		sub.Answers[name] = values
	}
	sub.Answers["what_happened"] = []string{words, "more"}
	amended, err := c.Submit(ctx, sub)
	if err != nil {
		return err
	}
	decided, err := c.Route(ctx, receipt.ReferralID, c.now, func(routing.Facts) store.Routing {
		return store.Routing{Decision: routing.Decision{Team: c.name}, Tell: []string{c.name}}
	})
	if err != nil {
		return err
	}
	received, err := c.ReceivedByID(ctx, receipt.ReferralID)
	if err != nil {
		return err
	}
	seen, err := c.OpenReferral(ctx, c.user, receipt.Reference, c.now)
	if err != nil {
		return err
	}
	act := store.Action{Actor: c.user, Reference: receipt.Reference, Version: seen.Version, At: c.now}
	err = errors.Join(c.AddNote(ctx, act, words), c.Own(ctx, act))
	if err != nil {
		return err
	}
	again2, err := c.OpenReferral(ctx, c.user, receipt.Reference, c.now)
	if err != nil {
		return err
	}
	noted := slices.ContainsFunc(again2.History, func(e store.Event) bool { return e.Words == words })
	id, team, err := c.LocateReferral(ctx, c.user, receipt.Reference)
	owed, owedErr := c.DueNotifications(ctx, receipt.ReferralID, c.now, 10)
	for _, n := range owed {
		err = errors.Join(err, c.Tell(ctx, n, c.now, func(_ context.Context, n store.Notice) error {
			return same("an email", n.Reference+n.TeamEmail, receipt.Reference+c.name+"@example.org")
		}))
	}
	receiptAnswers, takeErr := c.TakeReceipt(ctx, receipt.ReferralID, c.now)
	return errors.Join(err, owedErr, takeErr,
		same("the same again", string(again.Outcome)+again.Reference, string(store.Duplicate)+receipt.Reference),
		same("an amendment", string(amended.Outcome)+amended.Reference, string(store.Amended)+receipt.Reference),
		same("routed, noted", [2]bool{decided, noted}, [2]bool{true, true}),
		same("emails owed", len(owed), 2),
		same("what was received", received.Key, sub.Key), same("who has it", id.String()+team, receipt.ReferralID.String()+c.name),
		same("versions", len(seen.Versions), 2), same("its words", seen.Versions[0].Answers.Get("what_happened"), words),
		same("a receipt", receiptAnswers.Get("what_happened"), words))
}

func (c *pooledClient) askSession(ctx context.Context) error {
	token, data := uuid.NewString(), []byte(uuid.NewString())
	sessions := c.Sessions()
	if err := sessions.CommitCtx(ctx, token, data, time.Now().Add(time.Hour)); err != nil {
		return err
	}
	got, found, err := sessions.FindCtx(ctx, token)
	if err := errors.Join(err, same("a session", found && bytes.Equal(got, data), true), sessions.DeleteCtx(ctx, token)); err != nil {
		return err
	}
	_, found, err = sessions.FindCtx(ctx, token)
	return errors.Join(err, same("a session that ended", found, false))
}

func (c *pooledClient) askDraft(ctx context.Context) error {
	id, words := []byte(uuid.NewString()), []byte(uuid.NewString())
	if err := c.PutDraft(ctx, store.Draft{ID: id, FormVersion: 1, Sealed: words, ExpiresAt: c.now.Add(time.Hour)}, nil); err != nil {
		return err
	}
	got, err := c.DraftByID(ctx, id, c.now)
	if err != nil {
		return err
	}
	return same("a draft", string(got.Sealed), string(words))
}

func (c *pooledClient) askPeople(ctx context.Context) error {
	by, err1 := c.UserBySession(ctx, c.user.ID, c.user.SessionEpoch)
	named, err2 := c.UserByEmail(ctx, c.user.Email)
	if err := errors.Join(err1, err2, c.RecordSignIn(ctx, c.user.ID, store.EventSignedIn, c.now)); err != nil {
		return err
	}
	counts, err := c.DeskCounts(ctx, c.user, c.now)
	rows, total, errRows := c.Desk(ctx, c.user, store.DeskFilter{Limit: 5})
	for _, row := range rows {
		errRows = errors.Join(errRows, same("the team of a row", *row.Team, c.name))
	}
	return errors.Join(err, errRows, same("who signed in", by.Name+named.Name, c.name+c.name), same("the desk", total, counts.All))
}

func (c *pooledClient) askWave(ctx context.Context) error {
	wave, err := c.WaveByCode(ctx, c.survey.ID, c.name)
	if err != nil {
		return err
	}
	collectors, err := c.Collectors(ctx, c.wave.ID)
	if err != nil {
		return err
	}
	source, err := c.FormSource(ctx, c.survey.ID, 1)
	built, _ := forms.BuiltIn(c.survey.ID)
	_, totalErr := c.LiveTotal(ctx, c.wave.ID)
	_, none := c.WaveByCode(ctx, c.survey.ID, "no-such-wave")
	return errors.Join(err, totalErr, same("a wave", wave.ID, c.wave.ID), same("its collectors", len(collectors), 1), same("a collector", collectors[0].Name, c.name),
		same("a definition", string(source), string(built)), same("no wave", errors.Is(none, store.ErrNotFound), true))
}

// askResults releases, reads what was released, and stores something in the
// place of an index.
func (c *pooledClient) askResults(ctx context.Context) error {
	if _, err := c.Release(ctx, c.wave.ID, c.now); err != nil {
		return err
	}
	bits := []byte(uuid.NewString())
	var wave store.Wave
	err := c.ReadReleased(ctx, c.wave.ID, func(s *store.Snapshot) error {
		wave = s.Wave
		read := 0
		err := s.Responses(ctx, 0, s.Wave.Released, func(_ int, a forms.Answers) error {
			read++
			return same("a response of the wave", a.Get("one_change"), c.name)
		})
		return errors.Join(err, same("how many were released", read, s.Wave.Released))
	})
	if err != nil || wave.Released == 0 {
		return err
	}
	if err := c.ReplaceChunk(ctx, &wave, 0, &store.Chunk{Size: wave.Released, Bits: bits}); err != nil {
		return err
	}
	sizes, err := c.Editions(ctx, &wave, wave.Released, c.now)
	if err != nil {
		return err
	}
	_, err = c.QueueTexts(ctx, wave.ID, "one_change", sizes[0])
	if err != nil {
		return err
	}
	text, err := c.NextText(ctx, wave.ID, uuid.Nil)
	if err != nil {
		return err
	}
	return errors.Join(same("a text", text.Original, c.name), c.ReadReleased(ctx, c.wave.ID, func(s *store.Snapshot) error {
		chunk, err := s.Chunk(ctx, 0, 0)
		if err != nil {
			return err
		}
		return same("a chunk", string(chunk.Bits), string(bits))
	}))
}

// askSweep is what workers look for. Those of other clients are theirs.
func (c *pooledClient) askSweep(ctx context.Context) error {
	_, err := c.IfLeader(ctx, "sweep", func(ctx context.Context) error {
		_, err1 := c.UnroutedReferrals(ctx, c.now, 20)
		_, err2 := c.WavesToRelease(ctx, c.now)
		_, err3 := c.WavesToIndex(ctx, 65536, c.now)
		_, err4 := c.ReferralsOwedNews(ctx, c.now, 20)
		_, err5 := c.Due(ctx)
		return errors.Join(err1, err2, err3, err4, err5)
	})
	return errors.Join(err, c.Housekeep(ctx, c.now))
}

func (c *pooledClient) askFile(ctx context.Context) error {
	deed := store.Deed{By: c.user, At: c.now}
	id, err := c.AskExport(ctx, deed, c.wave.ID, store.ExportResponses)
	if err != nil {
		return err
	}
	e, err := c.BeginExport(ctx, id, c.now)
	if err != nil {
		return err
	}
	words := uuid.NewString()
	w := c.WriteExport(ctx, e)
	_, err = w.Write([]byte(words))
	if err := errors.Join(err, w.Close(), c.FinishExport(ctx, e, w.Size(), c.now)); err != nil {
		return err
	}
	ready, err := c.OwnExport(ctx, deed, id)
	if err != nil {
		return err
	}
	return c.ReadExport(ctx, ready, func(part []byte) error { return same("a file", string(part), words) })
}

func (c *pooledClient) askFailures(ctx context.Context) error {
	key := []byte(uuid.NewString())
	for range 3 {
		if err := c.AddSignInFailure(ctx, [][]byte{key}, c.now); err != nil {
			return err
		}
	}
	n, err := c.SignInFailures(ctx, [][]byte{key, []byte("another")}, c.now.Add(-time.Hour))
	return errors.Join(err, same("failures", n, 3), c.ForgetSignInFailures(ctx, key))
}
