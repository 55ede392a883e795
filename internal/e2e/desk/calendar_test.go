package desk

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chipOf is the XPath of a post on the calendar, by words of it.
func chipOf(words string) string {
	return `//table//li[contains(@class, "chip")][.//*[@class="what"][contains(., "` + words + `")]]`
}

// at is chipOf on a day, at a time.
func chipAt(words, day, clock string) string {
	return `//td[@data-day="` + day + `"]//li[.//*[@class="what"][contains(., "` + words + `")]][.//*[@class="clock"][text()="` + clock + `"]]`
}

// inState is chipOf in a state, which stands there as a word.
func inState(words, state string) string {
	return chipOf(words) + `[@data-state="` + state + `"][.//*[@class="mark"][contains(., "` + state + `")]]`
}

// schedule puts a post for a day on the calendar.
func (v *visit) schedule(day, text string) {
	v.t.Helper()
	v.do(chromedp.Navigate(v.home + "/acme/calendar/new?day=" + day))
	for _, key := range []string{"carnet", "agora"} {
		v.click(`//input[@name="to"][@value="` + key + `"]`)
	}
	v.do(chromedp.SendKeys(`//textarea[@id="text"]`, text))
	v.click(`//button[text()="Put it on the calendar"]`)
	v.see(`//*[@role="status"][contains(., "somebody else’s approval")]`)
}

// be changes the person at the desk.
func (v *visit) be(who string) {
	v.t.Helper()
	v.do(chromedp.Evaluate[chromedp.Void](`{ const menu = document.getElementById("who"); menu.value = "` + who + `"; menu.form.submit() }`))
	v.see(`//select[@id="who"][option[@selected][text()="` + who + `"]]`)
}

// paris is the middle of next month, where every neighbouring day is on the page.
func paris(t *testing.T) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	now := time.Now().In(zone)
	return time.Date(now.Year(), now.Month()+1, 14, 10, 0, 0, 0, zone)
}

func TestACalendarIsMovedApprovedAndGoesOut(t *testing.T) {
	t.Parallel()
	day := paris(t)
	on := func(days int) string { return day.AddDate(0, 0, days).Format(time.DateOnly) }
	v := open(t, start(t, "-quiet"))
	v.schedule(on(0), "Le four refroidit")
	month := v.home + "/acme/calendar?month=" + day.Format("2006-01")
	v.do(chromedp.Navigate(month))
	v.see(inState("Le four refroidit", "review"))
	v.see(chipAt("Le four refroidit", on(0), "10:00"))
	v.shoot("calendar")

	// With the keyboard: two days on, an hour back. Escape puts it back, Enter keeps it.
	v.do(chromedp.Focus(chipOf("Le four refroidit")+"//a"), chromedp.KeyEvent("m"+kb.ArrowRight))
	v.see(chipAt("Le four refroidit", on(1), "10:00"))
	v.do(chromedp.KeyEvent(kb.Escape))
	v.see(chipAt("Le four refroidit", on(0), "10:00"))
	v.see(`//p[@id="said"][contains(., "stays where it was")]`)
	v.do(chromedp.KeyEvent("m" + kb.ArrowRight + kb.ArrowRight + kb.ArrowUp))
	v.see(`//p[@id="said"][contains(., "09:00. Enter keeps it there")]`)
	v.shoot("calendar-keyboard")
	v.do(chromedp.KeyEvent(kb.Enter))
	v.see(`//p[@id="said"][contains(., "goes out on")]`)
	assert.Equal(t, "Move “Le four refroidit”", eval[string](v, `document.activeElement.getAttribute("aria-label")`), "the focus stays with the post")
	v.do(chromedp.Navigate(month))
	v.see(chipAt("Le four refroidit", on(2), "09:00"))

	// With the mouse: a week on, at the same time.
	v.do(chromedp.DragAndDrop(chipOf("Le four refroidit"), `//td[@data-day="`+on(9)+`"]`))
	v.see(`//p[@id="said"][contains(., "goes out on")]`)
	v.see(chipAt("Le four refroidit", on(9), "09:00"))
	v.do(chromedp.Navigate(month))
	v.see(chipAt("Le four refroidit", on(9), "09:00"))

	// Nobody approves words of their own; the other one does.
	v.click(chipOf("Le four refroidit") + "//a")
	v.click(`//button[text()="Approve"]`)
	v.see(`//*[@role="alert"][contains(., "That was not done.")]`)
	v.shoot("entry-four-eyes")
	v.be("Malik")
	v.do(chromedp.Navigate(month))
	other := open(t, v.home) // somebody else looks at the calendar meanwhile
	other.do(chromedp.Navigate(month))
	other.see(inState("Le four refroidit", "review"))
	v.click(chipOf("Le four refroidit") + "//a")
	v.click(`//button[text()="Approve"]`)
	v.see(`//ul[@class="approvals"]/li[contains(., "Malik")]`)
	v.see(`//section[@data-network="murmure"]//*[@class="state"][text()="scheduled"]`)
	v.shoot("entry-approved")
	other.see(inState("Le four refroidit", "scheduled"))

	// It goes out, and both watch, without a reload.
	other.do(chromedp.Navigate(v.home+"/acme/calendar"), chromedp.Evaluate[chromedp.Void](`window.stayed = true`))
	v.click(`//button[text()="Send now"]`)
	v.see(`//*[@role="status"][contains(., "It goes out now.")]`)
	v.do(chromedp.Evaluate[chromedp.Void](`window.stayed = true`))
	v.see(`//section[@data-network="murmure"][contains(., "Read back")]//*[@class="state"][text()="published"]`)
	assert.True(t, eval[bool](v, `window.stayed === true`))
	v.see(`//button[text()="Withdraw from the networks"]`) // what can be done with it has changed, too
	v.do(chromedp.WaitNotPresent(`//button[text()="Send now"]`))
	v.shoot("entry-published")
	other.see(inState("Le four refroidit", "published"))
	other.shoot("calendar-live")
	assert.True(t, eval[bool](other, `window.stayed === true`))
	v.click(`//a[text()="Timeline"]`)
	v.see(`//article[contains(@class, "mine")][contains(., "Le four refroidit")]`)
}

