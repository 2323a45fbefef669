// A receiver: stores what pads send in files, as docs/contract.md says. Written from that page.
//
// node receiver.js URL FOLDER
// Orders come as JSON lines on stdin, what happens goes as JSON lines to stdout.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const readline = require('node:readline')
const mqtt = require('mqtt')
const wire = require('./wire.js')

const [url, folder] = process.argv.slice(2)
const RECONNECT_MS = 200

const say = (event, fields = {}) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n')

// --- the store: a file for each ledger, a batch a line, synced before it is receipted ---------------

const ledgers = new Map()

class Ledger {
  constructor (id) {
    this.id = id
    this.pad = null
    this.hash = null
    this.seq = 0
    this.digests = new Map() // after each stored entry
    this.file = fs.openSync(path.join(folder, `${id}.ndjson`), 'a+')
  }

  get digest () { return this.digests.get(this.seq) ?? wire.ZEROS }

  store (pad, hash, first, bodies) {
    const row = { pad, hash, first, bodies: bodies.map((body) => body.toString('base64')) }
    fs.writeSync(this.file, JSON.stringify(row) + '\n')
    fs.fsyncSync(this.file)
  }

  take (pad, hash, first, digests) {
    this.pad = pad
    this.hash = hash
    digests.forEach((digest, n) => this.digests.set(first + n, digest))
    this.seq = first + digests.length - 1
  }
}

fs.mkdirSync(folder, { recursive: true })
for (const name of fs.readdirSync(folder)) {
  const ledger = new Ledger(path.basename(name, '.ndjson'))
  for (const line of fs.readFileSync(path.join(folder, name), 'utf8').split('\n').slice(0, -1)) {
    const { pad, hash, first, bodies } = JSON.parse(line)
    let digest = ledger.digest
    ledger.take(pad, hash, first, bodies.map((body) =>
      (digest = wire.nextDigest(hash, digest, Buffer.from(body, 'base64')))))
  }
  ledgers.set(ledger.id, ledger)
}

// --- what is accepted -------------------------------------------------------------------------------

const refuse = (problem, detail) => ({ problem, detail })

// Store what is new of a batch; the problem of one that is refused.
function takeBatch (pad, batch) {
  const ledger = ledgers.get(batch.ledger)
  const have = ledger?.seq ?? 0
  if (ledger && ledger.pad !== pad) return refuse('foreign', 'the ledger is another pad\'s')
  if (ledger && ledger.hash !== batch.hash) return refuse('chain', 'another hash')
  if (batch.first === 1) {
    let opened
    try {
      opened = JSON.parse(batch.bodies[0])
    } catch {
      opened = {}
    }
    if (opened.kind !== 'opened') return refuse('malformed', 'entry 1 opens no ledger')
    if (opened.pad !== pad) return refuse('foreign', 'opened by another pad')
    if (opened.ledger !== batch.ledger || opened.hash !== batch.hash) return refuse('malformed', 'another ledger')
  }
  if (batch.first > have + 1 && !batch.torn) return refuse('gap', `stored up to ${have}`)
  if (batch.last <= have) {
    const stored = ledger.digests.get(batch.last)
    return stored === undefined || stored === batch.head ? null : refuse('chain', 'another history')
  }
  const known = Math.max(0, have + 1 - batch.first)
  if (batch.first <= have + 1) {
    const meets = known > 0 ? batch.digests[known - 1] : batch.prev
    if (meets !== (ledger?.digest ?? wire.ZEROS)) return refuse('chain', 'another history')
  }
  const into = ledger ?? new Ledger(batch.ledger)
  ledgers.set(batch.ledger, into)
  const first = batch.first + known
  into.store(pad, batch.hash, first, batch.bodies.slice(known))
  into.take(pad, batch.hash, first, batch.digests.slice(known))
  say('stored', { pad, ledger: into.id, seq: into.seq, known })
  return null
}

function receiptOf (id, problem, session) {
  const ledger = problem?.problem === 'foreign' ? undefined : ledgers.get(id)
  return { v: 1, ledger: id, seq: ledger?.seq ?? 0, digest: ledger?.digest ?? wire.ZEROS, session, ...problem }
}

