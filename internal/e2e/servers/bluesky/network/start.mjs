// Starts Bluesky's own development network, and a server for the tests' own questions on
// CONTROL_PORT: GET /ready (503 until it is), GET /mails, POST /settle. SIGTERM ends it.
import { createServer } from 'node:http'

process.env.LOG_ENABLED ??= 'false'
// The network asks for this address, and calls nobody there.
process.env.REDIS_HOST = '127.0.0.1:1'
const { TestNetwork, TestNetworkNoAppView } = await import('@atproto/dev-env')
const { Subscription } = await import('@atproto/xrpc-server')

const env = process.env
const full = env.MODE === 'full'
const mails = []
const ending = new AbortController()
let ready, network, labels

const control = createServer(async (req, res) => {
  const answer = (status, value) => {
    res.writeHead(status, { 'content-type': 'application/json' })
    res.end(JSON.stringify(value))
  }
  try {
    if (!ready) answer(503, {})
    else if (req.url === '/ready') answer(200, ready)
    else if (req.url === '/mails') answer(200, mails)
    else if (req.url === '/settle') answer(200, await settle())
    else answer(404, {})
  } catch (err) {
    answer(500, { error: String(err) })
  }
})
control.listen(Number(env.CONTROL_PORT))

const pds = { port: Number(env.PDS_PORT), hostname: 'localhost', enableDidDocWithSession: true, rateLimitsEnabled: env.RATE_LIMITS === '1' }
const plc = { port: Number(env.PLC_PORT) }
network = full
  ? await TestNetwork.create({
      plc,
      pds,
      dbPostgresUrl: env.DB_POSTGRES_URL,
      dbPostgresSchema: 'run',
      bsky: { port: Number(env.BSKY_PORT), publicUrl: `http://localhost:${env.BSKY_PORT}` },
      ozone: { port: Number(env.OZONE_PORT), dbMaterializedViewRefreshIntervalMs: 1_000 },
    })
  : await TestNetworkNoAppView.create({ plc, pds })

network.pds.ctx.mailer.transporter.sendMail = async (m) => {
  mails.push({ to: [m.to].flat().map((a) => a?.address ?? a).join(), subject: m.subject ?? '', text: m.text ?? '', html: m.html ?? '' })
  return { messageId: String(mails.length) }
}

// The app view of the development network follows no labelers, so that it would never see
// a label, which is also what the takedown of a record is. This brings them over.
function followLabels() {
  let seen = 0
  const stream = new Subscription({
    service: network.ozone.url.replace('http', 'ws'),
    method: 'com.atproto.label.subscribeLabels',
    signal: ending.signal,
    validate: (v) => v,
    getParams: () => ({ cursor: seen }),
  })
  const store = async (l) => {
    const row = { src: l.src, uri: l.uri, cid: l.cid ?? '', val: l.val, neg: Boolean(l.neg), cts: l.cts, exp: l.exp ?? null }
    const rows = network.bsky.db.db.insertInto('label').values(row)
    await rows.onConflict((c) => c.columns(['src', 'uri', 'cid', 'val']).doUpdateSet(row)).execute()
  }
  const run = async () => {
    for await (const event of stream) {
      for (const l of event.labels ?? []) await store(l)
      if (event.seq) seen = event.seq
    }
  }
  run().catch((err) => ending.signal.aborted || console.error('labels are not followed', err))
  return { seen: () => seen }
}

// settle returns when the app view and Ozone have seen everything that was done so far.
async function settle() {
  if (!full) return network.pds.processAll().then(() => ({}))
  await network.pds.processAll()
  await network.processFullSubscription(30_000)
  await network.bsky.bsyncSub.processAll(await network.bsync.getStreamHeads(), 30_000)
  const { newest } = await network.ozone.ctx.db.db.selectFrom('label').select((e) => e.fn.max('id').as('newest')).executeTakeFirst()
  for (let tries = 0; labels.seen() < Number(newest ?? 0); tries++) {
    if (tries === 1_000) throw new Error('the labels do not arrive')
    await new Promise((done) => setTimeout(done, 10))
  }
  return {}
}

const told = { plc: network.plc.url, pds: network.pds.url }
if (full) {
  labels = followLabels()
  // A moderator logs in to the PDS, which passes calls on to Ozone.
  const agent = network.pds.getAgent()
  const moderator = { handle: 'moderator.test', email: 'moderator@test.invalid', password: env.MODERATOR_PASSWORD }
  await agent.createAccount(moderator)
  await network.ozone.addAdminDid(agent.session.did)
  Object.assign(told, {
    appView: network.bsky.url,
    appViewDid: network.bsky.serverDid,
    ozone: network.ozone.url,
    ozoneDid: network.ozone.ctx.cfg.service.did,
    moderatorDid: agent.session.did,
  })
}
ready = told

let closing = false
async function stop() {
  if (closing) return
  closing = true
  ending.abort()
  setTimeout(() => process.exit(0), 3_000).unref() // closing waits for polls that take longer
  try {
    await network.close()
  } finally {
    process.exit(0)
  }
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
