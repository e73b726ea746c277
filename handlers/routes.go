package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// routes lists every URL of the portal.
func (a *app) routes(r *gin.Engine) {
	r.Use(a.logged, a.recovered)
	r.NoRoute(a.on(func(*gin.Context) error { return errPageNotFound }))
	r.NoMethod(a.on(func(*gin.Context) error { return errWrongMethod }))

	r.Match([]string{http.MethodGet, http.MethodHead}, "/static/*file", gin.WrapH(a.static))
	r.GET("/healthz", a.healthz)
	r.GET("/readyz", gin.WrapH(Readiness{Store: a.Store, Redis: a.Redis, Schema: a.Schema, Stopping: a.Stopping}))

	r.GET("/", a.on(a.home))
	r.GET("/accessibility", a.on(a.textPage("accessibility", "Accessibility")))
	r.GET("/privacy", a.on(a.privacy))
	r.GET("/follow-up", a.on(a.textPage("follow_up", "After you send a referral")))

	r.GET("/survey/sw.js", a.serviceWorker)
	survey := r.Group("/survey/:slug", noStore)
	survey.GET("", a.on(a.surveyForm))
	survey.POST("", a.whileItTakesMore, a.limitBody(surveyBodyLimit), a.on(a.surveyPost))
	survey.GET("/thanks", a.on(a.surveyThanks))
	survey.GET("/results", a.on(a.surveyPublicResults))
	survey.GET("/stored", a.on(a.surveyStored))
	r.GET("/s/:code", noStore, a.on(a.openCollector))
	r.GET("/i/:code", noStore, a.on(a.openInvitation))

	refer := r.Group("/refer", noStore)
	refer.GET("", a.on(a.referForm))
	refer.POST("", a.limitBody(referralBodyLimit), a.on(a.referPost))
	refer.GET("/received", a.on(a.referReceived))
	refer.POST("/received", a.limitBody(referralBodyLimit), a.on(a.referReceivedPost))
	refer.GET("/resume", a.on(a.resumePage))
	refer.POST("/resume", a.limitBody(manageBodyLimit), a.on(a.resume))

	api := r.Group("/api/v1", noStore)
	api.GET("/openapi.yaml", a.on(a.openAPI))
	api.POST("/surveys/:slug/responses", a.whileItTakesMore, a.limited("survey"), a.limitBody(surveyBodyLimit), a.on(a.apiResponse))
	api.GET("/surveys/:slug/results", a.on(a.apiResults))
	api.POST("/referrals", a.limitBody(referralBodyLimit), a.on(a.apiReferral))

	manage := r.Group("/manage", noStore, a.limitBody(manageBodyLimit))
	manage.GET("/sign-in", a.on(a.signInPage))
	manage.POST("/sign-in", a.on(a.signIn))
	manage.GET("/set-password/:code", a.on(a.setPasswordPage))
	manage.POST("/set-password/:code", a.on(a.setPassword))

	signedIn := manage.Group("", a.signedIn)
	signedIn.POST("/sign-out", a.on(a.signOut))
	signedIn.GET("", a.on(a.manageHome))
	signedIn.GET("/surveys/:slug/results", a.may(viewResults), a.on(a.surveyResults))
	signedIn.GET("/surveys/:slug/results/live", a.may(viewResults), a.on(a.liveResults))

	signedIn.GET("/surveys/:slug/actions", a.may(runSurveys), a.on(a.actionsPage))
	signedIn.POST("/surveys/:slug/actions", a.may(runSurveys), a.on(a.writeAction))
	signedIn.GET("/surveys/:slug/results.csv", a.may(viewResults), a.on(a.resultsCSV))
	signedIn.GET("/surveys/:slug/results.xlsx", a.may(viewResults), a.on(a.resultsXLSX))
	signedIn.GET("/surveys/:slug/codebook", a.may(viewResults), a.on(a.codebookPage))
	signedIn.GET("/surveys/:slug/codebook.csv", a.may(viewResults), a.on(a.codebookCSV))
	signedIn.GET("/surveys/:slug/codebook.sps", a.may(viewResults), a.on(a.codebookSyntax))
	signedIn.GET("/exports", a.may(viewResults), a.on(a.exportList))
	signedIn.POST("/exports", a.may(viewResults), a.on(a.askExport))
	signedIn.GET("/exports/:export", a.may(viewResults), a.on(a.download))

	waves := signedIn.Group("/surveys/:slug/waves", a.may(runSurveys))
	waves.GET("", a.on(a.waveList))
	waves.POST("", a.on(a.newWave))
	waves.GET("/:wave", a.on(a.waveDetail))
	waves.GET("/:wave/close", a.on(a.askCloseWave))
	waves.POST("/:wave/close", a.on(a.closeWave))
	waves.POST("/:wave/publish", a.on(a.publishWave))
	waves.POST("/:wave/unpublish", a.on(a.unpublishWave))
	waves.POST("/:wave/accept", a.on(a.acceptVersion))
	waves.GET("/:wave/texts", a.may(viewResults), a.on(a.textsPage))
	waves.POST("/:wave/texts", a.may(viewResults), a.on(a.decideText))
	waves.POST("/:wave/collectors", a.on(a.newCollector))
	waves.GET("/:wave/collectors/:collector", a.on(a.collectorDetail))
	waves.GET("/:wave/collectors/:collector/close", a.on(a.askCloseCollector))
	waves.POST("/:wave/collectors/:collector/close", a.on(a.closeCollector))
	waves.GET("/:wave/collectors/:collector/invitations", a.on(a.invitationSheet))
	waves.GET("/:wave/collectors/:collector/invitations.csv", a.on(a.invitationFile))
	waves.POST("/:wave/collectors/:collector/invitations", a.on(a.addInvitations))
	waves.POST("/:wave/collectors/:collector/reissue", a.on(a.reissueInvitation))

	signedIn.GET("/routing", a.may(viewRouting), a.on(a.routingPage))
	signedIn.GET("/queues", a.may(viewQueues), a.on(a.queuesPage))
	if a.QueueMonitor != nil {
		// Whatever would change something is asked for with another method.
		signedIn.GET("/queues/monitor", a.may(viewQueues), a.queueMonitor)
		signedIn.GET("/queues/monitor/*file", a.may(viewQueues), a.queueMonitor)
	}
	signedIn.GET("/audit", a.may(viewAudit), a.on(a.auditPage))

	desk := signedIn.Group("/referrals", a.may(workReferrals))
	desk.GET("", a.on(a.referralList))
	desk.GET("/:reference", a.on(a.referralDetail))
	desk.POST("/:reference/own", a.on(a.referralOwn))
	desk.POST("/:reference/note", a.on(a.referralNote))
	desk.POST("/:reference/reroute", a.on(a.referralReroute))
	desk.POST("/:reference/screen", a.on(a.referralScreen))
	desk.POST("/:reference/decide", a.on(a.referralDecide))

	if a.Mailbox != nil {
		r.GET("/dev/mail", a.on(a.devMail))
	}
}
