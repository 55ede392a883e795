package bluesky

import (
	"cmp"
	"context"
	"errors"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/parvis-go/parvis"
	"github.com/parvis-go/parvis/providers/bluesky/internal/api"
	"github.com/parvis-go/parvis/publish"
)

// DefaultVideo is the network's own video service.
//
// https://docs.bsky.app/docs/tutorials/video
const DefaultVideo = "https://video.bsky.app"

const (
	videoType = "video/mp4"
	// processingLimit is how long a video may be processed before the post is given up.
	processingLimit = 10 * time.Minute
	// probeTime bounds the question whether there is a video service, and probeAgain is
	// how long its absence is believed.
	probeTime  = 3 * time.Second
	probeAgain = time.Minute
)

// videoProbe remembers whether the video service is there. Its zero value knows nothing.
type videoProbe struct {
	mu    sync.Mutex
	until time.Time // when it is asked again
	there bool
}

// videos returns a client of the video service that makes so many tries of a call; 0 is
// what the options say.
func (c *Client) videos(tries int) (*api.VideoService, error) {
	h := transport(&c.opt)
	h.Account, h.Retry.Max = c.Account, cmp.Or(tries, h.Retry.Max)
	return api.NewVideoService(h, c.api, strings.TrimSuffix(cmp.Or(c.cfg.Video, DefaultVideo), "/"))
}

// hasVideo reports whether the video service is there. It is asked once in
// Config.Refresh, or each minute as long as it is not there. The error is one of ctx.
func (c *Client) hasVideo(ctx context.Context) (bool, error) {
	c.video.mu.Lock()
	defer c.video.mu.Unlock()
	if time.Now().Before(c.video.until) {
		return c.video.there, nil
	}
	s, err := c.videos(1)
	if err == nil {
		_, err = s.Limits(ctx, "ask for support", probeTime)
	}
	if err != nil && ctx.Err() != nil {
		return false, &parvis.Error{Code: parvis.ErrUnavailable, Message: "given up while asking for the video service", Err: ctx.Err()}
	}
	keep := c.cfg.Refresh
	if err != nil {
		keep = min(keep, probeAgain)
	}
	c.video.until, c.video.there = time.Now().Add(keep), err == nil
	return err == nil, nil
}

// uploadVideo returns a video as posts have it: the one that an earlier attempt has sent
// and kept under name, or a new one.
func (c *Client) uploadVideo(ctx context.Context, m parvis.Media, kind, name string) (any, error) {
	e := api.Video{Type: api.EmbedVideo, Alt: m.Alt}
	var err error
	if !m.Ref.IsZero() {
		e.Video, err = blobOf(m)
		return e, err
	}
	if kind != videoType {
		return nil, &parvis.Error{Code: parvis.ErrInvalid, Message: "the network takes no " + kind, Help: "send the video as MP4"}
	}
	e.Video, err = publish.Staged(ctx, name, func(ctx context.Context) (api.Blob, error) { return c.processed(ctx, m, jobStage(name)) })
	if err != nil {
		return nil, err
	}
	return e, nil
}

// jobStage is the name under which the job is kept that processes the video of name.
func jobStage(name string) string { return name + "/job" }

// processed sends a video to the service that processes it, or goes on with the job of
// an earlier attempt, and waits until it can be posted. The post itself is made only then,
// so that it is never pending. A job that has failed is not kept.
func (c *Client) processed(ctx context.Context, m parvis.Media, name string) (api.Blob, error) {
	s, err := c.videos(0)
	if err != nil {
		return api.Blob{}, err
	}
	job, err := c.job(ctx, s, m, name)
	if err != nil {
		return api.Blob{}, err
	}
	job, err = finished(ctx, s, job)
	if job.State == api.JobFailed {
		if err := publish.DropStage(ctx, name); err != nil {
			return api.Blob{}, err
		}
	}
	if err != nil {
		return api.Blob{}, err
	}
	return *job.Blob, nil
}

// job is the one that processes m: that of an earlier attempt, unless it has failed or the
// service knows it no more, or a new one.
func (c *Client) job(ctx context.Context, s *api.VideoService, m parvis.Media, name string) (api.VideoJob, error) {
	var job api.VideoJob
	start := func(ctx context.Context) (string, error) {
		var err error
		job, err = c.startVideo(ctx, s, m)
		return job.ID, err
	}
	id, err := publish.Staged(ctx, name, start)
	if err != nil || job.ID != "" {
		return job, err
	}
	kept, err := s.Job(ctx, id)
	gone := errors.Is(err, parvis.ErrNotFound) || errors.Is(err, parvis.ErrInvalid)
	if !gone && (err != nil || kept.State != api.JobFailed) {
		return kept, err
	}
	if err := publish.DropStage(ctx, name); err != nil {
		return job, err
	}
	_, err = publish.Staged(ctx, name, start)
	return job, err
}

