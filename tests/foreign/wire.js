// What docs/contract.md says of bytes: canonical JSON, digests, batches, identity text. Written from
// that page, not from the Python.
'use strict'

const crypto = require('node:crypto')
const zlib = require('node:zlib')

const ZEROS = '0'.repeat(64)
const MAX_BATCH_BYTES = 256 * 1024
const MAX_BATCH_ENTRIES = 1024
const MAX_BODY_BYTES = 16 * 1024
const DEFLATE_FROM_BYTES = 1024
const HEX = /^[0-9a-f]{64}$/
const LEDGER = /^[0-9A-Za-z_-]{1,64}$/

// JSON as entries have it: keys sorted, no spaces. JSON.stringify escapes as the contract says.
function canonical (value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const fields = Object.keys(value).sort().filter((key) => value[key] !== undefined)
    return `{${fields.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
  }
  return JSON.stringify(value)
}

// The digest (hex) after an entry.
function nextDigest (hash, previous, body) {
  return crypto.createHash(hash).update(Buffer.from(previous, 'hex')).update(body).digest('hex')
}

function settingsDigest (settings) {
  return crypto.createHash('sha256').update(canonical(settings)).digest('hex')
}

class ContractError extends Error {
  constructor (problem, detail) {
    super(`${problem}: ${detail}`)
    this.problem = problem
    this.detail = detail
  }
}

function malformed (detail) {
  return new ContractError('malformed', detail)
}

// A JSON message of version 1.
function readMessage (bytes) {
  let message
  try {
    message = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (error) {
    throw malformed(error.message.slice(0, 200))
  }
  if (message === null || typeof message !== 'object' || !Number.isInteger(message.v)) {
    throw malformed('no version')
  }
  if (message.v !== 1) throw new ContractError('version', `v is ${message.v}`)
  return message
}

// entries: [{seq, body, digest}]; prev: the digest before the first.
function writeBatch (ledger, entries, prev, { hash = 'sha256', torn = false } = {}) {
  const header = { v: 1, ledger, first: entries[0].seq, count: entries.length, prev }
  header.head = entries[entries.length - 1].digest
  if (hash !== 'sha256') header.hash = hash
  if (torn) header.torn = true
  const lines = [Buffer.from(canonical(header)), ...entries.map((entry) => entry.body)]
  const newline = Buffer.from('\n')
  return Buffer.concat(lines.flatMap((line) => [line, newline]))
}

function readBatch (sent, isDeflated) {
  let plain = sent
  if (sent.length > MAX_BATCH_BYTES) throw malformed('too long')
  if (isDeflated) {
    try {
      plain = zlib.inflateSync(sent, { maxOutputLength: MAX_BATCH_BYTES })
    } catch (error) {
      throw malformed(error.message)
    }
  }
  const lines = []
  let start = 0
  for (let end = plain.indexOf(10); end >= 0; end = plain.indexOf(10, start)) {
    lines.push(plain.subarray(start, end))
    start = end + 1
  }
  if (start !== plain.length || lines.length === 0) throw malformed('the last line is not ended')
  const header = readMessage(lines[0])
  const bodies = lines.slice(1)
  const { ledger, first, count, prev, head } = header
  const hash = header.hash ?? 'sha256'
  if (plain.includes(13)) throw malformed('a carriage return')
  if (!LEDGER.test(ledger) || !HEX.test(prev) || !HEX.test(head)) throw malformed('header')
  if (!['sha256', 'sm3'].includes(hash)) throw malformed('hash')
  if (!Number.isSafeInteger(first) || first < 1) throw malformed('first')
  if (count !== bodies.length || count < 1 || count > MAX_BATCH_ENTRIES) throw malformed('count')
  if ((first === 1) !== (prev === ZEROS)) throw malformed('prev')
  if (first === 1 && header.torn) throw malformed('torn')
  if (bodies.some((body) => body.length === 0 || body.length > MAX_BODY_BYTES)) {
    throw malformed('an entry is empty or too long')
  }
  const digests = []
  let digest = prev
  for (const body of bodies) digests.push(digest = nextDigest(hash, digest, body))
  if (digest !== head) throw malformed('the entries do not lead from prev to head')
  return { ...header, hash, last: first + count - 1, bodies, digests }
}

// --- texts that serve as identity -----------------------------------------------------------------

const REFUSED = /[\u2e80-\u2eff\u31c0-\u31ef\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\uFFFD]/u

function isHanPlane (char) {
  const code = char.codePointAt(0)
  return code >= 0x20000 && code <= 0x3FFFF && (code & 0xFFFE) !== 0xFFFE
}

// The canonical form of a text of at most so many code points; null for one that is refused.
function identityText (text, maxChars) {
  if ([...text].length > 256) return null
  const plain = text
    .replace(/[\p{Default_Ignorable_Code_Point}\u2800]/gu, '')
    .normalize('NFKC')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '')
    .replace(/\p{Zs}+/gu, ' ')
  const chars = [...plain]
  if (chars.length === 0 || chars.length > maxChars) return null
  if (chars.some((char) => REFUSED.test(char) && !isHanPlane(char))) return null
  return plain
}

module.exports = {
  ZEROS,
  MAX_BATCH_BYTES,
  MAX_BATCH_ENTRIES,
  DEFLATE_FROM_BYTES,
  ContractError,
  canonical,
  nextDigest,
  settingsDigest,
  readMessage,
  writeBatch,
  readBatch,
  identityText
}