func TestTheCalendarWithoutJavaScript(t *testing.T) {
	t.Parallel()
	day := paris(t)
	v := open(t, start(t, "-quiet"), tell(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	v.schedule(day.Format(time.DateOnly), "Sans script")
	v.do(chromedp.SetValue(`//input[@id="at"]`, day.AddDate(0, 0, 1).Format("2006-01-02T15:04")))
	v.click(`//button[text()="Move"]`)
	v.see(`//*[@role="status"][contains(., "Moved to")]`)
	v.do(chromedp.Navigate(v.home + "/acme/calendar?month=" + day.Format("2006-01")))
	v.see(chipAt("Sans script", day.AddDate(0, 0, 1).Format(time.DateOnly), "10:00"))
	v.do(chromedp.SendKeys(`//input[@id="reason"]`, "rappel de produit"))
	v.click(`//button[text()="Pause at once"]`)
	v.see(`//*[contains(@class, "pause")][contains(., "everything is paused")][contains(., "rappel de produit")]`)
	v.shoot("calendar-paused")
	v.click(`//button[text()="Resume"]`)
	v.see(`//*[@role="status"][contains(., "goes on")]`)
}

// A reviewer needs no account, and reaches nothing else.
func TestAReviewerFollowsALink(t *testing.T) {
	t.Parallel()
	day := paris(t)
	v := open(t, start(t, "-quiet"))
	v.schedule(day.Format(time.DateOnly), "À relire")
	entry := eval[string](v, `location.href`)
	v.be("Malik")
	v.do(chromedp.Navigate(entry))
	v.do(chromedp.SendKeys(`//input[@id="reviewer"]`, "Mme Verrier"))
	v.click(`//button[text()="Make the link"]`)
	link := v.attribute(`//a[@class="token"]`, "href")
	reviewer := open(t, v.home)
	reviewer.do(chromedp.Navigate(link))
	reviewer.see(`//p[@class="text"][contains(., "À relire")]`)
	assert.Zero(t, eval[int](reviewer, `document.querySelectorAll("nav, header.top").length`))
	reviewer.shoot("review")
	reviewer.narrow("review")
	reviewer.click(`//button[text()="Approve"]`)
	reviewer.see(`//*[@role="status"][contains(., "Thank you: the post is approved.")]`)
	v.do(chromedp.Navigate(entry))
	v.see(`//ul[@class="approvals"]/li[contains(., "Mme Verrier")]`)
}

func TestTheCalendarIsDarkAndNarrow(t *testing.T) {
	t.Parallel()
	v := open(t, start(t, "-quiet"), scheme("dark"))
	for name, page := range map[string]string{"calendar": "calendar", "plan": "calendar/new"} {
		v.do(chromedp.Navigate(v.home + "/acme/" + page))
		v.see(`//a[@aria-current="page"]`)
		v.shoot("dark-" + name)
		v.narrow(name)
	}
	v.do(chromedp.Navigate(v.home + "/acme/calendar"))
	v.click(`(//li[contains(@class, "chip")]//a)[last()]`)
	v.see(`//*[@class="standing"]`)
	v.shoot("dark-entry")
	v.narrow("entry")
}