// startVideo sends a video to the service.
func (c *Client) startVideo(ctx context.Context, s *api.VideoService, m parvis.Media) (api.VideoJob, error) {
	size, err := lengthOf(ctx, m, videoType)
	if err != nil {
		return api.VideoJob{}, err
	}
	if err := mayUpload(ctx, s, size); err != nil {
		return api.VideoJob{}, c.noVideo(err)
	}
	tracked := publish.Tracked(ctx, c.Account(), m)
	return s.Upload(ctx, cmp.Or(path.Base(m.Name), "video.mp4"), api.Source{Mime: videoType, Size: size, Open: tracked.Open})
}

// lengthOf returns how many bytes a video has. One that does not say is read to its end.
func lengthOf(ctx context.Context, m parvis.Media, kind string) (int64, error) {
	size := m.Size
	if size <= 0 {
		pic, err := inspect(ctx, m, kind)
		if err != nil {
			return 0, err
		}
		size = pic.size
	}
	if size > maxVideoBytes {
		return 0, &parvis.Error{Code: parvis.ErrInvalid, Message: "the video has more than the 300,000,000 bytes that the network takes", Help: "make it shorter or smaller"}
	}
	return size, nil
}

// noVideo explains the error of a service that is not there.
func (c *Client) noVideo(err error) error {
	if errors.Is(err, parvis.ErrUnsupported) {
		return parvis.Unsupported(c.Account(), "publish", "there is no video service for this account's server")
	}
	return err
}

// mayUpload asks the service whether it takes so many bytes from the account today: it
// wants a confirmed e-mail address, and has a daily allowance.
func mayUpload(ctx context.Context, s *api.VideoService, size int64) error {
	l, err := s.Limits(ctx, "publish", 0)
	if err != nil {
		return err
	}
	e := &parvis.Error{Code: parvis.ErrRateLimited, Vendor: cmp.Or(l.Message, l.Error), Help: "try again tomorrow"}
	switch {
	case !l.CanUpload && (l.Videos == nil || *l.Videos > 0) && (l.Bytes == nil || *l.Bytes > 0):
		e.Code, e.Message = parvis.ErrPermission, "the account may not send videos"
		e.Help = "confirm the account's e-mail address in the network's own app, or see what the service says"
	case !l.CanUpload, l.Videos != nil && *l.Videos <= 0:
		e.Message = "the account has sent all the videos that it may send today"
	case l.Bytes != nil && size > *l.Bytes:
		e.Message = "the video is larger than what the account may still send today"
	default:
		return nil
	}
	return e
}

// finished waits until a job has ended, and returns it as it is then: with its video, or
// with an error.
func finished(ctx context.Context, s *api.VideoService, job api.VideoJob) (api.VideoJob, error) {
	deadline := time.Now().Add(processingLimit)
	for try := 0; ; try++ {
		switch {
		case job.Blob != nil && job.Blob.Ref.CID != "":
			return job, nil
		case job.State == api.JobFailed:
			return job, failedVideo(job)
		case time.Now().After(deadline):
			return job, &parvis.Error{
				Code: parvis.ErrUnavailable, Message: "the video is still being processed after " + processingLimit.String(),
				Help: "publish again later: the service knows the video, and goes on where it is",
			}
		}
		if try > 0 || job.State != api.JobCompleted {
			if err := wait(ctx, pollWait(try+1)); err != nil {
				return job, err
			}
		}
		next, err := s.Job(ctx, job.ID)
		if err != nil {
			return job, err
		}
		job = next
	}
}

// failedVideo is the error of a video that could not be processed, by its failure code.
//
// https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/video/defs.json
func failedVideo(job api.VideoJob) error {
	e := &parvis.Error{
		Code: parvis.ErrRejected, Message: "the video could not be processed",
		Vendor: cmp.Or(job.Failure, job.Error, job.Message), Help: "send it in another encoding: MP4 with H.264, up to three minutes",
	}
	switch job.Failure {
	case "pds_upload_failure":
		e.Code, e.Message, e.Help = parvis.ErrUnavailable, "the video could not be stored on the account's server", "try again later"
	case "pds_upload_unsupported_blob_size":
		e.Code, e.Message, e.Help = parvis.ErrInvalid, "the account's server takes no files so large", "send a shorter or smaller video"
	}
	return e
}
