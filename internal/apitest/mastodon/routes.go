package mastodontest

import "slices"

// routes are all endpoints of the server.
func routes() []route {
	return slices.Concat(statusRoutes(), actionRoutes(), scheduledRoutes(), mediaRoutes(), pollRoutes(), accountRoutes(), relationRoutes(),
		notificationRoutes(), timelineRoutes(), conversationRoutes(), filterRoutes(), reportRoutes(), adminAccountRoutes(), adminReportRoutes(),
		instanceRoutes(), appRoutes())
}
