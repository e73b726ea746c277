package handlers

import "github.com/gin-gonic/gin"

// MonitorPath is where administrators look into the queues.
const MonitorPath = "/manage/queues/monitor"

// monitorPolicy is that of the monitor's pages, which are a library's: they
// begin with a script in the page, and style themselves by script. Its web
// fonts stay out, and so does everything else of other sites.
const monitorPolicy = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; manifest-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

// queueMonitor shows the tasks in the queues, which carry ids only.
func (a *app) queueMonitor(c *gin.Context) {
	c.Header("Content-Security-Policy", monitorPolicy)
	a.QueueMonitor.ServeHTTP(c.Writer, c.Request)
}
