// A pad: a ledger in a file, delivered as docs/contract.md says. Written from that page.
//
// node pad.js URL PAD FOLDER [HASH]
// Orders come as JSON lines on stdin, what happens goes as JSON lines to stdout.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const readline = require('node:readline')
const zlib = require('node:zlib')
const mqtt = require('mqtt')
const wire = require('./wire.js')

const [url, pad, folder, hash = 'sha256'] = process.argv.slice(2)
const BIRTH_AGAIN_MS = 400
const NO_RECEIPT_MS = 800
const AFTER_REFUSAL_MS = 700
const RECONNECT_MS = 150
const WINDOW = 4
const BATCH_BYTES = 200 * 1024

const say = (event, fields = {}) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n')
const topic = (name) => `pad/v1/${pad}/${name}`

// --- the ledger: one body a line, synced before it counts -----------------------------------------

class Ledger {
  constructor (file, id) {
    this.id = id
    this.bodies = []
    this.digests = [wire.ZEROS] // after entry n
    this.file = fs.openSync(file, 'a+')
    for (const line of fs.readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
      this._take(Buffer.from(line))
    }
  }

  get head () { return this.bodies.length }

  append (fields) {
    const at = { boot, mono: Math.round(process.uptime() * 1000), trust: 'none', utc: null }
    const body = Buffer.from(wire.canonical({ at, ...fields }))
    if (fields.kind !== 'salvaged' && body.length > 8000) throw new Error('too long to be salvaged')
    fs.writeSync(this.file, Buffer.concat([body, Buffer.from('\n')]))
    fs.fsyncSync(this.file)
    this._take(body)
  }

  _take (body) {
    this.bodies.push(body)
    this.digests.push(wire.nextDigest(hash, this.digests[this.head - 1], body))
  }

  // Entries after a seq, as many as a batch holds.
  after (seq, most = wire.MAX_BATCH_ENTRIES) {
    const found = []
    let bytes = 0
    while (found.length < most && seq + found.length < this.head) {
      const next = seq + found.length
      bytes += this.bodies[next].length + 1
      if (found.length > 0 && bytes > BATCH_BYTES) break
      found.push({ seq: next + 1, body: this.bodies[next], digest: this.digests[next + 1] })
    }
    return found
  }
}

fs.mkdirSync(folder, { recursive: true })
const noteFile = path.join(folder, 'note.json')
const note = fs.existsSync(noteFile)
  ? JSON.parse(fs.readFileSync(noteFile))
  : { boots: 0, ledgers: 1 }
note.boots += 1
const keepNote = () => fs.writeFileSync(noteFile, JSON.stringify(note))
keepNote()
const boot = `boot-${note.boots}`

function openLedger (previous) {
  const id = `JS-${pad}-${note.ledgers}`
  const opened = new Ledger(path.join(folder, `${id}.ndjson`), id)
  if (opened.head === 0) opened.append({ kind: 'opened', ledger: id, pad, hash, format: 1, previous })
  return opened
}

let ledger = openLedger()

// Another history is stored: a new ledger names the old one and carries what had no receipt.
function rollOver () {
  const old = ledger
  note.ledgers += 1
  keepNote()
  ledger = openLedger({ ledger: old.id, reason: 'diverged', seq: old.head, digest: old.digests[old.head] })
  for (let seq = mark + 1; seq <= old.head; seq++) {
    const body = old.bodies[seq - 1].toString()
    ledger.append({ kind: 'salvaged', ledger: old.id, seq, digest: old.digests[seq], body })
  }
  mark = cursor = 0
}

// --- delivery ---------------------------------------------------------------------------------------

let client = null
let session = 0
let answered = false
let mark = 0
let cursor = 0
let timer = null
let alone = false // one batch at a time, after a silence or a refusal
let stopping = false

function state (status) {
  const digest = ledger.digests[ledger.head]
  return { v: 1, pad, status, boots: note.boots, session, ledger: ledger.id, seq: ledger.head, digest }
}

function publish (name, message, options = {}) {
  const payload = Buffer.isBuffer(message) ? message : Buffer.from(JSON.stringify(message))
  client.publish(name, payload, { qos: 1, ...options })
}

function wait (ms, then) {
  clearTimeout(timer)
  timer = setTimeout(then, ms)
}

function connect () {
  session += 1
  answered = false
  client = mqtt.connect(url, {
    protocolVersion: 5,
    clientId: pad,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 5000,
    keepalive: 5,
    will: { topic: topic('up/state'), payload: JSON.stringify(state('lost')), qos: 1, retain: true }
  })
  const mine = client
  client.on('connect', () => {
    const filters = ['down/receipt', 'down/desired', 'down/command'].map(topic)
    mine.subscribe(Object.fromEntries(filters.map((name) => [name, { qos: 1, rap: true }])), (error) => {
      if (error || mine !== client) return
      say('connected', { session })
      publish(topic('up/reported'), reported(), { retain: true })
      birth()
    })
  })
  client.on('message', (name, payload, packet) => { if (mine === client) receive(name, payload, packet) })
  client.on('error', () => {})
  client.on('close', () => {
    if (mine !== client) return
    clearTimeout(timer)
    client = null
    answered = false
    if (!stopping) setTimeout(connect, RECONNECT_MS * (0.5 + Math.random()))
  })
}

