package handlers

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"intake/forms"
	"intake/internal/store"
)

// apart says why answers to a version cannot be counted in a wave.
type apart struct {
	Version int
	// Differences from the versions that the wave counts, a sentence each;
	// none if this release of the portal cannot read the version.
	Differences []string
}

// versionsApart compares a published version with those that the wave counts;
// nil if they can be counted together. ErrNotFound if there is no such version.
func (a *app) versionsApart(ctx context.Context, wave *store.Wave, version int) (*apart, error) {
	source, err := a.Store.FormSource(ctx, wave.Survey, version)
	if err != nil {
		return nil, err
	}
	further, err := forms.Load(source, a.Lists)
	if err != nil {
		a.Log.Warn("a published version of the survey cannot be read", "version", version, "error", err)
		return &apart{Version: version}, nil
	}
	accepted := make([]*forms.Form, len(wave.Versions))
	for i, number := range wave.Versions {
		if accepted[i], err = a.versions.Get(ctx, a.Survey.ID, int(number)); err != nil {
			return nil, fmt.Errorf("read version %d of the wave: %w", number, err)
		}
	}
	if differences := forms.CountedWith(accepted, further); differences != nil {
		return &apart{Version: version, Differences: differences}, nil
	}
	return nil, nil
}

// apartPage refuses a version.
type apartPage struct {
	base
	Wave, WavePath string
	List           string // the address of all waves
	Apart          *apart
}

// acceptVersion gives the wave out in a newer version from now on, if what it
// asks can be counted together with what was asked before.
func (a *app) acceptVersion(c *gin.Context) error {
	posted, err := requireForm(c)
	if err != nil {
		return err
	}
	wave, err := a.managedWave(c)
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(posted.Get("version"), 10, 32) // what the ledger can hold
	if err != nil {
		return malformed(err)
	}
	ctx, path := c.Request.Context(), a.wavesPath()+"/"+wave.Code
	differences, err := a.versionsApart(ctx, wave, int(version))
	if err != nil {
		return err
	}
	if differences != nil {
		page := apartPage{base: a.base(c, "This version needs a wave of its own"), Wave: wave.Code, WavePath: path, List: a.wavesPath(), Apart: differences}
		page.Nav = "waves"
		return a.render(c, http.StatusConflict, "version_apart", &page)
	}
	if err := a.Store.AcceptVersion(ctx, a.deed(c), wave.Survey, wave.Code, int(version)); err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, path+"?done=accepted")
	return nil
}
