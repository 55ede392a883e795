package blueskytest

import (
	"crypto/rand"
	"strconv"
)

// videoLimit is the largest video in bytes.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/embed/video.json
const videoLimit = 300_000_000

// The video service's own methods, which take tokens that a PDS issued for it.
//
// https://docs.bsky.app/docs/tutorials/video
func videoMethods() []method {
	return []method{
		{nsid: "app.bsky.video.getUploadLimits", needs: service, params: params{}, do: uploadLimits},
		{nsid: "app.bsky.video.uploadVideo", needs: service, raw: true, do: uploadVideo},
		{nsid: "app.bsky.video.getJobStatus", params: params{"jobId": {required: true}}, do: jobStatus},
	}
}

// job is a video that is processed.
type job struct {
	id    string
	owner *account
	video *upload
	asked int
}

func uploadLimits(*call) (any, error) {
	return obj{"canUpload": true, "remainingDailyVideos": 25, "remainingDailyBytes": 10 << 30}, nil
}

func uploadVideo(c *call) (any, error) {
	if len(c.body) > videoLimit {
		return nil, invalid("video too big (maximum " + strconv.Itoa(videoLimit) + ")")
	}
	j := &job{id: rand.Text(), owner: c.me, video: &upload{cid: cidOf(cidBlob, c.body), mime: "video/mp4", size: len(c.body)}}
	c.s.db.jobs[j.id] = j
	return obj{"jobStatus": obj{"jobId": j.id, "did": c.me.did, "state": "JOB_STATE_CREATED"}}, nil
}

// jobStatus answers that the video is ready when it is asked the second time. It is on the
// owner's PDS then.
func jobStatus(c *call) (any, error) {
	j := c.s.db.jobs[c.q.Get("jobId")]
	if j == nil {
		return nil, invalid("unknown job")
	}
	status := obj{"jobId": j.id, "did": j.owner.did, "state": "JOB_STATE_ENCODING", "progress": 50}
	if j.asked++; j.asked > 1 {
		status["state"], status["blob"] = "JOB_STATE_COMPLETED", j.video.view()
		delete(status, "progress")
		c.s.db.blobs[j.owner.did+" "+j.video.cid] = j.video
	}
	return obj{"jobStatus": status}, nil
}
