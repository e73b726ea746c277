package handlers

import "github.com/gin-gonic/gin"

// serviceWorker serves the script by which the survey works without a
// connection, or the one that takes it back from browsers that have it. It
// lies under /survey, so that it can never touch other paths, and is asked for
// anew each time, so that it can be taken back at once.
func (a *app) serviceWorker(c *gin.Context) {
	asset := a.static.files[a.static.names["sw.js"]]
	if a.NoOffline {
		asset = a.static.files[a.static.names["sw-off.js"]]
	}
	asset.serve(c.Writer, c.Request, "no-cache")
}

// workerState tells pages whether they may keep themselves for when there is
// no connection.
func (a *app) workerState() string {
	if a.NoOffline {
		return "off"
	}
	return "on"
}