let refusing = null // a problem with which every batch is answered, by order of the test

function answerTo (pad, name, payload, packet) {
  try {
    if (name === 'up/entries') {
      const properties = packet.properties?.userProperties ?? {}
      const batch = wire.readBatch(payload, properties.encoding === 'deflate')
      const problem = refusing ? refuse(refusing, 'as ordered') : takeBatch(pad, batch)
      if (problem) say('refused', { pad, ...problem })
      return receiptOf(batch.ledger, problem)
    }
    if (payload.length === 0) return null
    const message = wire.readMessage(payload)
    say(name.slice('up/'.length), { pad, message, retained: packet.retain })
    if (name !== 'up/state' || message.status !== 'online') return null
    const known = ledgers.get(message.ledger)
    const problem = known && known.pad !== pad ? refuse('foreign', 'the ledger is another pad\'s') : null
    return receiptOf(message.ledger, problem, `${message.boots}.${message.session}`)
  } catch (error) {
    if (!(error instanceof wire.ContractError)) throw error
    say('unread', { pad, topic: name, problem: error.problem, detail: error.detail })
    if (name !== 'up/entries' && name !== 'up/state') return null
    return { v: 1, ledger: '', seq: 0, digest: wire.ZEROS, problem: error.problem, detail: error.detail }
  }
}

// --- the connection -----------------------------------------------------------------------------------

let client = null

function connect () {
  client = mqtt.connect(url, {
    protocolVersion: 5,
    clientId: `foreign-receiver-${process.pid}`,
    clean: true,
    reconnectPeriod: 0,
    keepalive: 5
  })
  const mine = client
  // mqtt.js acknowledges a message when `done` is called: after the commit and the receipt.
  client.handleMessage = (packet, done) => {
    const [, , pad, ...rest] = packet.topic.split('/')
    if (rest[0] === 'answer') {
      say('answer', { pad, message: JSON.parse(packet.payload), correlation: String(packet.properties?.correlationData) })
      return done()
    }
    const receipt = answerTo(pad, rest.join('/'), packet.payload, packet)
    if (receipt === null) return done()
    mine.publish(`pad/v1/${pad}/down/receipt`, JSON.stringify(receipt), { qos: 1 })
    done()
  }
  client.on('connect', () => {
    const filters = ['entries', 'state', 'health', 'reported'].map((name) => `$share/foreign/pad/v1/+/up/${name}`)
    mine.subscribe([...filters, 'pad/v1/+/answer/foreign'], { qos: 1 }, (error) => { if (!error) say('connected') })
  })
  client.on('error', () => {})
  client.on('close', () => setTimeout(connect, RECONNECT_MS))
}

// --- orders of the test -------------------------------------------------------------------------------

const orders = {
  desire ({ pad, version, settings }) {
    client.publish(`pad/v1/${pad}/down/desired`, JSON.stringify({ v: 1, version, settings }), { qos: 1, retain: true })
  },
  command ({ pad, order, correlation, retain = false, expiry_s: messageExpiryInterval }) {
    client.publish(`pad/v1/${pad}/down/command`, JSON.stringify({ v: 1, order, by: 'foreign' }), {
      qos: 1,
      retain,
      properties: {
        responseTopic: `pad/v1/${pad}/answer/foreign`,
        correlationData: Buffer.from(correlation),
        ...(messageExpiryInterval === undefined ? {} : { messageExpiryInterval })
      }
    })
  },
  // Answer every batch with a problem and store nothing; null: store again.
  refuse ({ problem }) {
    refusing = problem
    say('refusing', { problem })
  },
  // Lose a ledger, as a store does that is restored from an old backup.
  forget ({ ledger }) {
    ledgers.delete(ledger)
    fs.unlinkSync(path.join(folder, `${ledger}.ndjson`))
    say('forgotten', { ledger })
  }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line)
  orders[order.do](order)
}).on('close', () => process.exit(0))

say('started', { ledgers: ledgers.size })
connect()
