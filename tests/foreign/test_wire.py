"""The bytes: what another language makes of the contract's golden files."""

import json
import subprocess

import pytest

from tests.rigs.foreign.foreign_end import SOURCES
from tests.rigs.sync import golden_values as goldens

pytestmark = pytest.mark.node

SCRIPT = """
const fs = require('node:fs')
const wire = require(process.argv[1])
const { lines, settings, bodies, hashes, texts, deflated } = JSON.parse(fs.readFileSync(0))
const chain = (hash) => {
  let digest = wire.ZEROS
  return bodies.map((body) => (digest = wire.nextDigest(hash, digest, Buffer.from(body))))
}
const batch = wire.readBatch(Buffer.from(deflated, 'hex'), true)
const entries = batch.bodies.map((body, n) => ({ seq: n + 1, body, digest: batch.digests[n] }))
console.log(JSON.stringify({
  lines: lines.map((line) => wire.canonical(JSON.parse(line))),
  settings: wire.settingsDigest(settings),
  digests: hashes.map(chain),
  texts: texts.map(({ text, max_chars: most }) => wire.identityText(text, most)),
  batch: wire.writeBatch(batch.ledger, entries, wire.ZEROS).toString()
}))
"""


def test_another_language_makes_the_same_bytes_digests_and_texts() -> None:
    lines = [
        line.decode()
        for name in ("entries.txt", "messages.txt")
        for line in goldens.golden_lines(name).values()
    ]
    bodies = [line.decode() for line in goldens.golden_lines("entries.txt").values()]
    texts = json.loads((goldens.FOLDER / "identity-text.json").read_text("utf-8"))
    asked = {
        "lines": lines,
        "settings": {"window": "3", "thanks_s": 4, "grace_s": 3, "invitation_s": 30},
        "bodies": bodies,
        "hashes": ["sha256", "sm3"],
        "texts": texts,
        "deflated": "".join((goldens.FOLDER / "batch-deflated.hex").read_text().split()),
    }
    done = subprocess.run(
        ["node", "-e", SCRIPT, str(SOURCES / "wire.js")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["lines"] == lines
    assert found["batch"].encode() == (goldens.FOLDER / "batch.ndjson").read_bytes()
    for name, digests in zip(asked["hashes"], found["digests"], strict=True):
        golden = goldens.golden_lines(f"digests-{name}.txt").values()
        assert digests == [digest.decode() for digest in golden]
    assert [(row["why"], text) for row, text in zip(texts, found["texts"], strict=True)] == [
        (row["why"], row["canonical"]) for row in texts
    ]
    assert f"`{found['settings']}`" in (SOURCES.parents[1] / "docs/contract.md").read_text("utf-8")
