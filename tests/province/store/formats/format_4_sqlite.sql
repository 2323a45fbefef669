CREATE TABLE ratingpad_alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT ratingpad_alembic_version_pkc PRIMARY KEY (version_num)
)
;;
CREATE TABLE format (
    version BIGINT NOT NULL
)
;;
CREATE TABLE ledger (
    ledger TEXT NOT NULL,
    pad TEXT NOT NULL,
    hash TEXT NOT NULL,
    seq BIGINT NOT NULL,
    digest BLOB NOT NULL,
    entries BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    PRIMARY KEY (ledger)
)
;;
CREATE INDEX ledger_by_pad ON ledger (pad)
;;
CREATE TABLE batch (
    ledger TEXT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    prev BLOB NOT NULL,
    head BLOB NOT NULL,
    marks BLOB NOT NULL,
    body BLOB NOT NULL,
    received_ms BIGINT NOT NULL,
    PRIMARY KEY (ledger, first)
)
;;
CREATE TABLE rating (
    pad TEXT NOT NULL,
    invitation TEXT NOT NULL,
    standing TEXT NOT NULL,
    level TEXT,
    again BOOLEAN NOT NULL,
    elapsed_ms BIGINT,
    source TEXT,
    reason TEXT,
    window_id TEXT,
    clerk TEXT,
    case_number TEXT,
    matter_code TEXT,
    step TEXT,
    desk TEXT,
    channel TEXT,
    invited_ledger TEXT,
    invited_seq BIGINT,
    ledger TEXT NOT NULL,
    seq BIGINT NOT NULL,
    boot TEXT NOT NULL,
    mono_ms BIGINT NOT NULL,
    utc_ms BIGINT,
    dated_by TEXT NOT NULL,
    uncertainty_ms BIGINT,
    PRIMARY KEY (pad, invitation)
)
;;
CREATE INDEX rating_by_boot ON rating (pad, boot) WHERE dated_by IN ('anchor', 'unknown')
;;
CREATE TABLE detail (
    pad TEXT NOT NULL,
    invitation TEXT NOT NULL,
    ledger TEXT NOT NULL,
    seq BIGINT NOT NULL,
    options TEXT NOT NULL,
    remark TEXT,
    PRIMARY KEY (pad, invitation)
)
;;
CREATE TABLE stray (
    pad TEXT NOT NULL,
    ledger TEXT NOT NULL,
    seq BIGINT NOT NULL,
    "key" TEXT NOT NULL,
    state TEXT NOT NULL,
    source TEXT NOT NULL,
    boot TEXT NOT NULL,
    mono_ms BIGINT NOT NULL,
    utc_ms BIGINT,
    dated_by TEXT NOT NULL,
    uncertainty_ms BIGINT,
    PRIMARY KEY (pad, ledger, seq)
)
;;
CREATE INDEX stray_by_boot ON stray (pad, boot) WHERE dated_by IN ('anchor', 'unknown')
;;
CREATE TABLE fault (
    pad TEXT NOT NULL,
    ledger TEXT NOT NULL,
    seq BIGINT NOT NULL,
    cleared BOOLEAN NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    boot TEXT NOT NULL,
    mono_ms BIGINT NOT NULL,
    utc_ms BIGINT,
    dated_by TEXT NOT NULL,
    uncertainty_ms BIGINT,
    PRIMARY KEY (pad, ledger, seq)
)
;;
CREATE INDEX fault_by_boot ON fault (pad, boot) WHERE dated_by IN ('anchor', 'unknown')
;;
CREATE TABLE unread (
    pad TEXT NOT NULL,
    ledger TEXT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (pad, ledger, seq)
)
;;
CREATE TABLE anchor (
    pad TEXT NOT NULL,
    boot TEXT NOT NULL,
    mono_ms BIGINT NOT NULL,
    utc_ms BIGINT NOT NULL,
    uncertainty_ms BIGINT NOT NULL,
    source TEXT NOT NULL,
    ledger TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (pad, boot, ledger, seq)
)
;;
CREATE TABLE salvage (
    pad TEXT NOT NULL,
    ledger TEXT NOT NULL,
    seq BIGINT NOT NULL,
    digest TEXT NOT NULL,
    via_ledger TEXT NOT NULL,
    via_seq BIGINT NOT NULL,
    PRIMARY KEY (pad, ledger, seq, digest)
)
;;
CREATE TABLE opening (
    pad TEXT NOT NULL,
    ledger TEXT NOT NULL,
    previous TEXT NOT NULL,
    reason TEXT NOT NULL,
    previous_seq BIGINT,
    PRIMARY KEY (ledger)
)
;;
CREATE TABLE hole (
    pad TEXT NOT NULL,
    ledger TEXT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    reason TEXT NOT NULL,
    said_by TEXT NOT NULL,
    PRIMARY KEY (pad, ledger, first, last)
)
;;
CREATE TABLE pad (
    pad TEXT NOT NULL,
    status TEXT,
    boots BIGINT,
    session BIGINT,
    ledger TEXT,
    state TEXT,
    health TEXT,
    reported TEXT,
    PRIMARY KEY (pad)
)
;;
CREATE TABLE refusal (
    pad TEXT NOT NULL,
    problem TEXT NOT NULL,
    payload_sha256 BLOB NOT NULL,
    ledger TEXT NOT NULL,
    detail TEXT NOT NULL,
    payload BLOB NOT NULL,
    payload_bytes BIGINT NOT NULL,
    times BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    PRIMARY KEY (pad, problem, payload_sha256)
)
;;
CREATE TABLE incident (
    pad TEXT NOT NULL,
    ledger TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    last_detail TEXT NOT NULL,
    times BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    PRIMARY KEY (pad, ledger, kind)
)
;;
CREATE TRIGGER batch_is_never_updated BEFORE UPDATE ON batch
       BEGIN SELECT RAISE(ABORT, 'raw entries are never changed'); END
;;
CREATE TRIGGER batch_is_never_deleted BEFORE DELETE ON batch
       BEGIN SELECT RAISE(ABORT, 'raw entries are never deleted'); END
;;
CREATE VIEW entry AS
       WITH RECURSIVE line(ledger, seq, body, rest) AS (
         SELECT ledger, first - 1, NULL, body FROM batch
         UNION ALL
         SELECT ledger, seq + 1, substr(rest, 1, instr(rest, x'0a') - 1),
                substr(rest, instr(rest, x'0a') + 1)
         FROM line WHERE length(rest) > 0)
       SELECT ledger, seq, body FROM line WHERE body IS NOT NULL
;;
INSERT INTO ratingpad_alembic_version (version_num) VALUES ('4')
;;
INSERT INTO format (version) VALUES (3)