function birth () {
  if (client === null) return
  publish(topic('up/state'), state('online'), { retain: true })
  wait(BIRTH_AGAIN_MS, birth)
}

function sendMore () {
  if (!answered || client === null) return
  let inFlight = Math.ceil((cursor - mark) / wire.MAX_BATCH_ENTRIES)
  while (cursor < ledger.head && inFlight < (alone ? 1 : WINDOW)) {
    const entries = ledger.after(cursor)
    send(entries, ledger.digests[cursor])
    cursor += entries.length
    inFlight += 1
  }
  if (cursor > mark) wait(NO_RECEIPT_MS, () => { alone = true; fromMark() })
}

function send (entries, prev) {
  let payload = wire.writeBatch(ledger.id, entries, prev, { hash })
  const properties = {}
  if (payload.length >= wire.DEFLATE_FROM_BYTES) {
    payload = zlib.deflateSync(payload)
    properties.userProperties = { encoding: 'deflate' }
  }
  publish(topic('up/entries'), payload, { properties })
}

function fromMark () {
  cursor = mark
  sendMore()
}

function receive (name, payload, packet) {
  try {
    if (name === topic('down/receipt')) takeReceipt(wire.readMessage(payload))
    else if (name === topic('down/desired')) takeDesired(payload)
    else if (name === topic('down/command')) takeCommand(payload, packet)
  } catch (error) {
    if (!(error instanceof wire.ContractError)) throw error
    say('unread', { topic: name, problem: error.problem })
  }
}

function takeReceipt (receipt) {
  const isMine = receipt.session === `${note.boots}.${session}`
  if (receipt.ledger === '' && receipt.problem) return refused(receipt)
  if (receipt.ledger !== ledger.id) return
  if (receipt.session !== undefined && !isMine) return // the birth of another connection
  if (!answered && !isMine) return // may be older than this connection
  if (receipt.problem && receipt.problem !== 'gap' && receipt.seq === 0) return refused(receipt)
  if (receipt.seq > ledger.head || receipt.digest !== ledger.digests[receipt.seq]) {
    say('diverged', { seq: receipt.seq })
    rollOver()
    answered = false
    return birth()
  }
  if (receipt.problem === 'gap') {
    mark = receipt.seq
    say('gap', { seq: mark })
    return fromMark()
  }
  if (isMine && !receipt.problem && (!answered || cursor === mark)) {
    answered = true
    mark = cursor = receipt.seq
    say('mark', { seq: mark })
  } else if (receipt.seq > mark) {
    mark = receipt.seq
    cursor = Math.max(cursor, mark)
    alone = false
    say('mark', { seq: mark })
  }
  if (receipt.problem) return refused(receipt)
  clearTimeout(timer)
  sendMore()
}

function refused (receipt) {
  say('problem', { problem: receipt.problem, ledger: receipt.ledger, seq: receipt.seq, session: receipt.session })
  alone = true
  wait(AFTER_REFUSAL_MS, answered ? fromMark : birth)
}

// --- configuration and commands -----------------------------------------------------------------------

const settings = { window: '3', invitation_s: 30, grace_s: 3, thanks_s: 4 }
let version = 0

function reported () {
  return { v: 1, version, digest: wire.settingsDigest(settings), settings }
}

function takeDesired (payload) {
  if (payload.length === 0) return
  const desired = wire.readMessage(payload)
  if (desired.version <= version) return
  version = desired.version
  Object.assign(settings, desired.settings)
  ledger.append({ kind: 'configured', version, digest: wire.settingsDigest(settings) })
  publish(topic('up/reported'), reported(), { retain: true })
  sendMore()
}

function takeCommand (payload, packet) {
  const properties = packet.properties ?? {}
  if (packet.retain || properties.messageExpiryInterval === 0) return say('ignored')
  let result
  try {
    const command = wire.readMessage(payload)
    say('command', { order: command.order })
    result = { v: 1, done: true }
  } catch (error) {
    result = { v: 1, done: false, code: error.problem }
  }
  const correlationData = properties.correlationData
  if (properties.responseTopic) publish(properties.responseTopic, result, { properties: { correlationData } })
}

// --- orders of the test -------------------------------------------------------------------------------

const orders = {
  // append `count` entries; quietly: they are not sent by this
  append ({ count = 1, entry, quietly = false }) {
    for (let n = 0; n < count; n++) ledger.append(entry ?? { kind: 'lapsed', invitation: `I${ledger.head}` })
    say('head', { seq: ledger.head, ledger: ledger.id })
    if (!quietly) sendMore()
  },
  // send `count` entries from `first` on, whatever the mark is: a batch that comes twice, or a gap
  send ({ first, count }) {
    send(ledger.after(first - 1, count), ledger.digests[first - 1])
  },
  // publish any payload
  raw ({ hex, deflated, on = 'up/entries' }) {
    const properties = deflated ? { userProperties: { encoding: 'deflate' } } : {}
    publish(topic(on), Buffer.from(hex, 'hex'), { properties })
  },
  stop () {
    stopping = true
    if (client === null) process.exit(0)
    client.publish(topic('up/state'), JSON.stringify(state('stopped')), { qos: 1, retain: true }, () => {
      client.end(false, {}, () => process.exit(0))
    })
  }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line)
  orders[order.do](order)
}).on('close', () => process.exit(0))

say('started', { ledger: ledger.id, head: ledger.head, boots: note.boots })
connect()
