package handlers

import "github.com/gin-gonic/gin"

// MonitorPath is where administrators look into the queues.
const MonitorPath = "/manage/queues/monitor"

// monitorPolicy is that of the monitor's pages, which are a library's. They
// begin with two scripts in the page, known by their hashes (the first holds
// MonitorPath), and style themselves by script. Their web fonts stay out, and so
// does everything else of other sites.
const monitorPolicy = "default-src 'none'; script-src 'self' " +
	"'sha256-y1NUt5eyYH589p/1kns30p1saHa3PVwxAtm4PS4/mT0=' 'sha256-Uyvsv+p3lG0JGK/WgetR8HZSk8BMdhUsFjj0ad2bKaM='; " +
	"style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; " +
	"form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

// queueMonitor shows the tasks in the queues, which carry ids only.
func (a *app) queueMonitor(c *gin.Context) {
	c.Header("Content-Security-Policy", monitorPolicy)
	a.QueueMonitor.ServeHTTP(c.Writer, c.Request)
}
